import { isDistributed, type JsonValue, type Sql, type TransactionSql } from "../../client.ts";
import { lockKeys } from "../../locks.ts";
import { type ChangedDividend, isAmongBars } from "./changed-dividends.ts";
import type { NewReject } from "./load.ts";

export type ReferenceKind = "tickers" | "splits" | "dividends";
/**
 * What is kept of readings: for each kind the last one, and the last one that read everything rather than a window; and the
 * last one of dividends that changed what is to be published of bars that are there already.
 */
export type ReferenceRecord = ReferenceKind | "splits_whole" | "dividends_whole" | "dividends_changed";
export type ReferenceRead = { kind: ReferenceRecord; coversFrom: string | null; readAt: Date };

export async function selectReferenceRead(sql: Sql, kind: ReferenceRecord): Promise<ReferenceRead | undefined> {
  const [row] = await sql<ReferenceRead[]>`
    select kind, covers_from as "coversFrom", read_at as "readAt" from barline.reference_reads where kind = ${kind}::text`;
  return row;
}

/**
 * Runs `work` while no other process does so for this kind. The lock is that of a connection, and ends with it: one that
 * is lost in the middle lets another process read the same again, which only costs its calls.
 */
export async function withReferenceLock<T>(sql: Sql, kind: ReferenceKind, work: () => Promise<T>): Promise<T> {
  const connection = await sql.reserve();
  try {
    await connection`select pg_advisory_lock(${lockKeys.referenceClass}::int, hashtext(${kind}::text))`;
    return await work();
  } finally {
    // Of a connection that is gone the server has let go already.
    await connection`select pg_advisory_unlock(${lockKeys.referenceClass}::int, hashtext(${kind}::text))`.catch(
      () => {},
    );
    connection.release();
  }
}

export async function recordReferenceRead(
  transaction: TransactionSql,
  read: { kind: ReferenceRecord; coversFrom: string | null; readAt: Date; rows: number; calls: number },
): Promise<void> {
  await transaction`
    insert into barline.reference_reads (kind, covers_from, read_at, rows, calls)
    values (${read.kind}::text, ${read.coversFrom}::date, ${read.readAt}::timestamptz, ${read.rows}::int, ${read.calls}::int)
    on conflict (kind) do update set covers_from = excluded.covers_from, read_at = excluded.read_at, rows = excluded.rows,
      calls = excluded.calls`;
}

/**
 * Takes over who holds each label, of the vendor's lists of tickers: the one that trades, else the one that traded last. What is no longer
 * listed at all stays, for its bars are still here.
 */
export async function mergeTickers(transaction: TransactionSql, rows: JsonValue, insertedAt: Date): Promise<void> {
  await transaction`
    insert into public.source_polygon_tickers as known
      (ticker, name, type, active, primary_exchange, delisted_on, inserted_at)
    select distinct on (row ->> 'ticker') row ->> 'ticker', row ->> 'name', row ->> 'type', (row ->> 'active')::boolean,
      row ->> 'primaryExchange', (row ->> 'delistedOn')::date, ${insertedAt}::timestamptz
    from jsonb_array_elements(${transaction.json(rows)}::jsonb) as row
    order by row ->> 'ticker', (row ->> 'active')::boolean desc, (row ->> 'delistedOn')::date desc nulls last, row ->> 'listing'
    on conflict (ticker) do update set name = excluded.name, type = excluded.type, active = excluded.active,
      primary_exchange = excluded.primary_exchange, delisted_on = excluded.delisted_on, inserted_at = excluded.inserted_at
    where (known.name, known.type, known.active, known.primary_exchange, known.delisted_on)
      is distinct from (excluded.name, excluded.type, excluded.active, excluded.primary_exchange, excluded.delisted_on)`;
}

/** What the vendor lists from a day on, to be taken over. */
export type Listing = {
  rows: JsonValue;
  from: string;
  insertedAt: Date;
  /** Whether what is known from that day on and not listed has been withdrawn. */
  withdraw: boolean;
  /** Whether the raw bars are distributed. */
  distributed?: boolean;
};

/** How many rows are known from `from` on and not withdrawn, and how many of those the vendor still lists. */
export type StillListed = { known: number; listed: number };

/** Of splits; by their day alone, as a corrected ratio is no withdrawal. */
export async function countListedSplits(
  transaction: TransactionSql,
  { rows, from }: Pick<Listing, "rows" | "from">,
): Promise<StillListed> {
  const [row] = await transaction<StillListed[]>`
    with listed as (
      select row ->> 'ticker' as ticker, (row ->> 'executionDate')::date as execution_date
      from jsonb_array_elements(${transaction.json(rows)}::jsonb) as row
    )
    select count(*)::int as known, count(listed.ticker)::int as listed
    from public.source_polygon_splits known left join listed using (ticker, execution_date)
    where known.active and known.execution_date >= ${from}::date`;
  return row ?? { known: 0, listed: 0 };
}

