import { isDistributed, type Sql } from "../../client.ts";
import { dividendsOf } from "../market/read-bars.ts";
import { type Holder, isHeldBy } from "../market/read-securities.ts";

/** `amount` is in dollars a share, in the same split-adjusted shares as the published prices. */
export type AdjustedDividend = { date: string; amount: number };

/**
 * The cash dividends with an ex-dividend date in a range, both ends inclusive, by the session they belong to: that of the date, or
 * its next one. Adjusted by the factor of that session, as published, so that they fit the prices: on the day of a split
 * that is of a new share, as `int_polygon__dividend_factors` takes it. Only those in dollars. A dividend's session is looked up; where bars are
 * distributed, among the holder's own, which are fetched first.
 */
export async function selectAdjustedDividends(
  sql: Sql,
  { from, to, ...holder }: Holder & { from: string; to: string },
  distributed = isDistributed(sql),
): Promise<AdjustedDividend[]> {
  const facts = sql`public.fct_polygon__stock_bars_performance as bar where ${isHeldBy(sql, "bar", holder)}`;
  const held = sql`
    with held as materialized (
      select bar.trade_date, bar.split_factor from ${facts} and bar.trade_date >= ${from}::date
    )`;
  return await sql<AdjustedDividend[]>`
    ${distributed ? held : sql``}
    select session.trade_date as "date", sum(dividend.cash_amount * session.split_factor)::float8 as "amount"
    from (
      select dividends.* from ${dividendsOf(sql, holder)} and active and ex_dividend_date between ${from}::date and ${to}::date
    ) as dividend
    cross join lateral (
      select bar.trade_date, bar.split_factor
      from ${distributed ? sql`held as bar where true` : facts} and bar.trade_date >= dividend.ex_dividend_date
      order by bar.trade_date
      limit 1
    ) as session
    where coalesce(dividend.currency, 'USD') = 'USD'
    group by session.trade_date
    order by session.trade_date`;
}
