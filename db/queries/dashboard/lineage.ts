import type { JsonValue, Sql } from "../../client.ts";

/** An event that a run claimed, and the run that it came from. */
export type ClaimedRow = {
  id: number;
  dataset: string;
  createdAt: Date;
  runId: number;
  jobId: string;
  partition: string | null;
  partitionTo: string | null;
  /** All events that the run claimed, also beyond the limit. */
  all: number;
};

/** Events that a run claimed, oldest first. */
export function selectClaimed(sql: Sql, runId: number, limit: number): Promise<ClaimedRow[]> {
  return sql<ClaimedRow[]>`
    select
      events.id,
      events.dataset,
      events.created_at as "createdAt",
      events.run_id as "runId",
      producers.job_id as "jobId",
      producers.partition,
      producers.partition_to as "partitionTo",
      (count(*) over ())::int as all
    from barline.event_claims as claims
    inner join barline.dataset_events as events on events.id = claims.event_id
    inner join barline.runs as producers on producers.id = events.run_id
    where claims.run_id = ${runId}::bigint
    order by events.id
    limit ${limit}::int`;
}

/** An event that a run recorded, and one run that it woke: null until somebody claims it. */
export type ProducedRow = {
  id: number;
  dataset: string;
  payload: JsonValue;
  createdAt: Date;
  wokenId: number | null;
  wokenJobId: string | null;
  wokenState: string | null;
  /** All events that the run recorded, also beyond the limit. */
  all: number;
};

/** Events that a run recorded, oldest first. The claim's key begins with the job, so the jobs that listen are named. */
export function selectProduced(sql: Sql, runId: number, listeners: string[], limit: number): Promise<ProducedRow[]> {
  return sql<ProducedRow[]>`
    select
      events.id,
      events.dataset,
      events.payload,
      events.created_at as "createdAt",
      woken.id as "wokenId",
      woken.job_id as "wokenJobId",
      woken.state as "wokenState",
      (count(*) over ())::int as all
    from barline.dataset_events as events
    left join barline.event_claims as claims on claims.event_id = events.id and claims.job_id = any(${listeners}::text[])
    left join barline.runs as woken on woken.id = claims.run_id
    where events.run_id = ${runId}::bigint
    order by events.id
    limit ${limit}::int`;
}
