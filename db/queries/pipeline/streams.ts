import type { Sql, TransactionSql } from "../../client.ts";

/** How far a job is with what streams through it, in units: its runs, or the events that they claim. */
export type Stream = {
  jobId: string;
  /** Units that wait or are at work. */
  left: number;
  /** Units that succeeded of late, and the seconds that they took together. */
  done: number;
  seconds: number;
  /** Seconds since the last of them, and how many the slowest run took. */
  idleSeconds: number;
  slowestSeconds: number;
};

/**
 * How far jobs are, judged by the runs that succeeded after `since`, seen at `now`; a job without such is not among the answers.
 * Rechecks are none of it. Runs that ended have no index by time; some thousands of them are read, for as long as something streams.
 */
export async function selectStreams(
  sql: Sql | TransactionSql,
  jobIds: string[],
  { since, now }: { since: Date; now: Date },
): Promise<Stream[]> {
  return await sql<Stream[]>`
    with units as (
      select runs.job_id, runs.state in ('queued', 'running') as is_left, runs.started_at, runs.finished_at
      from barline.runs left join barline.event_claims claims on claims.run_id = runs.id
      where runs.job_id = any (${jobIds}::text[]) and runs.trigger <> 'recheck'
        and (runs.state in ('queued', 'running') or runs.state = 'success' and runs.finished_at > ${since}::timestamptz)
      union all
      select job_id, true, null, null from barline.pending_events where job_id = any (${jobIds}::text[])
    ), done as (
      select * from units where not is_left
    ), counted as (
      select job_id, count(*)::int as done,
        extract(epoch from ${now}::timestamptz - greatest(${since}::timestamptz, min(started_at)))::float8 as seconds,
        extract(epoch from ${now}::timestamptz - max(finished_at))::float8 as idle_seconds,
        extract(epoch from max(finished_at - started_at))::float8 as slowest_seconds
      from done group by job_id
    )
    select job_id as "jobId", done, seconds, idle_seconds as "idleSeconds", slowest_seconds as "slowestSeconds",
      (select count(*)::int from units where units.job_id = counted.job_id and is_left) as left
    from counted`;
}
