import type { Sql } from "../../client.ts";
import { type IndicatorColumn, indicatorExpression } from "./read-screen-columns.ts";
import { type Holder, isHeldBy } from "./read-securities.ts";

/** Columns that are dollars a share, and so change with the shares that they are told in. */
const perShare: ReadonlySet<IndicatorColumn> = new Set<IndicatorColumn>([
  "open_price",
  "high_price",
  "low_price",
  "close_price",
  "volume_weighted_average_price",
  "total_return_close",
  "price_change_1d",
  "moving_avg_20d",
  "moving_avg_50d",
  "moving_avg_120d",
  "moving_avg_200d",
  "daily_price_range",
  "atr_14",
  "bollinger_upper_20d",
  "bollinger_lower_20d",
  "high_252d",
  "low_252d",
]);
const shares: ReadonlySet<IndicatorColumn> = new Set<IndicatorColumn>(["volume", "avg_volume_20d"]);

function expressionOf(sql: Sql, column: IndicatorColumn, isAdjusted: boolean) {
  const value = indicatorExpression(sql, column);
  if (!isAdjusted && perShare.has(column)) return sql`(${value}) / bars.split_factor`;
  if (!isAdjusted && shares.has(column)) return sql`(${value}) * bars.split_factor`;
  return value;
}

/** Sessions with a value for each column that was asked for; null where there is none. */
export type SeriesRow = [date: string, ...values: (number | null)[]];

/**
 * Published columns of a security, or of a label, by session, ascending; as traded where asked, in the shares of each session. As JSON: a
 * row a session takes the driver longer than the statement.
 */
export async function selectSeries(
  sql: Sql,
  holder: Holder,
  columns: readonly IndicatorColumn[],
  isAdjusted: boolean,
): Promise<SeriesRow[]> {
  const values = columns.map((column) => sql`, (${expressionOf(sql, column, isAdjusted)})::float8`);
  const [found] = await sql<[{ rows: SeriesRow[] }]>`
    select coalesce(json_agg(json_build_array(bars.trade_date ${values}) order by bars.trade_date), '[]') as rows
    from public.fct_polygon__stock_bars_performance as bars
    where ${isHeldBy(sql, "bars", holder)}`;
  return found.rows;
}
