import { Decimal, digitsOf, rescale } from "./decimal.ts";
import { repr } from "./text.ts";
import { Float, fail, NativeValue, typeOf, Undefined, type Value } from "./values.ts";

export type Whole = number | bigint;

export const isWhole = (value: Value | undefined): value is Whole | boolean =>
  typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
export const isNumber = (value: Value | undefined): value is Whole | boolean | Float | Decimal =>
  isWhole(value) || value instanceof Float || value instanceof Decimal;

/** A whole number in the one form that it has here. */
export function whole(value: bigint): Whole {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** A number as JavaScript calculates with it, for counts, widths and the like. */
export function numberOf(value: Value): number {
  if (value instanceof Float) return value.value;
  if (value instanceof Decimal) return value.toNumber();
  if (value instanceof Undefined) return fail(`'${value.name}' is not defined`);
  return isWhole(value) ? Number(value) : fail(`${repr(value)} is no number`);
}

/** A whole number, as an index, a count or a width has to be. */
export function countOf(value: Value, what: string): number {
  return isWhole(value) ? Number(value) : fail(`${what} has to be a whole number, not a ${typeOf(value)}`);
}

/** Python's `left operator right` between numbers; undefined where the two have none. */
export function calculate(operator: string, left: Value, right: Value): Value | undefined {
  if (left instanceof Float || right instanceof Float) {
    const fits = (value: Value) => isWhole(value) || value instanceof Float;
    return fits(left) && fits(right) ? calculateFloat(operator, numberOf(left), numberOf(right)) : undefined;
  }
  return isWhole(left) && isWhole(right) ? calculateWhole(operator, BigInt(left), BigInt(right)) : undefined;
}

const floor = (a: bigint, b: bigint) => (a % b !== 0n && a < 0n !== b < 0n ? a / b - 1n : a / b);

function calculateWhole(operator: string, a: bigint, b: bigint): Value | undefined {
  if (b === 0n && ["/", "//", "%"].includes(operator)) return fail("division by zero");
  switch (operator) {
    case "+":
      return whole(a + b);
    case "-":
      return whole(a - b);
    case "*":
      return whole(a * b);
    case "/":
      return new Float(divide(a, b));
    case "//":
      return whole(floor(a, b));
    case "%":
      return whole(a - b * floor(a, b));
    case "**":
      if (b < 0n) return calculateFloat(operator, Number(a), Number(b));
      if (b > 10_000n && a !== 0n && a !== 1n && a !== -1n) return fail(`${a} ** ${b} is too large`);
      return whole(a ** b);
    default:
      return undefined;
  }
}

/** The float nearest to a quotient, however large both are. */
function divide(a: bigint, b: bigint): number {
  const safe = (value: bigint) => typeof whole(value) === "number";
  if (safe(a) && safe(b)) return Number(a) / Number(b);
  const [top, bottom] = [a < 0n ? -a : a, b < 0n ? -b : b];
  // Sixty-six bits of it or more, the last set where anything is left over: then it is rounded once, and rightly.
  const shift = Math.max(0, bottom.toString(2).length - top.toString(2).length + 66);
  const scaled = top << BigInt(shift);
  const bits = (scaled / bottom) | (scaled % bottom === 0n ? 0n : 1n);
  return ((a < 0n !== b < 0n ? -1 : 1) * Number(bits)) / 2 ** shift;
}

function calculateFloat(operator: string, a: number, b: number): Value | undefined {
  if (b === 0 && ["/", "//", "%"].includes(operator)) return fail("division by zero");
  switch (operator) {
    case "+":
      return new Float(a + b);
    case "-":
      return new Float(a - b);
    case "*":
      return new Float(a * b);
    case "/":
      return new Float(a / b);
    case "//":
      return new Float(Math.round((a - modulo(a, b)) / b));
    case "%":
      return new Float(modulo(a, b));
    case "**":
      return raise(a, b);
    default:
      return undefined;
  }
}

/** With the sign of what it is divided by. */
function modulo(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

function raise(a: number, b: number): Value {
  if (a === 0 && b < 0) return fail("0 cannot be raised to a negative power");
  if (a < 0 && !Number.isInteger(b)) return fail("a complex number is not supported");
  const value = a ** b;
  return Number.isFinite(value) || !Number.isFinite(a) ? new Float(value) : fail(`${a} ** ${b} is too large`);
}

/** A float rounded half to even by its exact value, as Python's round(). */
function roundFloat(value: number, places: number): number {
  // Beyond what a double can hold apart.
  if (!Number.isFinite(value) || places > 323) return value;
  const { coefficient, exponent } = digitsOf(value);
  if (exponent >= -places) return value;
  const rounded = rescale({ coefficient, exponent }, -places);
  const result = Number(`${rounded.coefficient}e${rounded.exponent}`);
  return Object.is(value, -0) || (value < 0 && result === 0) ? -0 : result;
}

/** Python's round(value, places). */
export function round(value: Value, places: number): Value {
  if (value instanceof Float) return new Float(roundFloat(value.value, places));
  if (value instanceof Decimal) return value.rounded(places);
  if (!isWhole(value)) return fail(`${repr(value)} cannot be rounded`);
  if (places >= 0) return whole(BigInt(value));
  const { coefficient, exponent } = rescale({ coefficient: BigInt(value), exponent: 0 }, -places);
  return whole(coefficient * 10n ** BigInt(exponent));
}

const digitValue = (letter: string) => Number.parseInt(letter, 36);

/** Python's int(text, base); undefined where it is none. */
export function parseWhole(text: string, base: number): Whole | undefined {
  if (base !== 0 && (base < 2 || base > 36)) return undefined;
  const [, sign, prefix = "", figures = ""] =
    /^([-+]?)(0[xob])?_?([0-9a-z]+(?:_[0-9a-z]+)*)$/i.exec(text.trim().replace(/[٠-٩]/g, "?")) ?? [];
  if (figures === "") return undefined;
  const prefixed = { "0x": 16, "0o": 8, "0b": 2 }[prefix.toLowerCase()];
  const read = (digits: string, by: number) => {
    let value = 0n;
    for (const letter of digits.replaceAll("_", "").toLowerCase()) {
      if (digitValue(letter) >= by) return undefined;
      value = value * BigInt(by) + BigInt(digitValue(letter));
    }
    return whole(sign === "-" ? -value : value);
  };
  if (base === 0 && prefixed === undefined) return /^0+[1-9]/.test(figures) ? undefined : read(figures, 10);
  if (prefixed !== undefined && (base === 0 || base === prefixed)) return read(figures, prefixed);
  // A prefix may be figures of the base: 0b1 in base 16.
  return read(prefix + figures, base);
}

/** Python's float(text); undefined where it is none. */
export function parseFloatText(text: string): number | undefined {
  const plain = text.trim().toLowerCase();
  const special = /^([-+]?)(inf|infinity|nan)$/.exec(plain);
  if (special) return special[2] === "nan" ? Number.NaN : special[1] === "-" ? -Infinity : Infinity;
  const digits = String.raw`\d(?:_?\d)*`;
  const pattern = new RegExp(`^[-+]?(?:${digits}\\.?(?:${digits})?|\\.${digits})(?:e[-+]?${digits})?$`);
  return pattern.test(plain) ? Number(plain.replaceAll("_", "")) : undefined;
}

/** `-value` and `+value`. */
export function signed(operator: "-" | "+", value: Value): Value {
  const minus = operator === "-";
  if (value instanceof Float) return minus ? new Float(-value.value) : value;
  if (value instanceof Decimal) return minus ? value.negated() : value;
  if (isWhole(value)) return whole(minus ? -BigInt(value) : BigInt(value));
  const own = value instanceof NativeValue ? value.operate("*", minus ? -1 : 1, false) : undefined;
  return own ?? (value instanceof Undefined ? numberOf(value) : fail(`${operator}${repr(value)} has no meaning`));
}
