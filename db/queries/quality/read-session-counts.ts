import type { Sql } from "../../client.ts";

/** How many rows the vendor's answer for a session held. */
export type SessionCount = { session: string; tickers: number };

/**
 * The rows of each whole-market answer, as its run counted them while it landed. Fetched ticker by ticker, a session has no
 * count of its own. No bar is read: there are millions.
 */
export function selectFetchedCounts(sql: Sql, jobId: string, from: string, to: string): Promise<SessionCount[]> {
  return sql<SessionCount[]>`
    select held.partition as session, (runs.summary ->> 'rows')::int as tickers
    from barline.run_partitions as held
    inner join barline.runs on runs.id = held.run_id
    where
      held.job_id = ${jobId}::text
      and held.partition between ${from}::text and ${to}::text
      and runs.partition = runs.partition_to
      and runs.summary ->> 'strategy' = 'grouped'
      and jsonb_typeof(runs.summary -> 'rows') = 'number'
    order by held.partition`;
}

/** The sessions at which a ticker has a loaded bar, ascending: at most some thousand entries of one index. */
export async function selectBarSessions(sql: Sql, ticker: string): Promise<string[]> {
  const rows = await sql<{ session: string }[]>`
    select trade_date as session
    from public.source_polygon_stock_bars_daily
    where ticker = ${ticker}::text
    order by trade_date`;
  return rows.map(({ session }) => session);
}

/** How many tickers each published session has, as the mart of the market's breadth counted them; null where it is not built. */
export async function selectPublishedCounts(sql: Sql, from: string, to: string): Promise<SessionCount[] | null> {
  const [known] = await sql<{ exists: boolean }[]>`
    select count(*) = 2 as exists
    from pg_attribute
    where
      attrelid = to_regclass('public.fct_polygon__market_breadth_daily')
      and attname in ('trade_date', 'tickers')
      and not attisdropped`;
  if (!known?.exists) return null;
  return await sql<SessionCount[]>`
    select trade_date as session, tickers::int as tickers
    from public.fct_polygon__market_breadth_daily
    where trade_date between ${from}::date and ${to}::date
    order by trade_date`;
}
