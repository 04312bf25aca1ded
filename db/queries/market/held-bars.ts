import type { Sql, TransactionSql } from "../../client.ts";
import { type BarKey, forgetRemoved, removeBars } from "./removed-bars.ts";

/** A bar by its key; values as text, to the last digit. */
export type RawBar = {
  ticker: string;
  session: string;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
  vwap: string | null;
  transactions: string | null;
};

/**
 * Up to where the published bars have seen the raw tables, as text; `-infinity` before the first publication. Writes are stamped in
 * the order in which they commit, so that what is stamped later was never published, and all else was.
 */
export async function selectPublishedMark(sql: Sql | TransactionSql): Promise<string> {
  const [known] = await sql<{ stands: boolean }[]>`
    select to_regclass('public.fct_polygon__stock_bars_performance') is not null as stands`;
  if (!known?.stands) return "-infinity";
  const [row] = await sql<{ mark: string }[]>`
    select coalesce(max(source_inserted_at), '-infinity')::text as mark from public.fct_polygon__stock_bars_performance`;
  return row?.mark ?? "-infinity";
}

/** The bars of these tickers that were never published; of null, of all tickers. */
export async function selectNewBars(
  sql: Sql | TransactionSql,
  mark: string,
  tickers: readonly string[] | null,
): Promise<RawBar[]> {
  return await sql<RawBar[]>`
    select ticker, trade_date::text as session, open::text, high::text, low::text, close::text, volume::text, vwap::text,
      transactions::text
    from public.source_polygon_stock_bars_daily
    where inserted_at > ${mark}::text::timestamptz and (${tickers as string[] | null}::text[] is null
      or ticker = any (${tickers as string[] | null}::text[]))
    order by ticker, trade_date`;
}

/** How many bars each session has among those that were never published. */
export async function countNewBars(sql: Sql, mark: string): Promise<{ session: string; tickers: number }[]> {
  return await sql<{ session: string; tickers: number }[]>`
    select trade_date::text as session, count(*)::int as tickers
    from public.source_polygon_stock_bars_daily
    where inserted_at > ${mark}::text::timestamptz
    group by trade_date`;
}

/** The tickers that have bars which were never published, in order. */
export async function selectNewTickers(sql: Sql, mark: string): Promise<string[]> {
  const rows = await sql<{ ticker: string }[]>`
    select distinct ticker
    from public.source_polygon_stock_bars_daily
    where inserted_at > ${mark}::text::timestamptz
    order by ticker`;
  return rows.map(({ ticker }) => ticker);
}

export type BelievedBar = { ticker: string; session: string };

/** The rows that somebody released, as long as the raw table says the same. */
export async function selectBelievedBars(sql: Sql): Promise<BelievedBar[]> {
  return await sql<BelievedBar[]>`
    select distinct bars.ticker, bars.trade_date::text as session
    from barline.quarantined_bars as bars
    inner join barline.quarantines on quarantines.id = bars.quarantine_id
    inner join public.source_polygon_stock_bars_daily as raw
      on raw.ticker = bars.ticker and raw.trade_date = bars.trade_date
    where quarantines.state = 'released' and quarantines.decided_by is not null and ${isSame(sql, "raw", "bars")}`;
}

/**
 * Puts the raw table back, for bars that were never published, to what was published last: the version of then where there was one,
 * with its stamp and without what came after it, and else nothing. The caller holds the raw tables' lock, and `at` is its stamp.
 */
export async function takeBack(
  transaction: TransactionSql,
  mark: string,
  keys: readonly { ticker: string; session: string }[],
  at: Date,
): Promise<void> {
  const wanted = keys.map(({ ticker, session }) => ({ ticker, tradeDate: session }));
  const restored = await transaction<{ ticker: string; tradeDate: string }[]>`
    update public.source_polygon_stock_bars_daily as raw
    set open = good.open, high = good.high, low = good.low, close = good.close, volume = good.volume, vwap = good.vwap,
      transactions = good.transactions, inserted_at = good.stated_at
    from public.source_polygon_stock_bars_restatements as good, ${keysOf(transaction, wanted)}
    where raw.ticker = item.ticker and raw.trade_date = item."tradeDate" and raw.inserted_at > ${mark}::text::timestamptz
      and good.ticker = item.ticker and good.trade_date = item."tradeDate"
      and good.stated_at <= ${mark}::text::timestamptz and good.replaced_at > ${mark}::text::timestamptz
    returning raw.ticker, raw.trade_date as "tradeDate"`;
  await transaction`
    delete from public.source_polygon_stock_bars_restatements as said
    using ${keysOf(transaction, wanted)}
    where said.ticker = item.ticker and said.trade_date = item."tradeDate" and said.replaced_at > ${mark}::text::timestamptz`;
  const done = new Set(restored.map(({ ticker, tradeDate }) => `${tradeDate} ${ticker}`));
  const without = wanted.filter(({ ticker, tradeDate }) => !done.has(`${tradeDate} ${ticker}`));
  await removeBars(transaction, without, at);
}

