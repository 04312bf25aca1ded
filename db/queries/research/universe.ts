import type { Sql } from "../../client.ts";
import { hasSecurities } from "../market/read-securities.ts";

/**
 * A security with published bars, as it stands today, by its newest label; `active`: not delisted. `key` is what its bars are found by: its id, or
 * the ticker before securities are published.
 */
export type ListedTicker = { ticker: string; key: string; lastDate: string; lastClose: number; active: boolean };

/** What the bars of a universe are found by. */
export type KeyColumn = "security_id" | "ticker";

/** Every security that was ever published, in the order of the bytes of labels, with its last bar. */
export async function selectListedTickers(sql: Sql): Promise<{ listings: ListedTicker[]; by: KeyColumn }> {
  if (await hasSecurities(sql)) return { listings: await selectListedSecurities(sql), by: "security_id" };
  return { listings: await selectListedLabels(sql), by: "ticker" };
}

/** One that goes on under another label, or that no list has, is not delisted. */
function selectListedSecurities(sql: Sql): Promise<ListedTicker[]> {
  return sql<ListedTicker[]>`
    select
      securities.ticker,
      securities.security_id as key,
      securities.last_session as "lastDate",
      newest.close_price::float8 as "lastClose",
      securities.status <> 'delisted' as active
    from public.dim_securities as securities
    cross join lateral (
      select bar.close_price
      from public.fct_polygon__stock_bars_performance as bar
      where bar.security_id = securities.security_id and bar.trade_date = securities.last_session
      offset 0
    ) as newest
    order by securities.ticker collate "C", securities.last_session desc, securities.security_id`;
}

function selectListedLabels(sql: Sql): Promise<ListedTicker[]> {
  return sql<ListedTicker[]>`
    select
      latest.ticker,
      latest.ticker as key,
      latest.trade_date as "lastDate",
      latest.close_price::float8 as "lastClose",
      coalesce(listed.active, false) as active
    from public.fct_polygon__latest_session as latest
    left join public.dim_tickers as listed on listed.ticker = latest.ticker
    order by latest.ticker collate "C"`;
}

/** The market's published sessions of a range, both ends inclusive and null open, oldest first. */
export async function selectSessions(
  sql: Sql,
  { from, to }: { from: string | null; to: string | null },
): Promise<string[]> {
  const rows = await sql<{ date: string }[]>`
    select trade_date as "date"
    from public.fct_polygon__market_breadth_daily
    where trade_date between coalesce(${from}::date, '-infinity') and coalesce(${to}::date, 'infinity')
    order by trade_date`;
  return rows.map(({ date }) => date);
}

/** Lags of which the fact table has the return in a column of each bar. */
const returnColumns: Readonly<Record<number, string>> = {
  5: "return_5d",
  21: "return_21d",
  63: "return_63d",
  252: "return_252d",
};

/** The return of a bar over so many of the security's bars; null where it has no bar that old. */
export function returnOver(sql: Sql, lag: number, by: KeyColumn) {
  if (lag === 0) return sql`0::float8`;
  const column = returnColumns[lag];
  if (column !== undefined) return sql`bar.${sql(column)}::float8`;
  // The date comes from the key alone, so that only one bar of them is read from the table.
  return sql`bar.close_price::float8 / (
    select earlier.close_price::float8
    from public.fct_polygon__stock_bars_performance as earlier
    where earlier.${sql(by)} = bar.${sql(by)} and earlier.trade_date = (
      select dated.trade_date
      from public.fct_polygon__stock_bars_performance as dated
      where dated.${sql(by)} = bar.${sql(by)} and dated.trade_date < bar.trade_date
      order by dated.trade_date desc
      offset ${lag - 1}::int limit 1
    )
  ) - 1`;
}

/** Securities in some sessions, by their keys. Numbers are what the caller calls them by. */
export type BarsAsked = {
  by: KeyColumn;
  keys: readonly string[];
  numbers: readonly number[];
  dates: readonly string[];
};

/** What of them is read. */
export type SectionsAsked = BarsAsked & {
  lags: readonly number[];
  /** Dollars as quoted that day, and dollars traded that day; 0 asks for nothing. */
  minimums: { price: number; dollarVolume: number };
};

/**
 * Columns of one session, packed: int4 and float8 in network order, NaN for null. Their rows are in one order. The number n of a
 * ticker below the minimums is told as -1 - n.
 */
