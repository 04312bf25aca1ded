import { Dict, Float, NativeValue, Undefined, type Value } from "./values.ts";

/** Python's truth: nothing, zero and what is empty are false. */
export function isTrue(value: Value): boolean {
  if (value instanceof Float) return value.value !== 0;
  if (value instanceof Undefined) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Dict) return value.size > 0;
  return value instanceof NativeValue ? value.isTrue() : Boolean(value);
}
