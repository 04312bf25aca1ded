import { isDistributed, type Sql } from "../../client.ts";
import { hasSecurities } from "../market/read-securities.ts";
import { barsOnShards, closeBefore } from "./universe-on-shards.ts";

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

/**
 * One that goes on under another label, or that no list has, is not delisted. The last bars of labels are in a table of their own; only that of a security
 * whose newest label has none yet is looked for among all bars.
 */
function selectListedSecurities(sql: Sql): Promise<ListedTicker[]> {
  return sql<ListedTicker[]>`
    with listed as materialized (
      select
        securities.ticker,
        securities.security_id,
        securities.last_session,
        latest.close_price,
        securities.status <> 'delisted' as active
      from public.dim_securities as securities
      left join public.fct_polygon__latest_session as latest
        on latest.ticker = securities.ticker
          and latest.security_id = securities.security_id
          and latest.trade_date = securities.last_session
      where securities.last_session is not null
    ),
    others as materialized (
      select bar.security_id, bar.trade_date, bar.close_price
      from public.fct_polygon__stock_bars_performance as bar
      where bar.security_id = any(array(select security_id from listed where close_price is null))
        and bar.trade_date = any(array(select last_session from listed where close_price is null))
    )
    select
      listed.ticker,
      listed.security_id as key,
      listed.last_session as "lastDate",
      coalesce(listed.close_price, others.close_price)::float8 as "lastClose",
      listed.active
    from listed
    left join others on others.security_id = listed.security_id and others.trade_date = listed.last_session
    where listed.close_price is not null or others.security_id is not null
    order by listed.ticker collate "C", listed.last_session desc, listed.security_id`;
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
export function returnOver(sql: Sql, lag: number, { by, distributed = isDistributed(sql) }: BarsAsked) {
  if (lag === 0) return sql`0::float8`;
  const column = returnColumns[lag];
  if (column !== undefined) return sql`bar.${sql(column)}::float8`;
  if (distributed) return sql`bar.close_price::float8 / bar.${sql(closeBefore(lag))}::float8 - 1`;
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
  /** Whether bars are spread over several servers. */
  distributed?: boolean;
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

/** Bars found by the table's key, ticker after ticker: those of one session lie all over the table. To count `lags` back from. */
export function fromBars(sql: Sql, asked: BarsAsked, lags: readonly number[]) {
  const { by, keys, numbers, dates } = asked;
  if (asked.distributed)
    return barsOnShards(
      sql,
      asked,
      [...new Set(lags)].filter((lag) => !hasReturn(lag)),
    );
  return sql`
    unnest(${keys}::text[], ${numbers}::int[]) as listed (key, number)
    cross join lateral (
      select *
      from public.fct_polygon__stock_bars_performance
      where ${sql(by)} = listed.key and trade_date = any(${dates}::date[])
      offset 0
    ) as bar`;
}

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
        ${lags.map((lag, index) => sql`, ${returnOver(sql, lag, asked)} as ${sql(`return_${index}`)}`)}
      from ${source === "bars" ? fromBars(sql, asked, lags) : fromMonthEnds(sql, asked)}
      where bar.close_price > 0
    ) as section
    group by section.trade_date`;
  return rows.map(({ date, numbers, close, ...row }) => ({
    ...{ date, numbers, close },
    returns: names.map((name) => row[name] ?? Buffer.alloc(0)),
  }));
}