const rowsOf = (sql: Sql | TransactionSql, rows: readonly RawBar[]) => sql`
  jsonb_to_recordset(${sql.json([...rows])}::jsonb) as item (ticker text, session date, open numeric, high numeric,
    low numeric, close numeric, volume numeric, vwap numeric, transactions bigint)`;

/**
 * Keeps what bars say before `rows`, stamped `at`, take their place: the trigger that does so, and finds it done, cannot stand on a
 * distributed table.
 */
export async function keepReplaced(sql: Sql | TransactionSql, rows: readonly RawBar[], at: Date): Promise<void> {
  await sql`
    insert into public.source_polygon_stock_bars_restatements
      (ticker, trade_date, open, high, low, close, volume, vwap, transactions, stated_at, replaced_at)
    select before.ticker, before.trade_date, before.open, before.high, before.low, before.close, before.volume,
      before.vwap, before.transactions, before.inserted_at, ${at}::timestamptz
    from ${rowsOf(sql, rows)}
    inner join public.source_polygon_stock_bars_daily as before
      on before.ticker = item.ticker and before.trade_date = item.session
    where before.inserted_at < ${at}::timestamptz and not ${isSame(sql, "before", "item")}
    on conflict do nothing`;
}

/** Makes bars the raw table's next versions, stamped `at`. Answers which they are. */
export async function putBack(transaction: TransactionSql, rows: readonly RawBar[], at: Date): Promise<BarKey[]> {
  await keepReplaced(transaction, rows, at);
  const written = await transaction<BarKey[]>`
    insert into public.source_polygon_stock_bars_daily
      (ticker, trade_date, open, high, low, close, volume, vwap, transactions, inserted_at)
    select ticker, session, open, high, low, close, volume, vwap, transactions, ${at}::timestamptz
    from ${rowsOf(transaction, rows)}
    on conflict (ticker, trade_date) do update set open = excluded.open, high = excluded.high, low = excluded.low,
      close = excluded.close, volume = excluded.volume, vwap = excluded.vwap, transactions = excluded.transactions,
      inserted_at = excluded.inserted_at
    returning ticker, trade_date as "tradeDate"`;
  await forgetRemoved(transaction, written);
  return written;
}

/** Which of the bars that were never published stay: all of these tickers or, of a single one, those of some sessions. */
export type KeptBars = { tickers: readonly string[]; sessions: readonly string[] | null };

/** Puts the raw table back to what was published last but for some bars, in a transaction that is undone: to see what a build does then. */
export async function keepOnly(
  transaction: TransactionSql,
  mark: string,
  { tickers, sessions }: KeptBars,
): Promise<void> {
  const isWithheld = (bars: string) => transaction`
    (${transaction(bars)}.ticker <> all (${tickers as string[]}::text[])
      or ${transaction(bars)}.trade_date <> all (${sessions as string[] | null}::date[]))`;
  await transaction`
    update public.source_polygon_stock_bars_daily as raw
    set open = good.open, high = good.high, low = good.low, close = good.close, volume = good.volume, vwap = good.vwap,
      transactions = good.transactions, inserted_at = good.stated_at
    from public.source_polygon_stock_bars_restatements as good
    where raw.inserted_at > ${mark}::text::timestamptz and ${isWithheld("raw")}
      and good.ticker = raw.ticker and good.trade_date = raw.trade_date
      and good.stated_at <= ${mark}::text::timestamptz and good.replaced_at > ${mark}::text::timestamptz`;
  await transaction`
    delete from public.source_polygon_stock_bars_daily as raw
    where raw.inserted_at > ${mark}::text::timestamptz and ${isWithheld("raw")}`;
  await transaction`
    delete from public.source_polygon_stock_bars_restatements as said
    where said.replaced_at > ${mark}::text::timestamptz and ${isWithheld("said")}`;
}

const keysOf = (sql: TransactionSql, keys: { ticker: string; tradeDate: string }[]) => sql`
  jsonb_to_recordset(${sql.json(keys)}::jsonb) as item (ticker text, "tradeDate" date)`;

type Executor = Sql | TransactionSql;

/** Whether two relations of a query say the same of a bar. */
export const isSame = (sql: Executor, one: string, other: string) => sql`
  (${valuesOf(sql, one)}) is not distinct from (${valuesOf(sql, other)})`;

const valuesOf = (sql: Executor, name: string) => sql`
  ${sql(name)}.open, ${sql(name)}.high, ${sql(name)}.low, ${sql(name)}.close, ${sql(name)}.volume, ${sql(name)}.vwap,
  ${sql(name)}.transactions`;
