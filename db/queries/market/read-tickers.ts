import { isDistributed, type Sql } from "../../client.ts";
import { escapeLike } from "../../like.ts";

export type TickerRow = {
  ticker: string;
  name: string;
  type: string | null;
  active: boolean;
  /** Tickers that match, also beyond the limit. */
  matches: number;
};

/** What of the universe to show; `type` null: all of them. */
export type TickerFilter = { query: string; type: string | null };

/**
 * Tickers whose symbol or name holds the query, whatever its case: the exact symbol first, then symbols and names that
 * begin with it, names with a word that does, and the rest. Case is folded once and byte by byte: ILIKE by a language's
 * rules takes ten times as long.
 */
export function selectTickers(sql: Sql, filter: TickerFilter, offset: number, limit: number): Promise<TickerRow[]> {
  const query = filter.query.toLowerCase();
  const like = escapeLike(query);
  return sql<TickerRow[]>`
    select ticker, name, type, active, (count(*) over ())::int as matches
    from (
      select ticker, name, type, active, lower(ticker) as code, lower(name collate "C") as words
      from public.source_polygon_tickers
      where ${filter.type}::text is null or type = ${filter.type}::text
      offset 0
    ) as folded
    where ${query}::text = '' or code like ${`%${like}%`}::text or words like ${`%${like}%`}::text
    order by
      case
        when ${query}::text = '' then 0
        when ticker = ${filter.query}::text then 0
        when code = ${query}::text then 1
        when code like ${`${like}%`}::text then 2
        when words like ${`${like}%`}::text then 3
        when words like ${`% ${like}%`}::text then 4
        else 5
      end,
      active desc,
      ticker
    offset ${offset}::int
    limit ${limit}::int`;
}

/** The vendor's type codes that occur, most frequent first. */
export function selectTickerTypes(sql: Sql): Promise<{ type: string; count: number }[]> {
  return sql<{ type: string; count: number }[]>`
    select type, count(*)::int as count
    from public.source_polygon_tickers
    where type is not null
    group by type
    order by count(*) desc, type`;
}

export type TickerProfile = {
  ticker: string;
  name: string;
  type: string | null;
  active: boolean;
  primaryExchange: string | null;
  delistedOn: string | null;
};

/** What is known of one ticker, by its exact code; null where the universe does not list it. */
export async function selectTickerProfile(sql: Sql, ticker: string): Promise<TickerProfile | null> {
  const rows = await sql<TickerProfile[]>`
    select
      ticker,
      name,
      type,
      active,
      primary_exchange as "primaryExchange",
      delisted_on as "delistedOn"
    from public.source_polygon_tickers
    where ticker = ${ticker}::text`;
  return rows[0] ?? null;
}

export type TickerQuote = {
  ticker: string;
  date: string;
  close: number;
  return1d: number | null;
  volume: number;
  /** Adjusted closes of the last sessions, oldest first. */
  closes: number[];
  firstDate: string;
};

/**
 * The last published sessions of some tickers: a few index look-ups each, however long their history. Where bars are distributed, each shard looks up
 * the tickers that it has itself, for which it reads their keys.
 */
export function selectQuotes(
  sql: Sql,
  tickers: string[],
  sessions: number,
  distributed = isDistributed(sql),
): Promise<TickerQuote[]> {
  const wanted = distributed
    ? sql`(
        select ticker from public.fct_polygon__stock_bars_performance where ticker = any(${tickers}::text[]) group by ticker
      ) as wanted`
    : sql`unnest(${tickers}::text[]) as wanted (ticker)`;
  return sql<TickerQuote[]>`
    select
      wanted.ticker,
      latest.dates[1] as date,
      latest.closes[1] as close,
      latest.returns[1] as "return1d",
      latest.volumes[1] as volume,
      (select array_agg(value order by position desc) from unnest(latest.closes) with ordinality as t (value, position))
        as closes,
      (
        select trade_date
        from public.fct_polygon__stock_bars_performance
        where ticker = wanted.ticker
        order by trade_date
        limit 1
      ) as "firstDate"
    from ${wanted}
    cross join lateral (
      select
        array_agg(trade_date::text order by trade_date desc) as dates,
        array_agg(close_price::float8 order by trade_date desc) as closes,
        array_agg(return_1d::float8 order by trade_date desc) as returns,
        array_agg(volume::float8 order by trade_date desc) as volumes
      from (
        select trade_date, close_price, return_1d, volume
        from public.fct_polygon__stock_bars_performance
        where ticker = wanted.ticker
        order by trade_date desc
        limit ${sessions}::int
      ) as tail
    ) as latest
    where latest.dates is not null`;
}
