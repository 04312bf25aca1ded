import type { Sql, TransactionSql } from "../../client.ts";
import { forgetRemoved, removeBars } from "./removed-bars.ts";

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
    where inserted_at > ${mark}::timestamptz and (${tickers as string[] | null}::text[] is null
      or ticker = any (${tickers as string[] | null}::text[]))
    order by ticker, trade_date`;
}

/** How many bars each session has among those that were never published. */
export async function countNewBars(sql: Sql, mark: string): Promise<{ session: string; tickers: number }[]> {
  return await sql<{ session: string; tickers: number }[]>`
    select trade_date::text as session, count(*)::int as tickers
    from public.source_polygon_stock_bars_daily
    where inserted_at > ${mark}::timestamptz
    group by trade_date`;
}

/** The tickers that have a row of one of these sessions in quarantine. */
export async function selectHeldTickers(sql: Sql, sessions: readonly string[]): Promise<string[]> {
  const rows = await sql<{ ticker: string }[]>`
    select distinct bars.ticker
    from barline.quarantined_bars as bars
    inner join barline.quarantines on quarantines.id = bars.quarantine_id
    where quarantines.state = 'held' and bars.replaced_at is null and bars.trade_date = any (${sessions as string[]}::date[])`;
  return rows.map(({ ticker }) => ticker);
}

export type BelievedBar = { ticker: string; session: string; test: string };

/** The rows that somebody released, as long as the raw table says the same, each with the test that is not to count for it. */
export async function selectBelievedBars(sql: Sql): Promise<BelievedBar[]> {
  return await sql<BelievedBar[]>`
    select bars.ticker, bars.trade_date::text as session, bars.test
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
    where raw.ticker = item.ticker and raw.trade_date = item."tradeDate" and raw.inserted_at > ${mark}::timestamptz
      and good.ticker = item.ticker and good.trade_date = item."tradeDate"
      and good.stated_at <= ${mark}::timestamptz and good.replaced_at > ${mark}::timestamptz
    returning raw.ticker, raw.trade_date::text as "tradeDate"`;
  await transaction`
    delete from public.source_polygon_stock_bars_restatements as said
    using ${keysOf(transaction, wanted)}
    where said.ticker = item.ticker and said.trade_date = item."tradeDate" and said.replaced_at > ${mark}::timestamptz`;
  const done = new Set(restored.map(({ ticker, tradeDate }) => `${tradeDate} ${ticker}`));
  const without = wanted.filter(({ ticker, tradeDate }) => !done.has(`${tradeDate} ${ticker}`));
  await removeBars(transaction, without, at);
}

/** A bar to be held back, with why. */
export type HeldBar = RawBar & { test: string; reason: string; lakeKey: string | null };

/** Keeps bars as held back by a run, in their ticker's quarantine: the one that stands, or a new one. */
export async function insertHeldBars(
  transaction: TransactionSql,
  runId: number,
  bars: readonly HeldBar[],
  at: Date,
): Promise<void> {
  const items = transaction.json([...bars]);
  await transaction`
    insert into barline.quarantines (ticker, since, test, reason, run_id)
    select distinct on (ticker) ticker, ${at}::timestamptz, test, reason, ${runId}::bigint
    from jsonb_to_recordset(${items}::jsonb) as item (ticker text, session date, test text, reason text)
    order by ticker, session
    on conflict (ticker) where state = 'held' do nothing`;
  await transaction`
    update barline.quarantined_bars as earlier set replaced_at = ${at}::timestamptz
    from jsonb_to_recordset(${items}::jsonb) as item (ticker text, session date), barline.quarantines
    where earlier.ticker = item.ticker and earlier.trade_date = item.session and earlier.replaced_at is null
      and quarantines.id = earlier.quarantine_id and quarantines.state = 'held'`;
  await transaction`
    insert into barline.quarantined_bars (quarantine_id, ticker, trade_date, open, high, low, close, volume, vwap,
      transactions, test, reason, lake_key, run_id, held_at)
    select quarantines.id, item.ticker, session, open, high, low, close, volume, vwap, transactions, item.test, item.reason,
      "lakeKey", ${runId}::bigint, ${at}::timestamptz
    from jsonb_to_recordset(${items}::jsonb) as item (ticker text, session date, open numeric, high numeric, low numeric,
      close numeric, volume numeric, vwap numeric, transactions bigint, test text, reason text, "lakeKey" text)
    inner join barline.quarantines on quarantines.ticker = item.ticker and quarantines.state = 'held'`;
}

/** Where the rows of a quarantine stand: they are the raw table's next version, stamped `at`. Answers how many there are. */
async function putBack(transaction: TransactionSql, rows: readonly RawBar[], at: Date): Promise<number> {
  const written = await transaction<{ ticker: string; tradeDate: string }[]>`
    insert into public.source_polygon_stock_bars_daily
      (ticker, trade_date, open, high, low, close, volume, vwap, transactions, inserted_at)
    select ticker, session, open, high, low, close, volume, vwap, transactions, ${at}::timestamptz
    from jsonb_to_recordset(${transaction.json([...rows])}::jsonb) as item (ticker text, session date, open numeric,
      high numeric, low numeric, close numeric, volume numeric, vwap numeric, transactions bigint)
    on conflict (ticker, trade_date) do update set open = excluded.open, high = excluded.high, low = excluded.low,
      close = excluded.close, volume = excluded.volume, vwap = excluded.vwap, transactions = excluded.transactions,
      inserted_at = excluded.inserted_at
    returning ticker, trade_date::text as "tradeDate"`;
  await forgetRemoved(transaction, written);
  return written.length;
}

/**
 * Undoes what a run has held back: the rows are in the raw table again, and nothing is told of them. The caller holds the raw
 * tables' lock, and `at` is its stamp. Answers how many rows there were.
 */
export async function undoHeldBars(transaction: TransactionSql, runId: number, at: Date): Promise<number> {
  const rows = await transaction<RawBar[]>`
    delete from barline.quarantined_bars as bars
    using barline.quarantines
    where bars.run_id = ${runId}::bigint and quarantines.id = bars.quarantine_id and quarantines.state = 'held'
      and bars.replaced_at is null and ${isUntouched(transaction)}
    returning ${barColumns(transaction)}`;
  await transaction`
    delete from barline.quarantines
    where run_id = ${runId}::bigint and state = 'held' and not exists (
      select from barline.quarantined_bars where quarantine_id = quarantines.id)`;
  return await putBack(transaction, rows, at);
}

/**
 * Puts the rows of a quarantine back into the raw table, but for those that another answer has replaced. The caller holds the raw
 * tables' lock, and `at` is its stamp. Answers how many there were.
 */
export async function releaseBars(transaction: TransactionSql, quarantineId: number, at: Date): Promise<number> {
  const rows = await transaction<RawBar[]>`
    select ${barColumns(transaction)}
    from barline.quarantined_bars as bars
    where bars.quarantine_id = ${quarantineId}::bigint and bars.replaced_at is null and ${isUntouched(transaction)}`;
  return await putBack(transaction, rows, at);
}

/** Whether nothing has come for a held bar's session since. */
const isUntouched = (sql: TransactionSql) => sql`not exists (
  select from public.source_polygon_stock_bars_daily as raw
  where raw.ticker = bars.ticker and raw.trade_date = bars.trade_date and raw.inserted_at > bars.held_at)`;

export type Decision = { state: "released" | "dropped"; by: string; reason: string; at: Date };

/** Decides about a quarantine; undefined where it is not there, or no longer in one of the states `from`. Answers its ticker. */
export async function decideQuarantine(
  transaction: TransactionSql,
  id: number,
  { state, by, reason, at }: Decision,
): Promise<string | undefined> {
  const [row] = await transaction<{ ticker: string }[]>`
    update barline.quarantines set state = ${state}::text, decided_at = ${at}::timestamptz, decided_by = ${by}::text,
      decision = ${reason}::text
    where id = ${id}::bigint and (state = 'held' or state = 'dropped' and ${state}::text = 'released')
    returning ticker`;
  return row?.ticker;
}

/** The state of a quarantine; undefined where there is none of the number. */
export async function selectQuarantineState(sql: Sql | TransactionSql, id: number): Promise<string | undefined> {
  const [row] = await sql<{ state: string }[]>`select state from barline.quarantines where id = ${id}::bigint`;
  return row?.state;
}

/**
 * Ends the quarantines whose every row has been replaced by an answer that is published: by a build that saw the raw tables up to
 * `mark`. Answers their tickers.
 */
export async function endReplaced(sql: Sql, mark: string): Promise<string[]> {
  return await sql.begin(async (transaction) => {
    await transaction`
      update barline.quarantined_bars as bars set replaced_at = raw.inserted_at
      from barline.quarantines, public.source_polygon_stock_bars_daily as raw
      where quarantines.id = bars.quarantine_id and quarantines.state = 'held' and bars.replaced_at is null
        and raw.ticker = bars.ticker and raw.trade_date = bars.trade_date
        and raw.inserted_at > bars.held_at and raw.inserted_at <= ${mark}::timestamptz`;
    return await endEmpty(transaction);
  });
}

/**
 * Ends the quarantines whose every row has been taken back: what a run has staged for it is what the raw table says, the last good
 * version. The caller holds the raw tables' lock. Answers their tickers.
 */
export async function endConfirmed(transaction: TransactionSql, runId: number, at: Date): Promise<string[]> {
  const [held] = await transaction`select from barline.quarantines where state = 'held' limit 1`;
  if (!held) return [];
  await transaction`
    with latest as (
      select distinct on (staged.ticker, staged.trade_date) staged.*
      from barline.staging_stock_bars as staged
      where staged.run_id = ${runId}::bigint and (staged.ticker, staged.trade_date) in (
        select bars.ticker, bars.trade_date from barline.quarantined_bars as bars where bars.replaced_at is null)
      order by staged.ticker, staged.trade_date, staged.sequence desc
    )
    update barline.quarantined_bars as bars set replaced_at = ${at}::timestamptz
    from barline.quarantines, latest, public.source_polygon_stock_bars_daily as raw
    where quarantines.id = bars.quarantine_id and quarantines.state = 'held' and bars.replaced_at is null
      and latest.ticker = bars.ticker and latest.trade_date = bars.trade_date
      and raw.ticker = bars.ticker and raw.trade_date = bars.trade_date and raw.inserted_at <= bars.held_at
      and ${isSame(transaction, "raw", "latest")}`;
  return await endEmpty(transaction);
}

async function endEmpty(transaction: TransactionSql): Promise<string[]> {
  const rows = await transaction<{ ticker: string }[]>`
    update barline.quarantines set state = 'released', decided_at = clock_timestamp(),
      decision = 'A later answer took the place of the rows, and passed.'
    where state = 'held' and not exists (
      select from barline.quarantined_bars where quarantine_id = quarantines.id and replaced_at is null)
    returning ticker`;
  return rows.map(({ ticker }) => ticker);
}

type Executor = Sql | TransactionSql;

const barColumns = (sql: TransactionSql) => sql`
  bars.ticker, bars.trade_date::text as session, bars.open::text, bars.high::text, bars.low::text, bars.close::text,
  bars.volume::text, bars.vwap::text, bars.transactions::text`;

const keysOf = (sql: TransactionSql, keys: { ticker: string; tradeDate: string }[]) => sql`
  jsonb_to_recordset(${sql.json(keys)}::jsonb) as item (ticker text, "tradeDate" date)`;

/** Whether two relations say the same of a bar. */
const isSame = (sql: Executor, one: string, other: string) => sql`
  (${valuesOf(sql, one)}) is not distinct from (${valuesOf(sql, other)})`;

const valuesOf = (sql: Executor, name: string) => sql`
  ${sql(name)}.open, ${sql(name)}.high, ${sql(name)}.low, ${sql(name)}.close, ${sql(name)}.volume, ${sql(name)}.vwap,
  ${sql(name)}.transactions`;
