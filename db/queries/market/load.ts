import type { Writable } from "node:stream";
import { isDistributed, type JsonValue, type Sql, type TransactionSql } from "../../client.ts";

/** Makes the tries of one batch go one after the other, to the end of the transaction. */
export async function lockBatch(transaction: TransactionSql, runId: number, batch: number): Promise<void> {
  await transaction`select pg_advisory_xact_lock(hashtextextended(${`stage ${runId}/${batch}`}::text, 0))`;
}

/** Removes what an earlier try of a batch left: its COPY may have been committed before its success was. */
export async function clearBatch(transaction: TransactionSql, runId: number, batch: number): Promise<void> {
  await transaction`
    delete from barline.staging_stock_bars where run_id = ${runId}::bigint and batch = ${batch}::int`;
  await transaction`delete from barline.rejects where run_id = ${runId}::bigint and batch = ${batch}::int`;
}

/** Whether a task has been begun again since its try `number`, which is then no longer anybody's. */
export async function isOvertaken(transaction: TransactionSql, taskId: number, number: number): Promise<boolean> {
  const rows = await transaction`select 1 from barline.tasks where id = ${taskId}::bigint and tries > ${number}::int`;
  return rows.length > 0;
}

/** Opens a COPY into staging; write text-format lines with the columns in this order. It is destroyed with what goes wrong. */
export async function copyToStaging(transaction: TransactionSql): Promise<Writable> {
  const query = transaction`
    copy barline.staging_stock_bars
      (run_id, batch, sequence, requested, ticker, trade_date, open, high, low, close, volume, vwap, transactions)
    from stdin`;
  const stream = await query.writable();
  // The driver forgets the stream with its last byte. A fault after that (a refused row, a full disk, a lost connection) it
  // tells only the query, which was over when it gave the stream, and whoever wrote would wait for ever.
  Object.assign(query, { reject: (error: Error) => stream.destroy(error) });
  // Whoever writes learns of it too; without a listener, a fault before or after that would end the whole worker.
  stream.on("error", () => {});
  return stream;
}

/** A row that was refused, or taken with a remark. */
export type NewReject = {
  kind: "reject" | "note";
  ticker: string | null;
  tradeDate: string | null;
  reason: string;
  lakeKey: string;
  row: JsonValue;
};

export async function insertRejects(
  transaction: TransactionSql,
  runId: number,
  batch: number,
  rejects: NewReject[],
): Promise<void> {
  await transaction`
    insert into barline.rejects (run_id, batch, kind, ticker, trade_date, reason, lake_key, row)
    select ${runId}::bigint, ${batch}::int, coalesce(item ->> 'kind', 'reject'), item ->> 'ticker', item ->> 'tradeDate',
      item ->> 'reason', item ->> 'lakeKey', item -> 'row'
    from jsonb_array_elements(${transaction.json(rejects)}::jsonb) as item`;
}

/** Which tickers of whole-market answers are wanted; null is no condition. */
export type UniverseFilter = { types: string[] | null; tickers: string[] | null };

/** Remembers what the raw bars are kept to from now on, where that has changed. */
export async function recordUniverse(transaction: TransactionSql, { types, tickers }: UniverseFilter): Promise<void> {
  await transaction`
    insert into barline.universes (types, tickers)
    select ${types}::text[], ${tickers}::text[]
    where not exists (
      select from (select * from barline.universes order by id desc limit 1) as newest
      where newest.types is not distinct from ${types}::text[]
        and newest.tickers is not distinct from ${tickers}::text[])`;
}

/**
 * Lets a merge sort and compare a month of the whole market in memory, to the end of the transaction: with the server's default it
 * goes through files, which costs it a third of its time. `distributed`: shards are to know of it, which only hear of a statement
 * that sets something, and where they are asked to.
 */
export async function allowMergeMemory(
  transaction: TransactionSql,
  distributed = isDistributed(transaction),
): Promise<void> {
  if (distributed) {
    await transaction`set local citus.propagate_set_commands = 'local'`;
    await transaction`set local work_mem = '64MB'`;
    return;
  }
  await transaction`
    select set_config('work_mem', '64MB', true) where pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('64MB')`;
}

/**
 * Tells the planner how much is staged, unless somebody does so already. A month of the whole market, taken for some hundred rows, was
 * put into a hash table to be compared with the bars that are held back, which are few. Only the number of rows and of runs matters, for
 * which the smallest sample does: 1 ms, where the usual one took 30.
 */
export async function analyzeStaging(transaction: TransactionSql): Promise<void> {
  await transaction`set local default_statistics_target = 1`;
  await transaction`analyze (skip_locked) barline.staging_stock_bars (run_id, sequence)`;
}