/**
 * Takes over the splits from `from` on; those that the vendor no longer lists are marked, so that the models see it. A ratio that
 * is only written in other numbers (2 for 8 after 1 for 4) changes nothing. One that has changed, or its type, is no longer what
 * somebody decided on.
 */
export async function mergeSplits(transaction: TransactionSql, listing: Listing): Promise<void> {
  const { rows, from, insertedAt, withdraw } = listing;
  await transaction`
    with listed as (
      select row ->> 'ticker' as ticker, (row ->> 'executionDate')::date as execution_date,
        (row ->> 'splitFrom')::numeric as split_from, (row ->> 'splitTo')::numeric as split_to,
        row ->> 'adjustmentType' as adjustment_type
      from jsonb_array_elements(${transaction.json(rows)}::jsonb) as row
    ), withdrawn as (
      update public.source_polygon_splits known set active = false, inserted_at = ${insertedAt}::timestamptz
      where ${withdraw}::boolean and active and execution_date >= ${from}::date and not exists (
        select 1 from listed where listed.ticker = known.ticker and listed.execution_date = known.execution_date)
    ), compared as (
      select listed.*, known.ticker is null or not known.active
          or known.split_from * listed.split_to <> listed.split_from * known.split_to as counts_anew,
        known.split_from * listed.split_to = listed.split_from * known.split_to
          and known.adjustment_type is not distinct from listed.adjustment_type as says_the_same
      from listed left join public.source_polygon_splits known using (ticker, execution_date)
    )
    insert into public.source_polygon_splits as known
      (ticker, execution_date, split_from, split_to, adjustment_type, inserted_at)
    select ticker, execution_date, split_from, split_to, adjustment_type, ${insertedAt}::timestamptz
    from compared where counts_anew or says_the_same is not true
    on conflict (ticker, execution_date) do update set split_from = excluded.split_from, split_to = excluded.split_to,
      adjustment_type = excluded.adjustment_type, active = true,
      inserted_at = case
        when known.active and known.split_from * excluded.split_to = excluded.split_from * known.split_to
          then known.inserted_at else excluded.inserted_at end,
      (decision, decided_by, decided_why, decided_at) = (
        select known.decision, known.decided_by, known.decided_why, known.decided_at
        where known.split_from * excluded.split_to = excluded.split_from * known.split_to
          and known.adjustment_type is not distinct from excluded.adjustment_type)`;
}

/** Of dividends, by their day: a corrected amount is a new row, and no withdrawal. */
export async function countListedDividends(
  transaction: TransactionSql,
  { rows, from }: Pick<Listing, "rows" | "from">,
): Promise<StillListed> {
  const [row] = await transaction<StillListed[]>`
    with listed as (
      select distinct row ->> 'ticker' as ticker, (row ->> 'exDividendDate')::date as ex_dividend_date
      from jsonb_array_elements(${transaction.json(rows)}::jsonb) as row
    )
    select count(*)::int as known, count(listed.ticker)::int as listed
    from public.source_polygon_dividends known left join listed using (ticker, ex_dividend_date)
    where known.active and known.ex_dividend_date >= ${from}::date`;
  return row ?? { known: 0, listed: 0 };
}

/**
 * Gives what was read before the vendor stated types the type that it is listed with now, so that it is not taken for another one:
 * that would build every payer's history anew for nothing. Of several types it is the first, and the others are new.
 */
async function adoptDividendTypes(transaction: TransactionSql, rows: JsonValue): Promise<void> {
  await transaction`
    update public.source_polygon_dividends known set distribution_type = listed.type
    from (
      select row ->> 'ticker' as ticker, (row ->> 'exDividendDate')::date as ex_dividend_date,
        (row ->> 'cashAmount')::numeric as cash_amount, row ->> 'currency' as currency,
        min(row ->> 'distributionType') as type
      from jsonb_array_elements(${transaction.json(rows)}::jsonb) as row
      group by 1, 2, 3, 4
    ) as listed
    where known.distribution_type is null and listed.type is not null and known.ticker = listed.ticker
      and known.ex_dividend_date = listed.ex_dividend_date and known.cash_amount = listed.cash_amount
      and known.currency is not distinct from listed.currency
      and not exists (
        select from public.source_polygon_dividends other
        where other.ticker = known.ticker and other.ex_dividend_date = known.ex_dividend_date
          and other.cash_amount = known.cash_amount and other.currency is not distinct from known.currency
          and other.distribution_type = listed.type)`;
}

/**
 * Takes over the dividends from `from` on; those that the vendor no longer lists are marked. Answers whether one that has
 * changed falls between bars of its ticker, so that it changes what is published of them.
 */
