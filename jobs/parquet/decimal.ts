import { DecimalTooNarrowError } from "./columns.ts";

/** What of PostgreSQL's binary `numeric` a decimal is written from: 16-bit groups of four digits, most significant first, none of zero at either end. */
const groupBase = 10_000;
const groupDigits = 4;
const headerBytes = 8;
const negativeSign = 0x40;
const specialSign = 0xc0;
const powers = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const wordBase = 2 ** 32;
/** Ten to the power of it, times a word, is exact in a double. */
const digitsAtOnce = 6;

/** How many words of 32 bits a decimal takes, which is Arrow's only width of them. */
export const decimalWords = 4;

const uint16 = (bytes: Uint8Array, at: number) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
const int16 = (bytes: Uint8Array, at: number) => (uint16(bytes, at) << 16) >> 16;
const powerOf = (exponent: number) => powers[exponent] ?? Number.NaN;

export type DecimalColumn = { name: string; precision: number; scale: number };

/**
 * Writes the `numeric` at `at` into `words` from `start` as a whole number of units of the column's scale, in two's complement.
 * Throws {@link DecimalTooNarrowError} where it does not fit: nothing is rounded.
 */
export function writeDecimal(
  bytes: Uint8Array,
  at: number,
  column: DecimalColumn,
  words: Int32Array,
  start: number,
): void {
  const groups = uint16(bytes, at);
  const sign = bytes[at + 4] ?? 0;
  if (sign >= specialSign) throw new RangeError(`${column.name} has a value that is no number, or infinite.`);
  // Zero has no groups.
  const exponent = groups === 0 ? 0 : groupDigits * (int16(bytes, at + 2) - groups + 1) + column.scale;
  let value = 0;
  for (let group = 0; group < groups; group += 1)
    value = value * groupBase + uint16(bytes, at + headerBytes + 2 * group);
  if (groups > 0 && !fits(bytes, at, exponent, column.precision)) throw tooNarrow(bytes, at, column);
  const scaled = exponent >= 0 ? value * powerOf(exponent) : value / powerOf(-exponent);
  // As far as doubles are exact; few values need more.
  if (value <= Number.MAX_SAFE_INTEGER && scaled <= Number.MAX_SAFE_INTEGER) {
    writeSmall(scaled, words, start);
  } else {
    if (value <= Number.MAX_SAFE_INTEGER) writeSmall(value, words, start);
    else writeGroups(bytes, at, exponent, words, start);
    shift(exponent, words, start);
  }
  if (sign === negativeSign) negate(words, start);
}

/** Whether a value that is not zero has no more digits than `precision`, and none below the scale. */
function fits(bytes: Uint8Array, at: number, exponent: number, precision: number): boolean {
  const groups = uint16(bytes, at);
  const first = uint16(bytes, at + headerBytes);
  if (digitsOf(first) + groupDigits * (groups - 1) + exponent > precision) return false;
  return exponent >= 0 || (-exponent < groupDigits && lastGroup(bytes, at) % powerOf(-exponent) === 0);
}

const lastGroup = (bytes: Uint8Array, at: number) => uint16(bytes, at + headerBytes + 2 * (uint16(bytes, at) - 1));

const digitsOf = (group: number): number => (group < 10 ? 1 : group < 100 ? 2 : group < 1000 ? 3 : groupDigits);

function writeSmall(value: number, words: Int32Array, start: number): void {
  words[start] = value;
  words[start + 1] = Math.floor(value / wordBase);
  words[start + 2] = 0;
  words[start + 3] = 0;
}

/** Writes all groups of a value that fits but the last, and then what of the last lies above the scale. */
function writeGroups(bytes: Uint8Array, at: number, exponent: number, words: Int32Array, start: number): void {
  writeSmall(0, words, start);
  const groups = uint16(bytes, at);
  for (let group = 0; group < groups - 1; group += 1)
    multiplyAdd(words, start, groupBase, uint16(bytes, at + headerBytes + 2 * group));
  const below = Math.max(-exponent, 0);
  multiplyAdd(words, start, powerOf(groupDigits - below), lastGroup(bytes, at) / powerOf(below));
}

/** Multiplies by ten to the power of `exponent`. */
function shift(exponent: number, words: Int32Array, start: number): void {
  for (let left = exponent; left > 0; left -= digitsAtOnce)
    multiplyAdd(words, start, powerOf(Math.min(left, digitsAtOnce)), 0);
}

function multiplyAdd(words: Int32Array, start: number, factor: number, summand: number): void {
  let carry = summand;
  for (let word = start; word < start + decimalWords; word += 1) {
    const product = ((words[word] ?? 0) >>> 0) * factor + carry;
    carry = Math.floor(product / wordBase);
    words[word] = product - carry * wordBase;
  }
}

function negate(words: Int32Array, start: number): void {
  let carry = 1;
  for (let word = start; word < start + decimalWords; word += 1) {
    const inverse = ~(words[word] ?? 0) + carry;
    words[word] = inverse;
    if (carry === 1 && words[word] !== 0) carry = 0;
  }
}

function tooNarrow(bytes: Uint8Array, at: number, { name }: DecimalColumn): DecimalTooNarrowError {
  const weight = int16(bytes, at + 2);
  const last = lastGroup(bytes, at);
  const zeros = [1000, 100, 10].findIndex((power) => last % power === 0);
  const digits = digitsOf(uint16(bytes, at + headerBytes)) + groupDigits * weight;
  const scale = groupDigits * (uint16(bytes, at) - 1 - weight) - (zeros < 0 ? 0 : 3 - zeros);
  return new DecimalTooNarrowError(name, Math.max(0, digits), Math.max(0, scale));
}
