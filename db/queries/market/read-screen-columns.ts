import type { Sql } from "../../client.ts";

/** Columns of the fact, and so of the marts on it, that are numbers to sort and filter by. */
const stored = [
  "close_price",
  "open_price",
  "high_price",
  "low_price",
  "volume_weighted_average_price",
  "total_return_close",
  "price_change_1d",
  "return_1d",
  "return_5d",
  "return_21d",
  "return_63d",
  "return_252d",
  "moving_avg_20d",
  "moving_avg_50d",
  "moving_avg_120d",
  "moving_avg_200d",
  "volatility_20d",
  "volatility_60d",
  "daily_price_range",
  "atr_14",
  "bollinger_upper_20d",
  "bollinger_lower_20d",
  "rsi_14",
  "high_252d",
  "low_252d",
  "distance_from_high_252d",
  "distance_from_low_252d",
  "drawdown_252d",
  "volume",
  "avg_volume_20d",
  "volume_ratio_20d",
  "dollar_volume",
  "transactions",
] as const;

type StoredColumn = (typeof stored)[number];

/**
 * How far one column is above another, as a fraction of it. A third is null where nothing is known: who has not traded for a year makes no
 * high of one, here as in the market's breadth.
 */
const ratios = {
  distance_from_avg_20d: ["close_price", "moving_avg_20d"],
  distance_from_avg_50d: ["close_price", "moving_avg_50d"],
  distance_from_avg_120d: ["close_price", "moving_avg_120d"],
  distance_from_avg_200d: ["close_price", "moving_avg_200d"],
  session_high_to_high_252d: ["high_price", "high_252d", "return_252d"],
  session_low_to_low_252d: ["low_price", "low_252d", "return_252d"],
} as const satisfies Record<string, readonly [StoredColumn, StoredColumn, StoredColumn?]>;

type RatioColumn = keyof typeof ratios;

/** One of the numbers that a screen can show, sort and filter by. Nothing else ever names a column in its SQL. */
export type IndicatorColumn = StoredColumn | RatioColumn;

const isRatio = (column: IndicatorColumn): column is RatioColumn => column in ratios;

/** Every indicator, whether the published tables have it or not. */
export const indicatorColumns: readonly IndicatorColumn[] = [...stored, ...(Object.keys(ratios) as RatioColumn[])];

/** Whether a text is an indicator's name. */
export const isIndicator = (text: string): text is IndicatorColumn =>
  (indicatorColumns as readonly string[]).includes(text);

/** The expression of an indicator over rows called `bars`. */
export function indicatorExpression(sql: Sql, column: IndicatorColumn) {
  if (!isRatio(column)) return sql`bars.${sql(column)}`;
  const [part, whole, known = part] = ratios[column];
  return sql`case when bars.${sql(known)} is not null then bars.${sql(part)} / nullif(bars.${sql(whole)}, 0) - 1 end`;
}

/**
 * The values of some indicators in one array, to be read as JSON: the driver takes a null in it for NaN. Numerics as they are: to make
 * floats of them takes longer than all else, and only the rows of a page need it.
 */
export function valuesOf(sql: Sql, columns: readonly IndicatorColumn[]) {
  const list = columns.flatMap((column, index) => [index > 0 ? sql`,` : sql``, indicatorExpression(sql, column)]);
  return sql`array[${list.length > 0 ? list : sql``}]::numeric[]`;
}

/** The columns of the table that an indicator is worked out of. */
export const partsOf = (column: IndicatorColumn): readonly string[] => (isRatio(column) ? ratios[column] : [column]);

/** The published tables that screens and market pages read; a build of an earlier version may lack some. */
export const martTables = {
  facts: "fct_polygon__stock_bars_performance",
  latest: "fct_polygon__latest_session",
  breadth: "fct_polygon__market_breadth_daily",
  tickers: "dim_tickers",
} as const;

/** The names of the columns of each of these tables of `public`; none of a table that is not there. */
export async function selectMartColumns(sql: Sql, tables: readonly string[]): Promise<Map<string, Set<string>>> {
  const rows = await sql<{ table: string; columns: string[] }[]>`
    select wanted.name as table, array_agg(attributes.attname::text) as columns
    from unnest(${tables as string[]}::text[]) as wanted (name)
    inner join pg_attribute as attributes on attributes.attrelid = to_regclass('public.' || quote_ident(wanted.name))
    where attributes.attnum > 0 and not attributes.attisdropped
    group by wanted.name`;
  return new Map(rows.map(({ table, columns }) => [table, new Set(columns)]));
}

/** The indicators that a table with these columns can tell. */
export const indicatorsIn = (columns: ReadonlySet<string>): IndicatorColumn[] =>
  indicatorColumns.filter((column) => partsOf(column).every((part) => columns.has(part)));
