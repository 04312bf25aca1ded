import type { JsonValue, Sql, TransactionSql } from "../client.ts";

export type NewEvent = { dataset: string; payload: JsonValue };

export async function insertEvents(
  transaction: TransactionSql,
  producer: { runId: number; taskId: number },
  events: NewEvent[],
): Promise<void> {
  await transaction`
    insert into barline.dataset_events (dataset, run_id, task_id, payload)
    select event ->> 'dataset', ${producer.runId}::bigint, ${producer.taskId}::bigint, event -> 'payload'
    from jsonb_array_elements(${transaction.json(events)}::jsonb) as event`;
}

/** Datasets among `datasets` that hold an event which `jobId` has not claimed. */
export async function hasUnclaimedEvents(
  sql: Sql | TransactionSql,
  jobId: string,
  datasets: string[],
): Promise<boolean> {
  const rows = await sql`
    select 1 from barline.dataset_events events
    where dataset = any (${datasets}::text[]) and not exists (
      select 1 from barline.event_claims claims where claims.job_id = ${jobId}::text and claims.event_id = events.id)
    limit 1`;
  return rows.length > 0;
}

/** Gives a run the oldest unclaimed events of `datasets`, `limit` at the most. The caller holds the job's lock. Answers how many. */
export async function claimEvents(
  transaction: TransactionSql,
  claim: { jobId: string; runId: number; datasets: string[]; limit: number },
): Promise<number> {
  const rows = await transaction`
    insert into barline.event_claims (job_id, event_id, run_id)
    select ${claim.jobId}::text, events.id, ${claim.runId}::bigint
    from barline.dataset_events events
    where dataset = any (${claim.datasets}::text[]) and not exists (
      select 1 from barline.event_claims claims where claims.job_id = ${claim.jobId}::text and claims.event_id = events.id)
    order by events.id limit ${claim.limit}::int
    returning event_id`;
  return rows.length;
}

export type ClaimedEventRow = { id: number; dataset: string; runId: number; payload: JsonValue };

/** Events that a run claimed, oldest first. */
export async function selectClaimedEvents(sql: Sql, runId: number): Promise<ClaimedEventRow[]> {
  return await sql<ClaimedEventRow[]>`
    select events.id, events.dataset, events.run_id as "runId", events.payload
    from barline.event_claims claims join barline.dataset_events events on events.id = claims.event_id
    where claims.run_id = ${runId}::bigint order by events.id`;
}
