import type { JsonValue, TransactionSql } from "../../client.ts";

export type NewBackfill = {
  jobId: string;
  from: string;
  to: string;
  reprocess: string;
  plan: JsonValue;
  order: string;
  concurrency: number | null;
};

export async function insertBackfill(transaction: TransactionSql, backfill: NewBackfill): Promise<number> {
  const [row] = await transaction<{ id: number }[]>`
    insert into barline.backfills (job_id, from_partition, to_partition, reprocess, plan, run_order, concurrency)
    values (${backfill.jobId}::text, ${backfill.from}::text, ${backfill.to}::text, ${backfill.reprocess}::text,
      ${transaction.json(backfill.plan)}::jsonb, ${backfill.order}::text, ${backfill.concurrency}::int)
    returning id`;
  return row?.id ?? 0;
}

export type BackfillState = {
  jobId: string;
  state: string;
  paused: boolean;
  concurrency: number | null;
  order: string;
};

export async function selectBackfill(
  transaction: TransactionSql,
  backfillId: number,
): Promise<BackfillState | undefined> {
  const [row] = await transaction<BackfillState[]>`
    select job_id as "jobId", state, paused, concurrency, run_order as "order"
    from barline.backfills where id = ${backfillId}::bigint`;
  return row;
}

/** Changes what is given of how a backfill goes on; a null `concurrency` lifts its limit. False where it has ended. */
export async function changeBackfill(
  transaction: TransactionSql,
  backfillId: number,
  change: { paused?: boolean; order?: string; concurrency?: number | null },
): Promise<boolean> {
  const rows = await transaction`
    update barline.backfills set paused = coalesce(${change.paused ?? null}::boolean, paused),
      run_order = coalesce(${change.order ?? null}::text, run_order),
      concurrency = case when ${change.concurrency === undefined}::boolean then concurrency
        else ${change.concurrency ?? null}::int end
    where id = ${backfillId}::bigint and state in ('queued', 'running')
    returning id`;
  return rows.length === 1;
}

/**
 * Locks backfills, in the order in which everybody does. Of two runs that end together the second waits here, and so counts with
 * the first's end in view; without it each would see the other still running, and the backfill would stay so for ever.
 */
export async function lockBackfills(transaction: TransactionSql, backfillIds: number[]): Promise<void> {
  await transaction`select 1 from barline.backfills where id = any (${backfillIds}::bigint[]) order by id for update`;
}

/**
 * Brings backfills' states in line with their runs: running while one is active, then what the worst of them is. An ended
 * one is paused no longer: a run of it that is retried would wait for ever. Only what changes is written, as most ends of a
 * run change nothing.
 * The caller holds the backfills' locks.
 */
export async function settleBackfills(transaction: TransactionSql, backfillIds: number[]): Promise<void> {
  await transaction`
    with counted as (
      select backfills.id, count(*) filter (where runs.state in ('queued', 'running')) as active,
        count(*) filter (where runs.state = 'failed') as failed,
        count(*) filter (where runs.state = 'cancelled') as cancelled
      from barline.backfills left join barline.runs on runs.backfill_id = backfills.id
      where backfills.id = any (${backfillIds}::bigint[])
      group by backfills.id
    )
    update barline.backfills
    set state = case when active > 0 then 'running' when failed > 0 then 'failed'
        when cancelled > 0 then 'cancelled' else 'success' end,
      finished_at = case when active = 0 then now() end,
      paused = paused and active > 0
    from counted
    where backfills.id = counted.id and not (active > 0 and state = 'running' and finished_at is null)`;
}

/** Locks what of a backfill has not ended, in the order in which others lock several runs. */
export async function lockActiveRunsOfBackfill(transaction: TransactionSql, backfillId: number): Promise<number[]> {
  const rows = await transaction<{ id: number }[]>`
    select id from barline.runs where backfill_id = ${backfillId}::bigint and state in ('queued', 'running')
    order by id for update`;
  return rows.map((row) => row.id);
}

/** Ends runs as cancelled. The caller holds their locks, and has stopped their tasks. */
export async function cancelRuns(transaction: TransactionSql, runIds: number[]): Promise<void> {
  await transaction`
    update barline.runs set state = 'cancelled', finished_at = now(), error = null
    where id = any (${runIds}::bigint[])`;
}

/**
 * Locks the failed runs of a backfill that may go on: no other run of their partitions is under way, and no later one has
 * taken all of them over. One that somebody holds is being retried already and is passed over, so nobody waits.
 */
export async function lockFailedRunsOfBackfill(transaction: TransactionSql, backfillId: number): Promise<number[]> {
  const rows = await transaction<{ id: number }[]>`
    select id from barline.runs
    where backfill_id = ${backfillId}::bigint and state = 'failed'
      -- A run that somebody marked as failed may have nothing to do again, and would wait for ever.
      and (
        exists (select from barline.tasks where run_id = runs.id and state in ('failed', 'cancelled'))
        or not exists (select from barline.tasks where run_id = runs.id)
      )
      and not exists (
        select from barline.run_partitions held join barline.runs others on others.id = held.run_id
        where held.job_id = runs.job_id and held.partition between runs.partition and runs.partition_to
          and others.id <> runs.id and others.state in ('queued', 'running')
      )
      and (
        exists (select from barline.run_partitions where run_id = runs.id)
        or not exists (
          select from barline.run_partitions held
          where held.job_id = runs.job_id and held.partition between runs.partition and runs.partition_to
            and held.run_id > runs.id
        )
      )
    order by id for update skip locked`;
  return rows.map((row) => row.id);
}

/** Puts ended runs back in the queue, their tasks being queued already. The caller holds the locks of the job and the runs. */
export async function requeueRuns(transaction: TransactionSql, runIds: number[]): Promise<void> {
  await transaction`
    update barline.runs set state = 'queued', started_at = null, finished_at = null, error = null
    where id = any (${runIds}::bigint[])`;
}
