import type { ResultColumn } from "../../../db/console/cursor.ts";

const numbers = new Set(["smallint", "integer", "bigint", "numeric", "real", "double precision", "oid"]);

export const isNumber = ({ type }: ResultColumn): boolean => numbers.has(type);
export const isDate = ({ type }: ResultColumn): boolean => type === "date" || type.startsWith("timestamp");
export const isText = ({ type }: ResultColumn): boolean => /^(text|character|name|"char")/.test(type);

/** A number where JavaScript has one that is written alike; what it cannot hold stays the text that PostgreSQL writes. */
export function toValue(column: ResultColumn, value: string | null): string | number | boolean | null {
  if (value === null) return null;
  if (column.type === "boolean") return value === "true";
  if (!isNumber(column)) return value;
  const number = Number(value);
  const isWhole = /^-?\d+$/.test(value);
  return Number.isFinite(number) && (!isWhole || Number.isSafeInteger(number)) ? number : value;
}
