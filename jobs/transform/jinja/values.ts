/** What templates compute with: Python's values as Jinja2 sees them. A whole number is a JS number as long as that holds it exactly. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Float
  | Undefined
  | Value[]
  | Dict
  | Callable
  | NativeValue;

export type Keywords = Map<string, Value>;
export type Callable = { call(args: Value[], keywords: Keywords): Value };

/** A number that Python would hold as a float: it prints with a point, and division makes one. */
export class Float {
  constructor(readonly value: number) {}
}

/** What a name or attribute that is not there gives. It prints nothing and is empty, unless it is refused. */
export class Undefined {
  constructor(
    readonly name: string,
    /** In our own models dbt's silence would hide a mistake: there its value may not be used. */
    readonly refused = false,
    /** While a file is only parsed, what is looked for in it and a call of it are undefined too. */
    readonly chained = false,
  ) {}
}

/** A list that cannot change and prints in parentheses. */
export class Tuple extends Array<Value> {}

export const tuple = (values: Iterable<Value>): Tuple => Tuple.from<Value>(values) as Tuple;

/** Python's dict: keys that are equal are one key, of whatever kind of number. */
export class Dict extends Map<Value, Value> {
  /** The key that stands for all equal to it, by what they have in common. */
  readonly #known = new Map<string, Value>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    super();
    for (const [key, value] of entries) this.set(key, value);
  }

  #find(key: Value): Value {
    return typeof key === "string" ? key : (this.#known.get(hashOf(key)) ?? key);
  }

  override get(key: Value): Value | undefined {
    return super.get(this.#find(key));
  }

  override has(key: Value): boolean {
    return super.has(this.#find(key));
  }

  override set(key: Value, value: Value): this {
    const found = this.#find(key);
    if (typeof found !== "string" && !super.has(found)) this.#known.set(hashOf(found), found);
    return super.set(found, value);
  }

  override delete(key: Value): boolean {
    const found = this.#find(key);
    if (typeof found !== "string") this.#known.delete(hashOf(found));
    return super.delete(found);
  }

  override clear(): void {
    this.#known.clear();
    super.clear();
  }
}

/** A dict that prints with its type, as Python's OrderedDict does. */
export class OrderedDict extends Dict {}

/** A value that knows by itself what it can do; what it leaves out it cannot. */
export abstract class NativeValue {
  /** Python's name of its type, for messages. */
  abstract readonly type: string;

  /** As it stands inside a list. */
  abstract repr(): string;
  /** As `{{ value }}` prints it. */
  str(): string {
    return this.repr();
  }
  isTrue(): boolean {
    return this.length === undefined || this.length > 0;
  }
  /** How many it holds; undefined where Python has no len() of it. */
  get length(): number | undefined {
    return undefined;
  }
  attribute(_name: string): Value | undefined {
    return undefined;
  }
  item(_key: Value): Value | undefined {
    return undefined;
  }
  slice(_start: Value, _stop: Value, _step: Value): Value | undefined {
    return undefined;
  }
  /** What a `for` goes through; undefined where it cannot. */
  iterate(): Iterable<Value> | undefined {
    return undefined;
  }
  contains(_item: Value): boolean | undefined {
    return undefined;
  }
  equals(other: Value): boolean {
    return this === other;
  }
  /** Below zero where it comes before `other`; undefined where they have no order. */
  compare(_other: Value): number | undefined {
    return undefined;
  }
  /** `this operator other`, or `other operator this` where it stands on the right; undefined where that has no meaning. */
  operate(_operator: string, _other: Value, _onTheRight: boolean): Value | undefined {
    return undefined;
  }
  /** What dict() takes of it, where it has keys. */
  entries?(): [Value, Value][];
  /** What a call of it does, where it can be called. */
  call?(args: Value[], keywords: Keywords): Value;
  /** What all values equal to it share; undefined where it cannot be a key. */
  hash(): string | undefined {
    return undefined;
  }
  /** What `format()` makes of it with a specification. */
  format(specification: string): string {
    return specification === "" ? this.str() : fail(`a ${this.type} knows no format '${specification}'`);
  }
}

/** What an object can be besides its attributes. */
export type ThingOptions = {
  /** How it prints; without it, as Python prints an object. */
  text?: string;
  /** What is to happen at an attribute that it has not; Undefined where left out. */
  missing?: (name: string) => Value;
  /** What a `for` finds in it, and an index. */
  list?: Value[];
  /** Whether it is a mapping to the test of that name. */
  mapping?: boolean;
  /** What a call of it does. */
  call?: Callable["call"];
};

/** An object with attributes: a relation, a module, a namespace. */
export class Thing extends NativeValue {
  readonly attributes: Map<string, Value>;

  constructor(
    readonly label: string,
    attributes: Map<string, Value> | Record<string, Value>,
    readonly options: ThingOptions = {},
  ) {
    super();
    this.attributes = attributes instanceof Map ? attributes : new Map(Object.entries(attributes));
  }

  get type() {
    return this.label;
  }
  override get length() {
    return this.options.list?.length;
  }
  repr() {
    return this.options.text ?? `<${this.label}>`;
  }
  override attribute(name: string) {
    return this.attributes.has(name) ? this.attributes.get(name) : this.options.missing?.(name);
  }
  override item(key: Value) {
    const { list } = this.options;
    if (typeof key === "number" && list) return list.at(key);
    return typeof key === "string" ? this.attributes.get(key) : undefined;
  }
  override iterate() {
    return this.options.list;
  }
  override equals(other: Value) {
    if (!(other instanceof Thing) || this.options.text === undefined) return this === other;
    return this.options.text === other.options.text;
  }
  override hash() {
    return this.options.text === undefined ? undefined : `${this.label} ${this.options.text}`;
  }
}

/** What is wrong with a template, before it is known where. */
export class TemplateFault extends Error {}

export const fail = (message: string): never => {
  throw new TemplateFault(message);
};

/** The call that a value answers to, if it does. */
export function callOf(value: Value): Callable["call"] | undefined {
  if (value instanceof Thing) return value.options.call;
  if (value instanceof NativeValue) return value.call && ((args, keywords) => value.call?.(args, keywords) ?? null);
  return typeof value === "object" && value !== null && "call" in value ? value.call : undefined;
}

export const isDict = (value: Value | undefined): value is Dict => value instanceof Dict;

/** A function for templates that looks at its arguments by itself; see `define` for one that names them. */
export const callable = (call: (args: Value[], keywords: Keywords) => Value): Callable => ({ call });

/** Python's names of types, for messages. */
export function typeOf(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number" || typeof value === "bigint") return "int";
  if (typeof value === "string") return "str";
  if (value instanceof Float) return "float";
  if (value instanceof Undefined) return "undefined value";
  if (value instanceof Tuple) return "tuple";
  if (Array.isArray(value)) return "list";
  if (value instanceof Dict) return "dict";
  return value instanceof NativeValue ? value.type : "function";
}

/** What all values that are equal to this one share, as a key of a dict or in a set. */
export function hashOf(value: Value): string {
  if (value === null) return "None";
  if (typeof value === "string") return `'${value}`;
  if (typeof value === "boolean") return String(Number(value));
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (value instanceof Float) return Number.isInteger(value.value) ? String(BigInt(value.value)) : `${value.value}`;
  if (value instanceof Tuple) return `(${value.map(hashOf).join(",")})`;
  if (value instanceof Undefined) return "undefined";
  const hash = value instanceof NativeValue ? value.hash() : undefined;
  return hash ?? fail(`a ${typeOf(value)} cannot be a key, as it can change`);
}
