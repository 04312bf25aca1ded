import type { Sql } from "../../client.ts";

export type BarRow = {
  date: string;
  open: number;
  high: number;
  low: number;
  close: number;
  /** Shares; fractional. */
  volume: number;
  vwap: number | null;
};

/** Dates are inclusive; null is open-ended. */
export type BarRange = { ticker: string; from: string | null; to: string | null };

/** Published bars adjusted for splits, oldest first. */
export async function readAdjustedBars(sql: Sql, { ticker, from, to }: BarRange): Promise<BarRow[]> {
  return await sql<BarRow[]>`
    select
      trade_date as "date",
      open_price::float8 as "open",
      high_price::float8 as "high",
      low_price::float8 as "low",
      close_price::float8 as "close",
      volume::float8 as "volume",
      volume_weighted_average_price::float8 as "vwap"
    from public.fct_polygon__stock_bars_performance
    where ticker = ${ticker}::text
      and trade_date between coalesce(${from}::date, '-infinity') and coalesce(${to}::date, 'infinity')
    order by trade_date`;
}

/** The same bars as the vendor stated them. Published ones only, so that both views always have the same sessions. */
export async function readUnadjustedBars(sql: Sql, { ticker, from, to }: BarRange): Promise<BarRow[]> {
  return await sql<BarRow[]>`
    select
      source.trade_date as "date",
      source.open::float8 as "open",
      source.high::float8 as "high",
      source.low::float8 as "low",
      source.close::float8 as "close",
      source.volume::float8 as "volume",
      source.vwap::float8 as "vwap"
    from public.fct_polygon__stock_bars_performance as published
    inner join public.source_polygon_stock_bars_daily as source
      on source.ticker = published.ticker and source.trade_date = published.trade_date
    where published.ticker = ${ticker}::text
      and published.trade_date between coalesce(${from}::date, '-infinity') and coalesce(${to}::date, 'infinity')
    order by published.trade_date`;
}

/** Whether any bar of `ticker` is published. */
export async function isPublished(sql: Sql, ticker: string): Promise<boolean> {
  const rows = await sql`
    select from public.fct_polygon__stock_bars_performance where ticker = ${ticker}::text limit 1`;
  return rows.length > 0;
}
