import { DecimalTooNarrowError } from "./columns.ts";

/** What of PostgreSQL's binary `numeric` a decimal is written from: 16-bit groups of four digits, most significant first. */
const groupBase = 10_000;
const groupDigits = 4;
const headerBytes = 8;
const negativeSign = 0x40;
const specialSign = 0xc0;
const powers = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const wordBase = 2 ** 32;

const uint16 = (bytes: Uint8Array, at: number) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

export type DecimalPlace = { words: Int32Array; row: number; wordsPerValue: 2 | 4 };
export type DecimalColumn = { name: string; precision: number; scale: number };

/**
 * Writes the `numeric` at `at` into `place` as a whole number of units of the column's scale, in 32-bit words of two's complement.
 * Throws {@link DecimalTooNarrowError} where it does not fit: nothing is rounded.
 */
export function writeDecimal(bytes: Uint8Array, at: number, column: DecimalColumn, place: DecimalPlace): void {
  const groups = uint16(bytes, at);
  const weight = (uint16(bytes, at + 2) << 16) >> 16;
  const sign = bytes[at + 4] ?? 0;
  if (sign >= specialSign) throw new RangeError(`${column.name} has a value that is no number, or infinite.`);
  const exponent = groupDigits * (weight - groups + 1) + column.scale;
  let value = 0;
  for (let group = 0; group < groups; group += 1)
    value = value * groupBase + uint16(bytes, at + headerBytes + 2 * group);
  // As far as doubles are exact; few values need more.
  const power = powers[Math.abs(exponent)];
  const scaled = power === undefined ? Number.NaN : exponent >= 0 ? value * power : value / power;
  if (value <= Number.MAX_SAFE_INTEGER && scaled <= Number.MAX_SAFE_INTEGER && Number.isInteger(scaled)) {
    if (column.precision < powers.length && scaled >= (powers[column.precision] ?? 0))
      throw tooNarrow(bytes, at, column);
    writeSmall(sign === negativeSign ? -scaled : scaled, place);
    return;
  }
  writeLarge(bytes, at, column, place);
}

function writeSmall(value: number, { words, row, wordsPerValue }: DecimalPlace): void {
  const start = row * wordsPerValue;
  const high = Math.floor(value / wordBase);
  words[start] = value - high * wordBase;
  words[start + 1] = high;
  if (wordsPerValue === 2) return;
  words[start + 2] = value < 0 ? -1 : 0;
  words[start + 3] = value < 0 ? -1 : 0;
}

function writeLarge(bytes: Uint8Array, at: number, column: DecimalColumn, place: DecimalPlace): void {
  const { unscaled, exponent } = readExactly(bytes, at);
  const shift = exponent + column.scale;
  const divisor = 10n ** BigInt(Math.max(-shift, 0));
  const value = shift >= 0 ? unscaled * 10n ** BigInt(shift) : unscaled / divisor;
  const size = value < 0n ? -value : value;
  if (unscaled % divisor !== 0n || size >= 10n ** BigInt(column.precision)) throw tooNarrow(bytes, at, column);
  const { words, row, wordsPerValue } = place;
  for (let word = 0; word < wordsPerValue; word += 1)
    words[row * wordsPerValue + word] = Number(BigInt.asIntN(32, value >> BigInt(32 * word)));
}

/** The number as `unscaled` times ten to the power of `exponent`. */
function readExactly(bytes: Uint8Array, at: number): { unscaled: bigint; exponent: number } {
  const groups = uint16(bytes, at);
  const weight = (uint16(bytes, at + 2) << 16) >> 16;
  let unscaled = 0n;
  for (let group = 0; group < groups; group += 1)
    unscaled = unscaled * BigInt(groupBase) + BigInt(uint16(bytes, at + headerBytes + 2 * group));
  if (bytes[at + 4] === negativeSign) unscaled = -unscaled;
  return { unscaled, exponent: groupDigits * (weight - groups + 1) };
}

function tooNarrow(bytes: Uint8Array, at: number, { name }: DecimalColumn): DecimalTooNarrowError {
  const { unscaled, exponent } = readExactly(bytes, at);
  const text = String(unscaled < 0n ? -unscaled : unscaled);
  const trimmed = text.replace(/0+$/, "");
  const scale = Math.max(0, -(exponent + text.length - trimmed.length));
  return new DecimalTooNarrowError(name, Math.max(0, text.length + exponent), scale);
}