export async function mergeDividends(transaction: TransactionSql, listing: Listing): Promise<boolean> {
  const { rows, from, insertedAt, withdraw, distributed = isDistributed(transaction) } = listing;
  await adoptDividendTypes(transaction, rows);
  const changed = await transaction<ChangedDividend[]>`
    with listed as (
      select distinct on (row ->> 'ticker', (row ->> 'exDividendDate')::date, (row ->> 'cashAmount')::numeric,
          row ->> 'distributionType', row ->> 'currency')
        row ->> 'ticker' as ticker, (row ->> 'exDividendDate')::date as ex_dividend_date,
        (row ->> 'cashAmount')::numeric as cash_amount, row ->> 'currency' as currency,
        row ->> 'distributionType' as distribution_type,
        (row ->> 'frequency')::int as frequency, (row ->> 'payDate')::date as pay_date
      from jsonb_array_elements(${transaction.json(rows)}::jsonb) as row
    ), withdrawn as (
      update public.source_polygon_dividends known set active = false, inserted_at = ${insertedAt}::timestamptz
      where ${withdraw}::boolean and active and ex_dividend_date >= ${from}::date and not exists (
        select 1 from listed where listed.ticker = known.ticker and listed.ex_dividend_date = known.ex_dividend_date
          and listed.cash_amount = known.cash_amount
          and listed.distribution_type is not distinct from known.distribution_type
          and listed.currency is not distinct from known.currency)
      returning ticker, ex_dividend_date
    ), merged as (
      insert into public.source_polygon_dividends as known
        (ticker, ex_dividend_date, cash_amount, currency, distribution_type, frequency, pay_date, inserted_at)
      select ticker, ex_dividend_date, cash_amount, currency, distribution_type, frequency, pay_date,
        ${insertedAt}::timestamptz from listed
      on conflict (ticker, ex_dividend_date, cash_amount, distribution_type, currency) do update set
        frequency = excluded.frequency, pay_date = excluded.pay_date, active = true, inserted_at = excluded.inserted_at
      where (known.frequency, known.pay_date, known.active) is distinct from (excluded.frequency, excluded.pay_date, true)
      returning ticker, ex_dividend_date
    )
    select ticker, ex_dividend_date as date from (select * from withdrawn union all select * from merged) as changed`;
  return changed.length > 0 && (await isAmongBars(transaction, changed, distributed));
}

/** When dividends last changed what is to be published, where nobody has seen to it yet. */
export async function selectChangedDividends(sql: Sql): Promise<Date | null> {
  return (await selectReferenceRead(sql, "dividends_changed"))?.readAt ?? null;
}

/** Somebody has seen to what had changed up to `at`. */
export async function forgetChangedDividends(sql: Sql, at: Date): Promise<void> {
  await sql`delete from barline.reference_reads where kind = 'dividends_changed' and read_at <= ${at}::timestamptz`;
}

/**
 * Whether a build of the models is to begin later than now: it is queued, or what will wake it waits or is under way. One that
 * is paused is to come when people say so.
 */
export async function isBuildToCome(sql: Sql, jobs: { load: string; transform: string }): Promise<boolean> {
  const rows = await sql`
    select
    where exists (select from barline.pending_events where job_id in (${jobs.load}::text, ${jobs.transform}::text))
      or exists (select from barline.runs where job_id = ${jobs.load}::text and state in ('queued', 'running'))
      or exists (select from barline.runs where job_id = ${jobs.transform}::text and state = 'queued')
      or exists (select from barline.jobs where id = ${jobs.transform}::text and paused)`;
  return rows.length > 0;
}

/** Keeps rows of a list that were refused: each once, though the vendor repeats its garbage whenever the list is read. */
export async function insertReferenceRejects(
  transaction: TransactionSql,
  runId: number,
  rejects: NewReject[],
): Promise<void> {
  await transaction`
    insert into barline.rejects (run_id, batch, ticker, trade_date, reason, lake_key, row)
    select ${runId}::bigint, 0, item ->> 'ticker', item ->> 'tradeDate', item ->> 'reason', item ->> 'lakeKey', item -> 'row'
    from jsonb_array_elements(${transaction.json(rejects)}::jsonb) as item
    where not exists (
      select from barline.rejects known
      where known.lake_key like 'reference/%' and known.reason = item ->> 'reason' and known.row = item -> 'row')`;
}

/** Tickers of some types, or of all where `types` is null, that have traded on or after a date; in byte order. */
export async function selectTickersTradedSince(sql: Sql, types: string[] | null, from: string): Promise<string[]> {
  const rows = await sql<{ ticker: string }[]>`
    select ticker from public.source_polygon_tickers
    where (active or delisted_on >= ${from}::date) and (${types}::text[] is null or type = any (${types}::text[]))
    order by ticker`;
  return rows.map((row) => row.ticker);
}

/** Those of `tickers` that the vendor has never listed; none where its list has not been read yet. */
export async function selectUnknownTickers(sql: Sql, tickers: string[]): Promise<string[]> {
  const rows = await sql<{ ticker: string }[]>`
    select ticker from unnest(${tickers}::text[]) as asked (ticker)
    where exists (select 1 from public.source_polygon_tickers)
      and not exists (select 1 from public.source_polygon_tickers known where known.ticker = asked.ticker)`;
  return rows.map((row) => row.ticker);
}
