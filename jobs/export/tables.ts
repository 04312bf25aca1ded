import type { RelationColumn } from "../../db/queries/market/read-export.ts";
import { type ColumnType, longestDecimalDigits, type ParquetColumn, shortDecimalDigits } from "../parquet/columns.ts";

/** What is exported: nothing, the published marts and dimensions, or the raw bars too. */
export const exportModes = ["off", "marts", "all"] as const;
export type ExportMode = (typeof exportModes)[number];

/** A table as it is exported: in files by the year of a date, or whole; in an order that makes row groups worth skipping. */
export type ExportTable = {
  name: string;
  of: "marts" | "raw";
  yearOf: string | null;
  order: readonly string[];
};

/** Columns that are notes between builds and no data: a full refresh begins them anew. */
const notes = new Set(["breadth_changed_at"]);

export const exportTables: readonly ExportTable[] = [
  {
    name: "fct_polygon__stock_bars_performance",
    of: "marts",
    yearOf: "trade_date",
    order: ["ticker", "trade_date"],
  },
  { name: "fct_polygon__month_ends", of: "marts", yearOf: "trade_date", order: ["ticker", "trade_date"] },
  { name: "fct_polygon__market_breadth_daily", of: "marts", yearOf: "trade_date", order: ["trade_date"] },
  { name: "fct_polygon__latest_session", of: "marts", yearOf: null, order: ["ticker"] },
  { name: "dim_tickers", of: "marts", yearOf: null, order: ["ticker"] },
  { name: "dim_securities", of: "marts", yearOf: null, order: ["security_id"] },
  { name: "dim_ticker_periods", of: "marts", yearOf: null, order: ["ticker", "valid_from", "security_id"] },
  { name: "source_polygon_stock_bars_daily", of: "raw", yearOf: "trade_date", order: ["ticker", "trade_date"] },
];

export const tablesOf = (mode: ExportMode): readonly ExportTable[] =>
  exportTables.filter(({ of }) => mode === "all" || (mode === "marts" && of === "marts"));

/** How a column is asked of PostgreSQL, and what it is in the file. */
export type ExportColumn = ParquetColumn & { cast: "bigint" | "text" | "double precision" | null };

/** Prices and volumes have no limit; a split's ratio makes them longer. Twelve digits after the point hold what the models round to. */
const usualDecimal: ColumnType = { kind: "decimal", precision: longestDecimalDigits, scale: 12 };
/** A ratio has all the digits of a division. */
const ratio: ColumnType = { kind: "decimal", precision: longestDecimalDigits, scale: 20 };
/** Fractions, to the ten decimals that the models round to, and averages to eight. Both go in eight bytes. */
const shortScales: readonly [RegExp, number][] = [
  [/^(return_|median_return|volatility_|distance_from_|drawdown_)/, 10],
  [/^(moving_avg_|bollinger_|atr_|rsi_|volume_ratio_|share_above_)/, 8],
];

/** The columns of a relation as they are exported. What was widened before stays so: `before` are the types of then. */
export function exportColumns(
  found: readonly RelationColumn[],
  before: ReadonlyMap<string, ColumnType>,
): ExportColumn[] {
  return found
    .filter(({ name }) => !notes.has(name))
    .map((column) => {
      const { type, cast } = typeOf(column);
      const known = before.get(column.name);
      const { name, description } = column;
      return {
        name,
        description,
        cast,
        type: known?.kind === "decimal" && type.kind === "decimal" ? wider(type, known) : type,
      };
    });
}

type Decimal = Extract<ColumnType, { kind: "decimal" }>;

const wider = (one: Decimal, other: Decimal): Decimal =>
  other.scale >= one.scale && other.precision >= one.precision ? other : one;

function typeOf({ name, type, precision, scale }: RelationColumn): Pick<ExportColumn, "type" | "cast"> {
  switch (type) {
    case "text":
      return { type: { kind: "text" }, cast: null };
    case "date":
      return { type: { kind: "date" }, cast: null };
    case "timestamp with time zone":
      return { type: { kind: "timestamp" }, cast: null };
    case "boolean":
      return { type: { kind: "boolean" }, cast: null };
    case "bigint":
      return { type: { kind: "bigint" }, cast: null };
    case "integer":
    case "smallint":
      return { type: { kind: "bigint" }, cast: "bigint" };
    case "double precision":
      return { type: { kind: "double" }, cast: null };
    case "real":
      return { type: { kind: "double" }, cast: "double precision" };
    case "numeric":
      return { type: decimalOf(name, precision, scale), cast: null };
    default:
      return { type: { kind: "text" }, cast: "text" };
  }
}

function decimalOf(name: string, precision: number | null, scale: number | null): ColumnType {
  if (precision !== null && scale !== null && precision <= longestDecimalDigits && scale <= precision && scale >= 0)
    return { kind: "decimal", precision, scale };
  if (name === "split_factor") return ratio;
  const short = shortScales.find(([pattern]) => pattern.test(name));
  return short ? { kind: "decimal", precision: shortDecimalDigits, scale: short[1] } : usualDecimal;
}