/**
 * Whether the raw table has any bar of a ticker between two staged ones of a month. Of sessions that are loaded for the first time
 * it has none, and one search a ticker and month, which tells, costs a third of one a bar.
 */
async function hasBarsAround(transaction: TransactionSql, runId: number): Promise<boolean> {
  const rows = await transaction`
    select 1 from (
      select ticker, min(trade_date) as first, max(trade_date) as last
      from barline.staging_stock_bars where run_id = ${runId}::bigint
      group by ticker, (trade_date - date '2000-01-01') / 31
    ) as spans
    cross join lateral (
      select bars.ticker from public.source_polygon_stock_bars_daily bars
      where bars.ticker = spans.ticker and bars.trade_date between spans.first and spans.last offset 0
    ) as found
    limit 1`;
  return rows.length > 0;
}

/** `firstDate` and `lastDate` are of the bars that are new or say something else now. */
export type Merged = {
  inserted: number;
  updated: number;
  unchanged: number;
  firstDate: string | null;
  lastDate: string | null;
};

/**
 * Merges what a run staged, all of it or that of some events, into the raw bars. Of several answers for one bar the latest
 * wins; a row that says what is there already is not touched, so its `inserted_at` stays and the models have nothing to redo. The caller holds the
 * raw tables' lock, so nobody else adds a bar between the look and the insert. New bars go in by a plain insert, which
 * costs half of one that could conflict; `offset 0` keeps the look at what is there an index search a bar, as a plan
 * that reads the whole table would cost more with each year in it. A bar that was removed and is here again is no longer
 * among the removed ones.
 */
export async function mergeStagedBars(
  transaction: TransactionSql,
  runId: number,
  insertedAt: Date,
  universe: UniverseFilter,
  sequences: number[] | null = null,
): Promise<Merged> {
  const isCompared = await hasBarsAround(transaction, runId);
  const [row] = await transaction<Merged[]>`
    with latest as (
      select distinct on (ticker, trade_date) ticker, trade_date, open, high, low, close, volume, vwap, transactions
      from barline.staging_stock_bars staged
      where run_id = ${runId}::bigint and (${sequences}::bigint[] is null or sequence = any (${sequences}::bigint[]))
        and (requested
        or (${universe.types}::text[] is null and ${universe.tickers}::text[] is null)
        or ticker = any (${universe.tickers}::text[])
        or ticker in (select ticker from public.source_polygon_tickers where type = any (${universe.types}::text[])))
      order by ticker, trade_date, sequence desc
    ), compared as materialized (
      select latest.*, known.ticker is null as is_new, known.ticker is not null
        and (known.open, known.high, known.low, known.close, known.volume, known.vwap, known.transactions)
          is distinct from (latest.open, latest.high, latest.low, latest.close, latest.volume, latest.vwap,
            latest.transactions) as is_revised
      from latest left join lateral (
        select bars.* from public.source_polygon_stock_bars_daily bars
        where ${isCompared}::boolean and bars.ticker = latest.ticker and bars.trade_date = latest.trade_date offset 0
      ) as known on true
      where not exists (
        select from barline.quarantined_bars as held
        inner join barline.quarantines on quarantines.id = held.quarantine_id and quarantines.state <> 'released'
        where held.ticker = latest.ticker and held.trade_date = latest.trade_date
          and (held.open, held.high, held.low, held.close, held.volume, held.vwap, held.transactions)
            is not distinct from (latest.open, latest.high, latest.low, latest.close, latest.volume, latest.vwap,
              latest.transactions)
      )
    ), inserted as (
      insert into public.source_polygon_stock_bars_daily
        (ticker, trade_date, open, high, low, close, volume, vwap, transactions, inserted_at)
      select ticker, trade_date, open, high, low, close, volume, vwap, transactions, ${insertedAt}::timestamptz
      from compared where is_new
    ), returned as (
      delete from public.source_polygon_removed_bars as removed
      using compared
      where compared.is_new and removed.ticker = compared.ticker and removed.trade_date = compared.trade_date
    ), corrected as (
      insert into public.source_polygon_stock_bars_daily
        (ticker, trade_date, open, high, low, close, volume, vwap, transactions, inserted_at)
      select ticker, trade_date, open, high, low, close, volume, vwap, transactions, ${insertedAt}::timestamptz
      from compared where is_revised
      on conflict (ticker, trade_date) do update set
        open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
        volume = excluded.volume, vwap = excluded.vwap, transactions = excluded.transactions,
        inserted_at = excluded.inserted_at
    )
    select count(*) filter (where is_new)::int as inserted, count(*) filter (where is_revised)::int as updated,
      count(*) filter (where not is_new and not is_revised)::int as unchanged,
      min(trade_date) filter (where is_new or is_revised) as "firstDate",
      max(trade_date) filter (where is_new or is_revised) as "lastDate"
    from compared`;
  return row ?? { inserted: 0, updated: 0, unchanged: 0, firstDate: null, lastDate: null };
}

