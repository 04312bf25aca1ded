import { isWhole } from "./numbers.ts";
import { repr } from "./text.ts";
import { Dict, Float, fail, NativeValue, Tuple, typeOf, Undefined, type Value } from "./values.ts";

const isPlainNumber = (value: Value) => isWhole(value) || value instanceof Float;
const sameKind = (left: Value[], right: Value[]) => left instanceof Tuple === right instanceof Tuple;

/** Below zero where the left one is smaller; whole numbers of any size are compared with floats exactly. */
function comparePlain(left: Value, right: Value): number {
  const plain = (value: Value) =>
    value instanceof Float ? value.value : typeof value === "boolean" ? Number(value) : value;
  const [a, b] = [plain(left) as number | bigint, plain(right) as number | bigint];
  return a < b ? -1 : a > b ? 1 : a <= b ? 0 : Number.NaN;
}

/** Python's `==`. */
export function equals(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (isPlainNumber(left) && isPlainNumber(right)) return comparePlain(left, right) === 0;
  if (left instanceof NativeValue) return left.equals(right);
  if (right instanceof NativeValue) return right.equals(left);
  if (Array.isArray(left) && Array.isArray(right)) {
    return (
      sameKind(left, right) &&
      left.length === right.length &&
      left.every((item, index) => equals(item, right[index] ?? null))
    );
  }
  if (left instanceof Dict && right instanceof Dict) {
    return (
      left.size === right.size &&
      [...left].every(([key, item]) => right.has(key) && equals(item, right.get(key) ?? null))
    );
  }
  return left instanceof Undefined && right instanceof Undefined;
}

/** Below zero where `left` comes first; refuses what Python does not order. */
export function compare(left: Value, right: Value): number {
  if (isPlainNumber(left) && isPlainNumber(right)) return comparePlain(left, right);
  if (typeof left === "string" && typeof right === "string") return compareTexts(left, right);
  if (Array.isArray(left) && Array.isArray(right) && sameKind(left, right)) {
    for (const [index, item] of left.entries()) {
      const other = right[index];
      if (other === undefined) return 1;
      if (!equals(item, other)) return compare(item, other);
    }
    return left.length - right.length;
  }
  const order =
    left instanceof NativeValue
      ? left.compare(right)
      : right instanceof NativeValue
        ? negated(right.compare(left))
        : undefined;
  if (order !== undefined) return order;
  for (const side of [left, right]) if (side instanceof Undefined) return fail(`'${side.name}' is not defined`);
  return fail(`${repr(left)} and ${repr(right)} have no order: ${typeOf(left)} and ${typeOf(right)}`);
}

const negated = (order: number | undefined) => (order === undefined ? undefined : -order);

/** By code points, as Python has it; JavaScript's own order is that of halves of characters. */
function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  if (!/[\ud800-\uffff]/.test(left + right)) return left < right ? -1 : 1;
  const [a, b] = [[...left], [...right]];
  const at = a.findIndex((letter, index) => letter !== b[index]);
  if (at < 0) return -1;
  return (a[at]?.codePointAt(0) ?? 0) - (b[at]?.codePointAt(0) ?? -1);
}