export type PackedSection = { date: string; numbers: Buffer; close: Buffer; returns: Buffer[] };

const isAbove = (sql: Sql, { price, dollarVolume }: SectionsAsked["minimums"]) => sql`
  (${price}::numeric = 0 or bar.close_price / bar.split_factor >= ${price}::numeric)
  and (${dollarVolume}::numeric = 0 or bar.dollar_volume >= ${dollarVolume}::numeric)`;

type PackedRow = { date: string; numbers: Buffer; close: Buffer; [column: `return_${string}`]: Buffer };

/** Bars found by the table's key, ticker after ticker: those of one session lie all over the table. */
export const fromBars = (sql: Sql, { by, keys, numbers, dates }: BarsAsked) => sql`
  unnest(${keys}::text[], ${numbers}::int[]) as listed (key, number)
  cross join lateral (
    select *
    from public.fct_polygon__stock_bars_performance
    where ${sql(by)} = listed.key and trade_date = any(${dates}::date[])
    offset 0
  ) as bar`;

/** The same bars out of the table of the last ones of months. */
export const fromMonthEnds = (sql: Sql, { by, keys, numbers, dates }: BarsAsked) => sql`
  unnest(${keys}::text[], ${numbers}::int[]) as listed (key, number)
  inner join public.fct_polygon__month_ends as bar on bar.${sql(by)} = listed.key and bar.trade_date = any(${dates}::date[])`;

/** Whether bars have a return over so many bars, so that it need not be counted back from each. */
export const hasReturn = (lag: number): boolean => lag === 0 || lag in returnColumns;

/** The lags of which bars have the return. */
export const lagsWithReturn: readonly number[] = Object.keys(returnColumns).map(Number);

/** Whether the table of month ends, which came later than the other marts, is published. */
export async function hasMonthEnds(sql: Sql): Promise<boolean> {
  const [row] = await sql<
    [{ found: boolean }]
  >`select to_regclass('public.fct_polygon__month_ends') is not null as found`;
  return row.found;
}

/**
 * The bars of tickers in sessions, packed by session: of a quarter of a million bars that is 8 MB and one row a session, where a row each
 * would be as many objects. The last sessions of months that are over are quicker read from the table made for them.
 */
export async function selectSections(
  sql: Sql,
  asked: SectionsAsked,
  source: "bars" | "month_ends",
): Promise<PackedSection[]> {
  const { lags, minimums } = asked;
  const names = lags.map((_, index) => `return_${index}` as const);
  const rows = await sql<PackedRow[]>`
    select
      section.trade_date as "date",
      string_agg(int4send(section.number), '') as "numbers",
      string_agg(float8send(section.close), '') as "close"
      ${names.map((name) => sql`, string_agg(float8send(coalesce(${sql(name)}, 'NaN')), '') as ${sql(name)}`)}
    from (
      select
        case when ${isAbove(sql, minimums)} then listed.number else -1 - listed.number end as number,
        bar.trade_date,
        bar.close_price::float8 as close
        ${lags.map((lag, index) => sql`, ${returnOver(sql, lag, asked.by)} as ${sql(`return_${index}`)}`)}
      from ${source === "bars" ? fromBars(sql, asked) : fromMonthEnds(sql, asked)}
      where bar.close_price > 0
    ) as section
    group by section.trade_date`;
  return rows.map(({ date, numbers, close, ...row }) => ({
    ...{ date, numbers, close },
    returns: names.map((name) => row[name] ?? Buffer.alloc(0)),
  }));
}

/** A stretch in which a ticker may be held: from a session to its first bar on or after `until`, but not after the run's end. */
export type HeldRange = { key: string; number: number; from: string; until: string };

/**
 * One ticker's bars of its stretches, oldest first, packed: days since 2000-01-01 as int4, prices as float8 in network order. Of the split factors only
 * those that are not 1, each after its day; null where there are none.
 */
export type PackedBars = { number: number; days: Buffer; open: Buffer; close: Buffer; splitFactors: Buffer | null };