/** What a run's answers made of the raw bars, in bars. */
export type MergeCounts = {
  new: number;
  revised: number;
  unchanged: number;
  /** Lacking from a complete later answer for the first time. */
  doubtful: number;
  /** Lacking from two in a row, and so removed. */
  withdrawn: number;
  /** Withdrawn once, and stated again; also counted as new. */
  returned: number;
  /** First and last session of the bars that are new, revised or withdrawn. */
  firstDate: string | null;
  lastDate: string | null;
};

/** What a load run says of its merge: rows staged and rejected, and what became of the bars. */
export type MergeSummary = MergeCounts & {
  rows: number;
  rejected: number;
  repeated: number;
  withheld: number;
  /** Splits that the prices denied; absent where there was none. */
  splitsSetAside?: number;
};

/**
 * Adds what a merge did to what its run says of itself, in the merge's own transaction. Killed after it, a run merges again
 * and finds nothing to do; what it did is known all the same.
 */
export async function addMerge(transaction: TransactionSql, runId: number, merge: MergeSummary): Promise<MergeSummary> {
  const [row] = await transaction<{ summary: Partial<MergeSummary> | null }[]>`
    select summary from barline.runs where id = ${runId}::bigint for update`;
  const before = row?.summary ?? {};
  const sum = (name: "new" | "revised" | "doubtful" | "withdrawn" | "returned") => (before[name] ?? 0) + merge[name];
  const added = { new: sum("new"), revised: sum("revised"), doubtful: sum("doubtful") };
  const dates = [before.firstDate, before.lastDate, merge.firstDate, merge.lastDate].filter((date) => date != null);
  const splitsSetAside = (before.splitsSetAside ?? 0) + (merge.splitsSetAside ?? 0);
  const unchanged = merge.new + merge.revised + merge.unchanged - added.new - added.revised;
  const summary: MergeSummary = {
    ...{ rows: merge.rows, rejected: merge.rejected, repeated: merge.repeated, withheld: merge.withheld },
    ...{ ...added, unchanged: Math.max(0, unchanged) },
    ...{ withdrawn: sum("withdrawn"), returned: sum("returned") },
    ...{ firstDate: dates.sort()[0] ?? null, lastDate: dates.sort().at(-1) ?? null },
    ...(splitsSetAside > 0 && { splitsSetAside }),
  };
  await transaction`
    update barline.runs set summary = ${transaction.json(summary)}::jsonb where id = ${runId}::bigint`;
  return summary;
}

/** Empties staging after the merge. One load runs at a time, so all that is in it has been merged or was abandoned. */
export async function emptyStaging(transaction: TransactionSql): Promise<void> {
  await transaction`truncate barline.staging_stock_bars, barline.compared_bars`;
}

/** How many rows a run has staged. */
export async function countStaged(sql: Sql | TransactionSql, runId: number): Promise<number> {
  const [row] = await sql<{ rows: number }[]>`
    select count(*)::int as rows from barline.staging_stock_bars where run_id = ${runId}::bigint`;
  return row?.rows ?? 0;
}

export type LaterLoad = { sequence: number; manifest: string };

/**
 * For each event that a run claimed: the manifests of later events whose dates meet its own and that another run of the job
 * has loaded already.
 */
export async function selectLaterLoads(sql: Sql, runId: number): Promise<LaterLoad[]> {
  return await sql<LaterLoad[]>`
    select mine.id as sequence, later.payload ->> 'manifest' as manifest
    from barline.event_claims my_claims
    join barline.dataset_events mine on mine.id = my_claims.event_id
    join barline.dataset_events later on later.dataset = mine.dataset and later.id > mine.id
      and later.payload ->> 'from' <= mine.payload ->> 'to' and later.payload ->> 'to' >= mine.payload ->> 'from'
    join barline.event_claims claims on claims.event_id = later.id and claims.job_id = my_claims.job_id
    join barline.runs on runs.id = claims.run_id and runs.state = 'success'
    where my_claims.run_id = ${runId}::bigint`;
}

/** Takes out of a run's staged rows those of sessions that a later answer has superseded. Answers how many. */
export async function deleteSuperseded(
  transaction: TransactionSql,
  runId: number,
  superseded: { sequence: number; session: string }[],
): Promise<number> {
  const sequences = superseded.map(({ sequence }) => sequence);
  const sessions = superseded.map(({ session }) => session);
  const rows = await transaction`
    delete from barline.staging_stock_bars staged
    using unnest(${sequences}::bigint[], ${sessions}::date[]) as item (sequence, session)
    where run_id = ${runId}::bigint and not requested and staged.sequence = item.sequence
      and trade_date = item.session`;
  return rows.count;
}
