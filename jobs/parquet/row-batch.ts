import type { ParquetColumn } from "./columns.ts";
import { decimalWords, writeDecimal } from "./decimal.ts";

/** Days and microseconds from 1970, where Parquet begins to count, to 2000, where PostgreSQL does. */
const epochDays = 10_957;
const epochMicroseconds = epochDays * 86_400_000_000;
const wordBase = 2 ** 32;
const infiniteHigh = [0x7fffffff, -0x80000000];
const infiniteDays = infiniteHigh;
const textBytesPerRow = 16;

/** Some thousand rows, column by column, in the layout of Arrow. */
export type RowBatch = { columns: ColumnValues[]; rows: number };

/** `values` are words of 32 bits, but of texts their bytes; texts end where `ends` says. A bit of `valid` is a value that is there. */
export type ColumnValues = {
  column: ParquetColumn;
  valid: Uint8Array;
  nulls: number;
  words: Int32Array;
  ends: Int32Array;
  bytes: Uint8Array;
  write(row: number, bytes: Uint8Array, at: number, length: number): boolean;
};

/** Makes an empty batch of at most `capacity` rows. */
export const createBatch = (columns: readonly ParquetColumn[], capacity: number): RowBatch => ({
  columns: columns.map((column) => createValues(column, capacity)),
  rows: 0,
});

/** Empties a batch for the next rows; what was read of it is overwritten. */
export function clearBatch(batch: RowBatch): void {
  batch.rows = 0;
  for (const values of batch.columns) {
    values.valid.fill(0);
    values.nulls = 0;
  }
}

const int32 = (bytes: Uint8Array, at: number) =>
  ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);

/** Adds a row in the binary format of COPY, beginning with its count of fields. */
export function addRow(batch: RowBatch, bytes: Uint8Array): void {
  const row = batch.rows;
  let at = 2;
  for (const values of batch.columns) {
    const length = int32(bytes, at);
    at += 4;
    if (length >= 0 && values.write(row, bytes, at, length)) {
      const byte = row >> 3;
      values.valid[byte] = (values.valid[byte] ?? 0) | (1 << (row & 7));
    } else {
      values.nulls += 1;
      if (values.ends.length > 0) values.ends[row + 1] = values.ends[row] ?? 0;
    }
    if (length > 0) at += length;
  }
  batch.rows = row + 1;
}

function createValues(column: ParquetColumn, capacity: number): ColumnValues {
  const { type } = column;
  const isText = type.kind === "text";
  const words = new Int32Array(isText ? 0 : capacity * wordsOf(column));
  const values: ColumnValues = {
    ...{ column, valid: new Uint8Array((capacity + 7) >> 3), nulls: 0, words },
    ends: new Int32Array(isText ? capacity + 1 : 0),
    bytes: new Uint8Array(isText ? capacity * textBytesPerRow : 0),
    write: () => false,
  };
  values.write = createWrite(values);
  return values;
}

/** How many words of 32 bits a value takes. */
function wordsOf({ type }: ParquetColumn): number {
  if (type.kind === "date" || type.kind === "boolean") return 1;
  return type.kind === "decimal" ? decimalWords : 2;
}

function createWrite(values: ColumnValues): ColumnValues["write"] {
  const { column, words } = values;
  const { name, type } = column;
  switch (type.kind) {
    case "text":
      return (row, bytes, at, length) => writeText(values, row, bytes, at, length);
    case "decimal": {
      const decimal = { name, precision: type.precision, scale: type.scale };
      return (row, bytes, at) => {
        writeDecimal(bytes, at, decimal, words, row * decimalWords);
        return true;
      };
    }
    case "date":
      return (row, bytes, at) => {
        const days = int32(bytes, at);
        words[row] = days + epochDays;
        // Parquet knows no infinity.
        return !infiniteDays.includes(days);
      };
    case "timestamp":
      return (row, bytes, at) => writeInstant(words, row, int32(bytes, at), int32(bytes, at + 4));
    case "bigint":
    case "double":
      return (row, bytes, at) => {
        words[2 * row] = int32(bytes, at + 4);
        words[2 * row + 1] = int32(bytes, at);
        return true;
      };
    case "boolean":
      return (row, bytes, at) => {
        words[row] = bytes[at] ?? 0;
        return true;
      };
    default:
      return type satisfies never;
  }
}

function writeText(values: ColumnValues, row: number, bytes: Uint8Array, at: number, length: number): true {
  const from = values.ends[row] ?? 0;
  const to = from + length;
  if (to > values.bytes.length) {
    const larger = new Uint8Array(Math.max(to, values.bytes.length * 2));
    larger.set(values.bytes);
    values.bytes = larger;
  }
  // Most are short: a view of each, to copy it at once, would cost several times as much.
  for (let byte = 0; byte < length; byte += 1) values.bytes[from + byte] = bytes[at + byte] ?? 0;
  values.ends[row + 1] = to;
  return true;
}

/** Microseconds of PostgreSQL are exact in a double until the year 2285. */
function writeInstant(words: Int32Array, row: number, high: number, low: number): boolean {
  const moved = high * wordBase + (low >>> 0) + epochMicroseconds;
  const highWord = Math.floor(moved / wordBase);
  words[2 * row] = moved - highWord * wordBase;
  words[2 * row + 1] = highWord;
  return !infiniteHigh.includes(high);
}
