import type { ColumnType } from "../../../jobs/parquet/columns.ts";
import { millisecondsOf, type TableRow, type TableValue } from "./table.ts";

/** PostgreSQL counts from the year 2000. */
const firstMs = Date.UTC(2000, 0, 1);
const dayMs = 86_400_000;
/** A number takes no more of them with its length, and a text no more for each of its letters. */
const bytesPerNumber = 24;
const bytesPerLetter = 3;

/**
 * Makes what writes a row as PostgreSQL's binary COPY has it, which the writer of Parquet reads: rows that are copied, and rows that were computed, go
 * one way. The bytes are good until the next row.
 */
export function createRowBytes(kinds: readonly ColumnType["kind"][]): (row: TableRow) => Uint8Array {
  const encoder = new TextEncoder();
  let bytes = new Uint8Array(4096);
  let view = new DataView(bytes.buffer);
  let at = 0;

  const reserve = (more: number) => {
    if (at + more <= bytes.length) return;
    const larger = new Uint8Array(Math.max(at + more, bytes.length * 2));
    larger.set(bytes);
    bytes = larger;
    view = new DataView(bytes.buffer);
  };
  const writers: Record<ColumnType["kind"], (value: Exclude<TableValue, null>) => number | null> = {
    text(value) {
      return encoder.encodeInto(String(value), bytes.subarray(at + 4)).written;
    },
    boolean(value) {
      bytes[at + 4] = value === true ? 1 : 0;
      return 1;
    },
    bigint(value) {
      view.setBigInt64(at + 4, BigInt(value));
      return 8;
    },
    double(value) {
      view.setFloat64(at + 4, Number(value));
      return 8;
    },
    date(value) {
      const days = (millisecondsOf(String(value)) - firstMs) / dayMs;
      if (!Number.isInteger(days)) return null;
      view.setInt32(at + 4, days);
      return 4;
    },
    timestamp(value) {
      const milliseconds = millisecondsOf(String(value));
      if (Number.isNaN(milliseconds)) return null;
      view.setBigInt64(at + 4, BigInt(milliseconds - firstMs) * 1000n + BigInt(microsecondsOf(String(value))));
      return 8;
    },
    decimal: (value) => writeNumeric(String(value), view, at + 4),
  };
  return (row) => {
    at = 2;
    for (const [index, kind] of kinds.entries()) {
      const value = row[index] ?? null;
      reserve(bytesPerNumber + bytesPerLetter * (typeof value === "string" ? value.length : bytesPerNumber));
      const length = value === null ? null : writers[kind](value);
      view.setInt32(at, length ?? -1);
      at += 4 + (length ?? 0);
    }
    return bytes.subarray(0, at);
  };
}

/** What of a second a clock of milliseconds leaves out. */
const microsecondsOf = (text: string): number => Number(/\.\d{3}(\d{1,3})/.exec(text)?.[1]?.padEnd(3, "0") ?? 0);

const groupDigits = 4;
const negative = 0x4000;

/** A decimal's text in groups of four digits. Null where it is no number. */
function writeNumeric(text: string, view: DataView, at: number): number | null {
  const [, sign, whole = "", part = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (sign === undefined) return null;
  const before = Math.ceil(whole.length / groupDigits);
  const after = Math.ceil(part.length / groupDigits);
  const digits = whole.padStart(before * groupDigits, "0") + part.padEnd(after * groupDigits, "0");
  view.setInt16(at, before + after);
  view.setInt16(at + 2, before - 1);
  view.setUint16(at + 4, sign === "-" ? negative : 0);
  view.setUint16(at + 6, part.length);
  for (let group = 0; group < before + after; group += 1)
    view.setUint16(at + 8 + 2 * group, Number(digits.slice(group * groupDigits, (group + 1) * groupDigits)));
  return 8 + 2 * (before + after);
}
