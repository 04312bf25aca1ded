/** What templates compute with: Python's values as Jinja2 sees them. Whole numbers are JS numbers; see `Float` for the others. */
export type Value = null | boolean | number | string | Float | Undefined | Value[] | Dict | Callable | Thing;

export type Dict = Map<Value, Value>;
export type Keywords = Map<string, Value>;
export type Callable = { call(args: Value[], keywords: Keywords): Value };

/** A number that Python would hold as a float: it prints with a point, and division makes one. */
export class Float {
  constructor(readonly value: number) {}
}

/** What a name or attribute that is not there gives; refused where its value is needed. */
export class Undefined {
  constructor(
    readonly name: string,
    /** Prints nothing, as Jinja2 has it for `a if b` without an else. */
    readonly silent = false,
  ) {}
}

/** A list that cannot change and prints in parentheses. */
export class Tuple extends Array<Value> {}

/** What an object can be besides its attributes. */
export type ThingOptions = {
  /** How it prints; without it, as Python prints an object. */
  text?: string;
  /** What is to happen at an attribute that it has not; Undefined where left out. */
  missing?: (name: string) => Value;
  /** What a `for` finds in it, and an index. */
  list?: Value[];
  /** What a call of it does. */
  call?: Callable["call"];
};

/** An object with attributes: a relation, a module, a namespace. */
export class Thing {
  readonly attributes: Map<string, Value>;

  constructor(
    readonly label: string,
    attributes: Map<string, Value> | Record<string, Value>,
    readonly options: ThingOptions = {},
  ) {
    this.attributes = attributes instanceof Map ? attributes : new Map(Object.entries(attributes));
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
  return typeof value === "object" && value !== null && "call" in value ? value.call : undefined;
}
export const isDict = (value: Value): value is Dict => value instanceof Map;
export const isNumber = (value: Value): value is number | Float => typeof value === "number" || value instanceof Float;
export const numberOf = (value: Value): number =>
  value instanceof Float
    ? value.value
    : typeof value === "number"
      ? value
      : typeof value === "boolean"
        ? Number(value)
        : fail(`${repr(value)} is no number`);

/** A function for templates. */
export const callable = (call: (args: Value[], keywords: Keywords) => Value): Callable => ({ call });

/** Python's truth: nothing, zero and what is empty are false. */
export function isTrue(value: Value): boolean {
  if (value instanceof Float) return value.value !== 0;
  if (value instanceof Undefined) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (isDict(value)) return value.size > 0;
  if (value instanceof Thing && value.options.list) return value.options.list.length > 0;
  return Boolean(value);
}

/** As `{{ value }}` prints it. */
export function str(value: Value): string {
  if (typeof value === "string") return value;
  if (value instanceof Undefined) return value.silent ? "" : fail(`'${value.name}' is not defined`);
  if (value instanceof Thing) return value.options.text ?? `<${value.label}>`;
  return repr(value);
}

const floatText = (value: number) => (Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : String(value));

/** As Python shows it inside a list. */
export function repr(value: Value): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") {
    const mark = value.includes("'") && !value.includes('"') ? '"' : "'";
    return mark + value.replaceAll("\\", "\\\\").replaceAll(mark, `\\${mark}`).replaceAll("\n", "\\n") + mark;
  }
  if (value instanceof Float) return floatText(value.value);
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Tuple) return `(${value.map(repr).join(", ")}${value.length === 1 ? "," : ""})`;
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  if (isDict(value)) return `{${[...value].map(([key, item]) => `${repr(key)}: ${repr(item)}`).join(", ")}}`;
  if (value instanceof Thing) {
    return value.options.text === undefined ? `<${value.label}>` : repr(value.options.text);
  }
  return "<function>";
}

export function equals(left: Value, right: Value): boolean {
  if (isNumeric(left) && isNumeric(right)) return numberOf(left) === numberOf(right);
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => equals(item, right[index] ?? null));
  }
  if (isDict(left) && isDict(right)) {
    return left.size === right.size && [...left].every(([key, item]) => equals(item, right.get(key) ?? null));
  }
  if (left instanceof Thing && right instanceof Thing && left.options.text !== undefined) {
    return left.options.text === right.options.text;
  }
  return left === right;
}

const isNumeric = (value: Value) => isNumber(value) || typeof value === "boolean";

/** Below zero where `left` comes first; refuses what Python does not order. */
export function compare(left: Value, right: Value): number {
  if (isNumeric(left) && isNumeric(right)) return numberOf(left) - numberOf(right);
  if (typeof left === "string" && typeof right === "string") return left < right ? -1 : left > right ? 1 : 0;
  if (Array.isArray(left) && Array.isArray(right)) {
    for (const [index, item] of left.entries()) {
      const other = right[index];
      if (other === undefined) return 1;
      const order = compare(item, other);
      if (order !== 0) return order;
    }
    return left.length - right.length;
  }
  return fail(`${repr(left)} and ${repr(right)} have no order`);
}

/** What a `for` goes through: items, a dict's keys, a text's characters. */
export function items(value: Value): Value[] {
  if (Array.isArray(value)) return [...value];
  if (isDict(value)) return [...value.keys()];
  if (typeof value === "string") return [...value];
  if (value instanceof Undefined) return fail(`'${value.name}' is not defined`);
  if (value instanceof Thing && value.options.list) return [...value.options.list];
  return fail(`${repr(value)} cannot be gone through`);
}

export function contains(container: Value, item: Value): boolean {
  if (typeof container === "string") return container.includes(str(item));
  if (isDict(container)) return container.has(item);
  return items(container).some((entry) => equals(entry, item));
}

/** A value of YAML or of our own as templates see it. */
export function fromPlain(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isInteger(value) ? value : new Float(value);
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(fromPlain);
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object") {
    return new Map(Object.entries(value).map(([key, item]): [Value, Value] => [key, fromPlain(item)]));
  }
  return String(value);
}

/** The way back, for what a template says of its config. */
export function toPlain(value: Value): unknown {
  if (value instanceof Float) return value.value;
  if (value instanceof Undefined) return undefined;
  if (Array.isArray(value)) return Array.from(value, toPlain);
  if (isDict(value)) return Object.fromEntries([...value].map(([key, item]) => [str(key), toPlain(item)]));
  if (value instanceof Thing) return str(value);
  if (typeof value === "function" || (typeof value === "object" && value !== null)) return "<function>";
  return value;
}
