import type { TransactionSql } from "../../client.ts";

/** A bar of the raw table; the date is an ISO date. */
export type BarKey = { ticker: string; tradeDate: string };

/**
 * Takes bars out of the raw table and keeps that they are gone since `at`, the stamp of the raw tables' lock, which the caller
 * holds: by it the models find out. Answers how many there were.
 */
export async function removeBars(transaction: TransactionSql, keys: readonly BarKey[], at: Date): Promise<number> {
  const removed = await transaction`
    with removed as (
      delete from public.source_polygon_stock_bars_daily as bars
      using jsonb_to_recordset(${transaction.json([...keys])}::jsonb) as item ("ticker" text, "tradeDate" date)
      where bars.ticker = item.ticker and bars.trade_date = item."tradeDate"
      returning bars.ticker, bars.trade_date
    )
    insert into public.source_polygon_removed_bars (ticker, trade_date, removed_at)
    select ticker, trade_date, ${at}::timestamptz from removed
    on conflict (ticker, trade_date) do update set removed_at = excluded.removed_at
    returning ticker`;
  return removed.length;
}

/** Forgets of those of these bars that are in the raw table again that they were removed. For whoever writes them back. */
export async function forgetRemoved(transaction: TransactionSql, keys: readonly BarKey[]): Promise<void> {
  await transaction`
    with removed as materialized (
      select gone.ticker, gone.trade_date
      from public.source_polygon_removed_bars as gone
      inner join jsonb_to_recordset(${transaction.json([...keys])}::jsonb) as item ("ticker" text, "tradeDate" date)
        on gone.ticker = item.ticker and gone.trade_date = item."tradeDate"
    ), standing as materialized (
      select bars.ticker, bars.trade_date
      from removed inner join public.source_polygon_stock_bars_daily as bars
        on bars.ticker = removed.ticker and bars.trade_date = removed.trade_date
    )
    delete from public.source_polygon_removed_bars as gone
    using standing
    where gone.ticker = standing.ticker and gone.trade_date = standing.trade_date`;
}
