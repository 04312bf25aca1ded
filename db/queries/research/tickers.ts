import type { Sql } from "../../client.ts";

/** Whether a ticker is listed as active, its last published session, and the market's newest; nulls where none is. */
export type LastSessions = { active: boolean; lastDate: string | null; newestDate: string | null };

/** Whether the tables of tickers and of the market, which came later than the bars, are published. */
export async function hasLastSessions(sql: Sql): Promise<boolean> {
  const [row] = await sql<[{ found: boolean }]>`
    select
      to_regclass('public.dim_tickers') is not null
      and to_regclass('public.fct_polygon__market_breadth_daily') is not null as found`;
  return row.found;
}

/** When a security, and the market, traded last. One that is in no list, or goes on under another name, is not delisted. */
export async function readLastSessionsOfSecurity(sql: Sql, security: string): Promise<LastSessions> {
  const [row] = await sql<[LastSessions]>`
    select
      coalesce((select status <> 'delisted' from public.dim_securities where security_id = ${security}::text), true)
        as "active",
      (select last_session from public.dim_securities where security_id = ${security}::text) as "lastDate",
      (select max(trade_date) from public.fct_polygon__market_breadth_daily) as "newestDate"`;
  return row;
}

/** When a ticker, and the market, traded last. One that the list of tickers does not have is not active. */
export async function readLastSessions(sql: Sql, ticker: string): Promise<LastSessions> {
  const [row] = await sql<[LastSessions]>`
    select
      coalesce((select active from public.dim_tickers where ticker = ${ticker}::text), false) as "active",
      (select last_trade_date from public.dim_tickers where ticker = ${ticker}::text) as "lastDate",
      (select max(trade_date) from public.fct_polygon__market_breadth_daily) as "newestDate"`;
  return row;
}

/** Every ticker with a published bar. */
export async function readPublishedTickers(sql: Sql): Promise<string[]> {
  const rows = await sql<{ ticker: string }[]>`
    select ticker from public.dim_tickers where first_trade_date is not null order by ticker`;
  return rows.map(({ ticker }) => ticker);
}

/** The ticker that was traded most in its newest session, of those with a year of bars or more; null where there is none. */
export async function readFirstTicker(sql: Sql): Promise<string | null> {
  const [row] = await sql<{ ticker: string }[]>`
    select ticker
    from public.fct_polygon__latest_session
    order by return_252d is null, dollar_volume desc nulls last, ticker
    limit 1`;
  return row?.ticker ?? null;
}
