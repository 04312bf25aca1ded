import type { TransactionSql } from "../../client.ts";

/** A dividend that is new, says something else or was withdrawn, by its day. */
export type ChangedDividend = { ticker: string; date: string };

/** Whether one of these dividends falls between bars of its ticker. Citus refuses a look-up each: of distributed bars, shards read their keys. */
export async function isAmongBars(
  transaction: TransactionSql,
  changed: readonly ChangedDividend[],
  distributed: boolean,
): Promise<boolean> {
  const asked = transaction`unnest(${changed.map(({ ticker }) => ticker)}::text[],
    ${changed.map(({ date }) => date)}::date[]) as changed (ticker, date)`;
  const rows = distributed
    ? await transaction`
        with asked as materialized (select * from ${asked})
        select 1
        from asked inner join public.source_polygon_stock_bars_daily as bars on bars.ticker = asked.ticker
        group by bars.ticker, asked.date
        having min(bars.trade_date) < asked.date and max(bars.trade_date) >= asked.date
        limit 1`
    : await transaction`
        select
        from ${asked}
        -- Two look-ups by key for each, in order, so that no join with all bars is thought of.
        cross join lateral (
          select from public.source_polygon_stock_bars_daily as bars
          where bars.ticker = changed.ticker and bars.trade_date >= changed.date
          order by bars.trade_date limit 1
        ) as since
        cross join lateral (
          select from public.source_polygon_stock_bars_daily as bars
          where bars.ticker = changed.ticker and bars.trade_date < changed.date
          order by bars.trade_date desc limit 1
        ) as before
        limit 1`;
  return rows.length > 0;
}
