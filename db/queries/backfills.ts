import type { JsonValue, Sql, TransactionSql } from "../client.ts";

export async function insertBackfill(
  transaction: TransactionSql,
  backfill: { jobId: string; from: string; to: string; reprocess: string; plan: JsonValue },
): Promise<number> {
  const [row] = await transaction<{ id: number }[]>`
    insert into barline.backfills (job_id, from_partition, to_partition, reprocess, plan)
    values (${backfill.jobId}::text, ${backfill.from}::text, ${backfill.to}::text, ${backfill.reprocess}::text,
      ${transaction.json(backfill.plan)}::jsonb)
    returning id`;
  return row?.id ?? 0;
}

/**
 * Locks a backfill's row. Of two runs that end together the second waits here, and so counts with the first's end in
 * view; without it each would see the other still running, and the backfill would stay so for ever.
 */
export async function lockBackfill(transaction: TransactionSql, backfillId: number): Promise<void> {
  await transaction`select 1 from barline.backfills where id = ${backfillId}::bigint for update`;
}

/**
 * Brings a backfill's state in line with its runs: running while one is active, then what the worst of them is.
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
      finished_at = case when active = 0 then now() end
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
