import { Iterator, PythonSet, Range, View } from "./collections.ts";
import { Decimal } from "./decimal.ts";
import { Markup } from "./markup.ts";
import { whole } from "./numbers.ts";
import { str } from "./text.ts";
import { Dict, Float, NativeValue, Undefined, type Value } from "./values.ts";

/** A value of YAML or of our own as templates see it. */
export function fromPlain(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isInteger(value) ? value : new Float(value);
  if (typeof value === "bigint") return whole(value);
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (value instanceof Float || value instanceof NativeValue) return value;
  if (Array.isArray(value)) return value.map(fromPlain);
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object") {
    return new Dict(Object.entries(value).map(([key, item]): [Value, Value] => [key, fromPlain(item)]));
  }
  return String(value);
}

/** The way back, for what a template says of its config. */
export function toPlain(value: Value): unknown {
  if (value instanceof Float) return value.value;
  if (value instanceof Undefined) return undefined;
  if (Array.isArray(value)) return Array.from(value, toPlain);
  if (value instanceof Dict) return Object.fromEntries([...value].map(([key, item]) => [str(key), toPlain(item)]));
  if (value instanceof PythonSet || value instanceof View || value instanceof Range || value instanceof Iterator) {
    return Array.from(value.iterate() ?? [], toPlain);
  }
  if (value instanceof Decimal) return value.toNumber();
  if (value instanceof Markup || value instanceof NativeValue) return value.str();
  return typeof value === "object" && value !== null ? "<function>" : value;
}