/** The bars of stretches by ticker. The open is 0 in a session in which nothing was traded. */
export function selectHeldBars(
  sql: Sql,
  ranges: readonly HeldRange[],
  { by, end }: { by: KeyColumn; end: string },
): Promise<PackedBars[]> {
  const columnOf = <Name extends keyof HeldRange>(name: Name) => ranges.map((range) => range[name]);
  return sql<PackedBars[]>`
    select
      bar.number,
      string_agg(int4send(bar.trade_date - date '2000-01-01'), '' order by bar.trade_date) as "days",
      string_agg(float8send(bar.open), '' order by bar.trade_date) as "open",
      string_agg(float8send(bar.close), '' order by bar.trade_date) as "close",
      -- Most are 1: a comparison costs a fraction of what a cast and a place in the answer do.
      string_agg(
        int4send(bar.trade_date - date '2000-01-01') || float8send(bar.split_factor::float8), '' order by bar.trade_date
      ) filter (where bar.split_factor <> 1) as "splitFactors"
    from (
      select
        held.number,
        bars.trade_date,
        -- Reverse splits may adjust a volume to nothing, but not the dollars.
        case when bars.volume > 0 or bars.dollar_volume > 0 then bars.open_price::float8 else 0 end as open,
        bars.close_price::float8 as close,
        bars.split_factor
      from unnest(
        ${columnOf("key")}::text[], ${columnOf("number")}::int[], ${columnOf("from")}::date[], ${columnOf("until")}::date[]
      ) as held (key, number, first_date, until)
      cross join lateral (
        select coalesce(min(trade_date), ${end}::date) as trade_date
        from public.fct_polygon__stock_bars_performance
        where ${sql(by)} = held.key and trade_date >= held.until
      ) as last_bar
      cross join lateral (
        select *
        from public.fct_polygon__stock_bars_performance
        where
          ${sql(by)} = held.key
          and trade_date between held.first_date and least(last_bar.trade_date, ${end}::date)
        offset 0
      ) as bars
    ) as bar
    group by bar.number`;
}

/** A dividend by the session that it belongs to, in dollars a split-adjusted share. */
export type HeldDividend = { number: number; date: string; amount: number };

/** Under which labels, and when, dividends are declared of what is held. */
const labelsOf = (sql: Sql, by: KeyColumn) =>
  by === "ticker"
    ? sql`select distinct key, key as ticker, '-infinity'::date as first_date, 'infinity'::date as last_date from held`
    : sql`
      select
        security_id as key,
        ticker,
        coalesce(valid_from, '-infinity') as first_date,
        coalesce(valid_to, 'infinity') as last_date
      from public.dim_ticker_periods
      where security_id in (select key from held)`;

/** A ticker that pauses at a rebalance is sold at its next bar: dividends are looked for so long after a stretch. */
const longestPauseDays = 31;

/**
 * The cash dividends of stretches, by the session they belong to: that of the ex-dividend date, or the ticker's next one. Only those in
 * dollars. There may be some of just after a stretch.
 */
export function selectHeldDividends(sql: Sql, ranges: readonly HeldRange[], by: KeyColumn): Promise<HeldDividend[]> {
  const columnOf = <Name extends keyof HeldRange>(name: Name) => ranges.map((range) => range[name]);
  return sql<HeldDividend[]>`
    with held as (
      select *
      from unnest(
        ${columnOf("key")}::text[], ${columnOf("number")}::int[], ${columnOf("from")}::date[], ${columnOf("until")}::date[]
      ) as stretch (key, number, first_date, until)
    ),
    labels as (
      ${labelsOf(sql, by)}
    ),
    -- First, as a look at a bar for each is what takes time.
    paid as materialized (
      select distinct held.number, held.key, dividend.ex_dividend_date, dividend.cash_amount
      from held
      inner join labels on labels.key = held.key
      inner join public.source_polygon_dividends as dividend
        on
          dividend.ticker = labels.ticker
          and dividend.ex_dividend_date between labels.first_date and labels.last_date
          and dividend.ex_dividend_date between held.first_date and held.until + ${longestPauseDays}::int
      where dividend.active and coalesce(dividend.currency, 'USD') = 'USD'
    )
    select
      paid.number,
      session.trade_date as "date",
      sum(paid.cash_amount * session.split_factor)::float8 as "amount"
    from paid
    cross join lateral (
      select bar.trade_date, bar.split_factor
      from public.fct_polygon__stock_bars_performance as bar
      where bar.${sql(by)} = paid.key and bar.trade_date >= paid.ex_dividend_date
      order by bar.trade_date
      limit 1
    ) as session
    group by paid.number, session.trade_date`;
}
