import type { JsonValue, Sql, TransactionSql } from "../client.ts";

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

export type BackfillState = { jobId: string; state: string; paused: boolean };

export async function selectBackfill(
  transaction: TransactionSql,
  backfillId: number,
): Promise<BackfillState | undefined> {
  const [row] = await transaction<BackfillState[]>`
    select job_id as "jobId", state, paused from barline.backfills where id = ${backfillId}::bigint`;
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
 * Locks a backfill's row. Of two runs that end together the second waits here, and so counts with the first's end in
 * view; without it each would see the other still running, and the backfill would stay so for ever.
 */
export async function lockBackfill(transaction: TransactionSql, backfillId: number): Promise<void> {
  await transaction`select 1 from barline.backfills where id = ${backfillId}::bigint for update`;
}

/**
 * Brings a backfill's state in line with its runs: running while one is active, then what the worst of them is. An ended
 * one is paused no longer: a run of it that is retried would wait for ever.
 * The caller holds the backfill's lock.
 */
export async function settleBackfill(transaction: TransactionSql, backfillId: number): Promise<void> {
  await transaction`
    with counted as (
      select count(*) filter (where state in ('queued', 'running')) as active,
        count(*) filter (where state = 'failed') as failed,
        count(*) filter (where state = 'cancelled') as cancelled
      from barline.runs where backfill_id = ${backfillId}::bigint
    )
    update barline.backfills
    set state = case when active > 0 then 'running' when failed > 0 then 'failed'
        when cancelled > 0 then 'cancelled' else 'success' end,
      finished_at = case when active = 0 then now() end,
      paused = paused and active > 0
    from counted
    where id = ${backfillId}::bigint`;
}

/** The active runs of a backfill; undefined where there is no such backfill. */
export async function selectActiveRunsOfBackfill(sql: Sql, backfillId: number): Promise<number[] | undefined> {
  const rows = await sql<{ runId: number | null }[]>`
    select runs.id as "runId" from barline.backfills
    left join barline.runs on runs.backfill_id = backfills.id and runs.state in ('queued', 'running')
    where backfills.id = ${backfillId}::bigint order by runs.id desc`;
  return rows.length === 0 ? undefined : rows.flatMap((row) => row.runId ?? []);
}
