import type { Sql, TransactionSql } from "../../client.ts";
import { isSame, putBack, type RawBar } from "./held-bars.ts";
import type { BarKey } from "./removed-bars.ts";

/** The tickers that have a row of one of these sessions in quarantine. */
export async function selectHeldTickers(sql: Sql, sessions: readonly string[]): Promise<string[]> {
  const rows = await sql<{ ticker: string }[]>`
    select distinct bars.ticker
    from barline.quarantined_bars as bars
    inner join barline.quarantines on quarantines.id = bars.quarantine_id
    where quarantines.state = 'held' and bars.replaced_at is null and bars.trade_date = any (${sessions as string[]}::date[])`;
  return rows.map(({ ticker }) => ticker);
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

/** What a run has held back, by ticker. */
export type HeldOfRun = { ticker: string; tests: string[]; rows: number; reason: string };

export async function selectHeldOfRun(sql: Sql, runId: number): Promise<HeldOfRun[]> {
  return await sql<HeldOfRun[]>`
    select ticker, array_agg(distinct test) as tests, count(*)::int as rows, min(reason) as reason
    from barline.quarantined_bars
    where run_id = ${runId}::bigint
    group by ticker
    order by ticker`;
}

/**
 * Undoes what a run has held back: the rows are in the raw table again, and nothing is told of them. The caller holds the raw
 * tables' lock, and `at` is its stamp. Answers which rows they are.
 */
export async function undoHeldBars(transaction: TransactionSql, runId: number, at: Date): Promise<BarKey[]> {
  const touched = await selectTouched(transaction, transaction`run_id = ${runId}::bigint`);
  const rows = await transaction<RawBar[]>`
    delete from barline.quarantined_bars as bars
    using barline.quarantines
    where bars.run_id = ${runId}::bigint and quarantines.id = bars.quarantine_id and quarantines.state = 'held'
      and bars.replaced_at is null and ${isUntouched(transaction, touched)}
    returning ${barColumns(transaction)}`;
  await transaction`
    delete from barline.quarantines
    where run_id = ${runId}::bigint and state = 'held' and not exists (
      select from barline.quarantined_bars where quarantine_id = quarantines.id)`;
  return await putBack(transaction, rows, at);
}

/**
 * Puts the rows of a quarantine back into the raw table, but for those that another answer has replaced. The caller holds the raw
 * tables' lock, and `at` is its stamp. Answers which they are.
 */
export async function releaseBars(transaction: TransactionSql, quarantineId: number, at: Date): Promise<BarKey[]> {
  const touched = await selectTouched(transaction, transaction`quarantine_id = ${quarantineId}::bigint`);
  const rows = await transaction<RawBar[]>`
    select ${barColumns(transaction)}
    from barline.quarantined_bars as bars
    where bars.quarantine_id = ${quarantineId}::bigint and bars.replaced_at is null
      and ${isUntouched(transaction, touched)}`;
  return await putBack(transaction, rows, at);
}

/** The held bars for whose session something has come since, of those that `which` is about. */
async function selectTouched(transaction: TransactionSql, which: ReturnType<TransactionSql>): Promise<BarKey[]> {
  return await transaction<BarKey[]>`
    with held as materialized (
      select ticker, trade_date, held_at from barline.quarantined_bars where replaced_at is null and ${which}
    )
    select distinct raw.ticker, raw.trade_date as "tradeDate"
    from held inner join public.source_polygon_stock_bars_daily as raw
      on raw.ticker = held.ticker and raw.trade_date = held.trade_date and raw.inserted_at > held.held_at`;
}

/** Whether nothing has come for a held bar's session since. */
const isUntouched = (sql: TransactionSql, touched: readonly BarKey[]) => sql`(bars.ticker, bars.trade_date) not in (
  select * from unnest(${touched.map(({ ticker }) => ticker)}::text[],
    ${touched.map(({ tradeDate }) => tradeDate)}::date[]))`;

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
      with held as materialized (${heldBars(transaction)}), replaced as materialized (
        select held.*, raw.inserted_at
        from held inner join public.source_polygon_stock_bars_daily as raw
          on raw.ticker = held.ticker and raw.trade_date = held.trade_date
        where raw.inserted_at > held.held_at and raw.inserted_at <= ${mark}::text::timestamptz
      )
      update barline.quarantined_bars as bars set replaced_at = replaced.inserted_at
      from replaced
      where ${isBar(transaction, "replaced")}`;
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
    with held as materialized (${heldBars(transaction)}), latest as (
      select distinct on (staged.ticker, staged.trade_date) staged.*
      from barline.staging_stock_bars as staged
      where staged.run_id = ${runId}::bigint and (staged.ticker, staged.trade_date) in (
        select ticker, trade_date from held)
      order by staged.ticker, staged.trade_date, staged.sequence desc
    ), said as materialized (
      select raw.ticker, raw.trade_date, raw.inserted_at
      from latest inner join public.source_polygon_stock_bars_daily as raw
        on raw.ticker = latest.ticker and raw.trade_date = latest.trade_date
      where ${isSame(transaction, "raw", "latest")}
    ), confirmed as materialized (
      select held.*
      from held inner join said on said.ticker = held.ticker and said.trade_date = held.trade_date
      where said.inserted_at <= held.held_at
    )
    update barline.quarantined_bars as bars set replaced_at = ${at}::timestamptz
    from confirmed
    where ${isBar(transaction, "confirmed")}`;
  return await endEmpty(transaction);
}

/** The rows that stand in quarantine. */
const heldBars = (sql: TransactionSql) => sql`
  select bars.quarantine_id, bars.ticker, bars.trade_date, bars.held_at
  from barline.quarantined_bars as bars
  inner join barline.quarantines on quarantines.id = bars.quarantine_id
  where quarantines.state = 'held' and bars.replaced_at is null`;

/** Whether a row of `bars` is the one that another relation names. */
const isBar = (sql: TransactionSql, other: string) => sql`
  bars.quarantine_id = ${sql(other)}.quarantine_id and bars.trade_date = ${sql(other)}.trade_date
  and bars.held_at = ${sql(other)}.held_at and bars.replaced_at is null`;

async function endEmpty(transaction: TransactionSql): Promise<string[]> {
  const rows = await transaction<{ ticker: string }[]>`
    update barline.quarantines set state = 'released', decided_at = clock_timestamp(),
      decision = 'A later answer took the place of the rows, and passed.'
    where state = 'held' and not exists (
      select from barline.quarantined_bars where quarantine_id = quarantines.id and replaced_at is null)
    returning ticker`;
  return rows.map(({ ticker }) => ticker);
}

const barColumns = (sql: TransactionSql) => sql`
  bars.ticker, bars.trade_date::text as session, bars.open::text, bars.high::text, bars.low::text, bars.close::text,
  bars.volume::text, bars.vwap::text, bars.transactions::text`;
