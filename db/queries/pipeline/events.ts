import type { JsonValue, Sql, TransactionSql } from "../../client.ts";

/** An event, and the run and task that produced it. */
export type NewEvent = { runId: number; taskId: number; dataset: string; payload: JsonValue };

/** Records events; each waits from now on for every job that its dataset wakes. */
export async function insertEvents(transaction: TransactionSql, events: NewEvent[]): Promise<void> {
  await transaction`
    with recorded as (
      insert into barline.dataset_events (dataset, run_id, task_id, payload)
      select event ->> 'dataset', (event ->> 'runId')::bigint, (event ->> 'taskId')::bigint, event -> 'payload'
      from jsonb_array_elements(${transaction.json(events)}::jsonb) with ordinality as list (event, position)
      order by position
      returning id, dataset
    )
    insert into barline.pending_events (job_id, event_id)
    select job_id, recorded.id from recorded join barline.subscriptions using (dataset)`;
}

export type Subscription = { jobId: string; dataset: string };

export async function selectSubscriptions(sql: Sql | TransactionSql): Promise<Subscription[]> {
  return await sql<Subscription[]>`select job_id as "jobId", dataset from barline.subscriptions`;
}

/** Holds up whoever records events until the transaction ends, so that a change of subscriptions misses none. */
export async function lockEvents(transaction: TransactionSql): Promise<void> {
  await transaction`lock table barline.dataset_events in exclusive mode`;
}

/** Ends subscriptions, and what waits by them. The events stay, and wait again where the subscription returns. */
export async function deleteSubscriptions(transaction: TransactionSql, ended: Subscription[]): Promise<void> {
  await transaction`
    with ended as (
      select * from unnest(${ended.map((one) => one.jobId)}::text[], ${ended.map((one) => one.dataset)}::text[])
        as subscription (job_id, dataset)
    ), unsubscribed as (
      delete from barline.subscriptions using ended
      where subscriptions.job_id = ended.job_id and subscriptions.dataset = ended.dataset
    )
    delete from barline.pending_events pending using ended, barline.dataset_events events
    where pending.job_id = ended.job_id and events.id = pending.event_id and events.dataset = ended.dataset`;
}

/** Begins subscriptions: events that are there already and that the job never claimed wait for it too. */
export async function insertSubscriptions(transaction: TransactionSql, begun: Subscription[]): Promise<void> {
  await transaction`
    with begun as (
      insert into barline.subscriptions (job_id, dataset)
      select * from unnest(${begun.map((one) => one.jobId)}::text[], ${begun.map((one) => one.dataset)}::text[])
      returning job_id, dataset
    )
    insert into barline.pending_events (job_id, event_id)
    select begun.job_id, events.id
    from begun join barline.dataset_events events using (dataset)
    where not exists (
      select from barline.event_claims claims where claims.job_id = begun.job_id and claims.event_id = events.id)
    on conflict do nothing`;
}

/** Whether an event waits for a run of the job. */
export async function hasPendingEvents(sql: Sql | TransactionSql, jobId: string): Promise<boolean> {
  const rows = await sql`select from barline.pending_events where job_id = ${jobId}::text limit 1`;
  return rows.length > 0;
}

/** Whether events wait for a run of one of the jobs, which nobody has paused; those of rechecks announce no news. */
export async function hasPendingNews(sql: Sql | TransactionSql, jobIds: string[]): Promise<boolean> {
  const rows = await sql`
    select from barline.pending_events pending
    join barline.jobs on jobs.id = pending.job_id and not jobs.paused
    join barline.dataset_events events on events.id = pending.event_id
    join barline.runs on runs.id = events.run_id and runs.trigger <> 'recheck'
    where pending.job_id = any (${jobIds}::text[]) limit 1`;
  return rows.length > 0;
}

/** Lets no event wait for a run of the job any more; none of them wakes it again. The caller holds the job's lock. */
export async function passOverEvents(transaction: TransactionSql, jobId: string): Promise<void> {
  await transaction`delete from barline.pending_events where job_id = ${jobId}::text`;
}

/** When the oldest event that waits for a run of the job was recorded; undefined where none waits. */
export async function selectWaitingSince(sql: Sql | TransactionSql, jobId: string): Promise<Date | undefined> {
  const [row] = await sql<{ at: Date }[]>`
    select events.created_at as at
    from barline.pending_events pending join barline.dataset_events events on events.id = pending.event_id
    where pending.job_id = ${jobId}::text order by pending.event_id limit 1`;
  return row?.at;
}

/** Gives a run the oldest events that wait for its job, `limit` at the most. The caller holds the job's lock. Answers how many. */
export async function claimEvents(
  transaction: TransactionSql,
  claim: { jobId: string; runId: number; limit: number },
): Promise<number> {
  const rows = await transaction`
    with taken as (
      delete from barline.pending_events
      where job_id = ${claim.jobId}::text and event_id in (
        select event_id from barline.pending_events where job_id = ${claim.jobId}::text
        order by event_id limit ${claim.limit}::int)
      returning job_id, event_id
    )
    insert into barline.event_claims (job_id, event_id, run_id)
    select job_id, event_id, ${claim.runId}::bigint from taken
    returning event_id`;
  return rows.length;
}

/** Whether a run claimed events that can still be read. */
export async function hasClaimedEvents(sql: Sql | TransactionSql, runId: number): Promise<boolean> {
  const rows = await sql`select from barline.event_claims where run_id = ${runId}::bigint limit 1`;
  return rows.length > 0;
}

export type ClaimedEventRow = { id: number; dataset: string; runId: number; payload: JsonValue };

/** Events that a run claimed, oldest first. */
export async function selectClaimedEvents(sql: Sql, runId: number): Promise<ClaimedEventRow[]> {
  return await sql<ClaimedEventRow[]>`
    select events.id, events.dataset, events.run_id as "runId", events.payload
    from barline.event_claims claims join barline.dataset_events events on events.id = claims.event_id
    where claims.run_id = ${runId}::bigint order by events.id`;
}
