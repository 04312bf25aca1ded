import { countOf } from "./numbers.ts";
import { equals } from "./order.ts";
import { characters, lengthOf, repr } from "./text.ts";
import { Dict, fail, hashOf, NativeValue, Tuple, tuple, typeOf, Undefined, type Value } from "./values.ts";

/** What a `for` goes through: items, a dict's keys, a text's characters. A list that grows meanwhile is gone through to its new end. */
export function iterate(value: Value): Iterable<Value> {
  if (Array.isArray(value)) return value;
  if (value instanceof Dict) return [...value.keys()];
  if (typeof value === "string") return characters(value);
  if (value instanceof Undefined) return value.refused ? fail(`'${value.name}' is not defined`) : [];
  const found = value instanceof NativeValue ? value.iterate() : undefined;
  return found ?? fail(`${repr(value)} cannot be gone through, as it is a ${typeOf(value)}`);
}

export const items = (value: Value): Value[] => [...iterate(value)];

export function isIterable(value: Value): boolean {
  if (value instanceof NativeValue) return value.iterate() !== undefined;
  return typeof value === "string" || Array.isArray(value) || value instanceof Dict || value instanceof Undefined;
}

/** Python's len(); undefined where there is none. */
export function sizeOf(value: Value): number | undefined {
  if (Array.isArray(value)) return value.length;
  if (value instanceof Dict) return value.size;
  if (typeof value === "string") return lengthOf(value);
  if (value instanceof Undefined) return value.refused ? fail(`'${value.name}' is not defined`) : 0;
  return value instanceof NativeValue ? value.length : undefined;
}

export function contains(container: Value, item: Value): boolean {
  if (typeof container === "string") {
    return typeof item === "string" ? container.includes(item) : fail(`a ${typeOf(item)} cannot be in a text`);
  }
  if (container instanceof Dict) {
    hashOf(item);
    return container.has(item);
  }
  const own = container instanceof NativeValue ? container.contains(item) : undefined;
  if (own !== undefined) return own;
  for (const entry of iterate(container)) if (equals(entry, item)) return true;
  return false;
}

/** What can be gone through once, one by one as it is asked for: what `map`, `select` and `zip` give. */
export class Iterator extends NativeValue {
  readonly #source: globalThis.Iterator<Value>;

  constructor(
    readonly type: string,
    source: Iterable<Value>,
  ) {
    super();
    this.#source = source[Symbol.iterator]();
  }

  repr(): string {
    return fail(`a ${this.type} is printed by its address in memory; put | list after it`);
  }
  override isTrue() {
    return true;
  }
  override iterate(): Iterable<Value> {
    const source = this.#source;
    // Not the generator itself: leaving a loop would close it, and Python goes on where it was.
    return { [Symbol.iterator]: () => ({ next: () => source.next() }) };
  }
}

/** Where a slice begins and ends in so many items, and its step. */
export function bounds(length: number, start: Value, stop: Value, step: Value): [number, number, number] {
  const by = step === null ? 1 : countOf(step, "the step of a slice");
  if (by === 0) return fail("a slice needs a step that is not zero");
  const bound = (value: Value, missing: number) => {
    if (value === null) return missing;
    const index = countOf(value, "the bound of a slice");
    const from = index < 0 ? index + length : index;
    return by > 0 ? Math.min(Math.max(from, 0), length) : Math.min(Math.max(from, -1), length - 1);
  };
  return [bound(start, by > 0 ? 0 : length - 1), bound(stop, by > 0 ? length : -1), by];
}

/** Python's range: it prints as such, and holds no item. */
export class Range extends NativeValue {
  readonly type = "range";

  constructor(
    readonly start: number,
    readonly stop: number,
    readonly step: number,
  ) {
    super();
  }

  override get length() {
    return Math.max(0, Math.ceil((this.stop - this.start) / this.step));
  }
  repr() {
    return `range(${this.start}, ${this.stop}${this.step === 1 ? "" : `, ${this.step}`})`;
  }
  override iterate() {
    return Array.from({ length: this.length }, (_, index) => this.start + index * this.step);
  }
  override item(key: Value) {
    return typeof key === "number" ? this.iterate().at(key) : undefined;
  }
  override slice(start: Value, stop: Value, step: Value) {
    const [from, to, by] = bounds(this.length, start, stop, step);
    return new Range(this.start + from * this.step, this.start + to * this.step, this.step * by);
  }
  override equals(other: Value) {
    return other instanceof Range && equals(this.iterate(), other.iterate());
  }
  override hash() {
    return `range ${this.iterate().join()}`;
  }
}

/** What keys(), values() and items() give: it follows its dict. */
export class View extends NativeValue {
  constructor(
    readonly type: "dict_keys" | "dict_values" | "dict_items",
    readonly of: Dict,
  ) {
    super();
  }

  override get length() {
    return this.of.size;
  }
  override iterate(): Value[] {
    if (this.type === "dict_keys") return [...this.of.keys()];
    return this.type === "dict_values" ? [...this.of.values()] : [...this.of].map(tuple);
  }
  repr() {
    return `${this.type}(${repr(this.iterate())})`;
  }
  override equals(other: Value) {
    if (this.type === "dict_values") return this === other;
    return (other instanceof View || other instanceof PythonSet) && equals(toSet(this), toSet(other));
  }
  override operate(operator: string, other: Value, onTheRight: boolean) {
    return this.type === "dict_values" ? undefined : toSet(this).operate(operator, other, onTheRight);
  }
}

const toSet = (value: Value) => new PythonSet(iterate(value));

/** Python's set. It is gone through in the order in which it was filled, where Python has one of its own. */
export class PythonSet extends NativeValue {
  readonly type = "set";
  readonly values = new Dict();

  constructor(from: Iterable<Value>) {
    super();
    for (const value of from) this.add(value);
  }

  add(value: Value): void {
    hashOf(value);
    this.values.set(value, null);
  }
  override get length() {
    return this.values.size;
  }
  repr() {
    return this.values.size === 0 ? "set()" : `{${this.iterate().map(repr).join(", ")}}`;
  }
  override iterate(): Value[] {
    const found = [...this.values.keys()];
    // Small whole numbers stand in their order in Python's too.
    return found.every((value) => typeof value === "number") ? found.sort((a, b) => a - b) : found;
  }
  override contains(item: Value) {
    hashOf(item);
    return this.values.has(item);
  }
  override equals(other: Value) {
    return (
      other instanceof PythonSet && other.length === this.length && this.iterate().every((item) => other.contains(item))
    );
  }
  /** How much is in both decides: subsets come first, and what only overlaps has no order. */
  override compare(other: Value) {
    if (!(other instanceof PythonSet)) return undefined;
    if (this.equals(other)) return 0;
    if (this.iterate().every((item) => other.contains(item))) return -1;
    return other.iterate().every((item) => this.contains(item)) ? 1 : Number.NaN;
  }
  override operate(operator: string, other: Value, onTheRight: boolean) {
    if (operator !== "-" || !(other instanceof PythonSet || other instanceof View)) return undefined;
    const [left, right] = onTheRight ? [toSet(other), this] : [this, toSet(other)];
    return new PythonSet(left.iterate().filter((item) => !right.contains(item)));
  }
}

/** A list or a tuple, as its source was one. */
export const alike = (source: Value[], values: Value[]): Value => (source instanceof Tuple ? tuple(values) : values);
