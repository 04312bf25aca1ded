/** What a column's values are. A decimal has `precision` digits in all and `scale` after the point, as in SQL; 38 digits at the most. */
export type ColumnType =
  | { kind: "text" | "date" | "timestamp" | "bigint" | "boolean" | "double" }
  | { kind: "decimal"; precision: number; scale: number };

/** A column of a Parquet file. `timestamp` is an instant, in microseconds of UTC. */
export type ParquetColumn = { name: string; type: ColumnType; description: string };

/** Decimals of more digits take sixteen bytes instead of eight. */
export const shortDecimalDigits = 18;
export const longestDecimalDigits = 38;

/** The type as SQL and the readers of Parquet write it. */
export const nameOfType = (type: ColumnType): string =>
  type.kind === "decimal" ? `decimal(${type.precision},${type.scale})` : type.kind;

/** A value that a decimal column cannot hold exactly; `digits` and `scale` are what it would take. */
export class DecimalTooNarrowError extends Error {
  override readonly name = "DecimalTooNarrowError";
  constructor(
    readonly column: string,
    readonly digits: number,
    readonly scale: number,
  ) {
    super(`A value of ${column} takes ${digits} digits before and ${scale} after the point.`);
  }
}

/** The type that holds this value as well; undefined where none does. Digits before the point give way where both do not fit. */
export function widen(
  type: ColumnType,
  needed: Pick<DecimalTooNarrowError, "digits" | "scale">,
): ColumnType | undefined {
  if (type.kind !== "decimal") return undefined;
  const scale = Math.max(type.scale, needed.scale);
  if (needed.digits + scale > longestDecimalDigits) return undefined;
  const all = Math.max(type.precision - type.scale, needed.digits) + scale;
  const precision = all <= shortDecimalDigits ? all : longestDecimalDigits;
  return precision === type.precision && scale === type.scale ? undefined : { kind: "decimal", precision, scale };
}
