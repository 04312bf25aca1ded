import type { Sql, TransactionSql } from "../../client.ts";

/** How far a job is with what streams through it, in units: its runs, or the events that they claim. */
export type Stream = {
  jobId: string;
  /** Units that wait or are at work. */
  left: number;
  /** Units that succeeded of late, and the seconds that they took together. */
  done: number;
  seconds: number;
};

/**
 * How far jobs are, judged by the runs that succeeded after `since`, seen at `now`. Rechecks are none of it. Runs that ended have
 * no index by time; some thousands of them are read, for as long as something streams.
 */
export async function selectStreams(
  sql: Sql | TransactionSql,
  jobIds: string[],
  { since, now }: { since: Date; now: Date },
): Promise<Stream[]> {
  return await sql<Stream[]>`
    with units as (
      select runs.job_id, runs.state in ('queued', 'running') as is_left, runs.started_at
      from barline.runs left join barline.event_claims claims on claims.run_id = runs.id
      where runs.job_id = any (${jobIds}::text[]) and runs.trigger <> 'recheck'
        and (runs.state in ('queued', 'running') or runs.state = 'success' and runs.finished_at > ${since}::timestamptz)
      union all
      select job_id, true, null from barline.pending_events where job_id = any (${jobIds}::text[])
    )
    select job_id as "jobId", count(*) filter (where is_left)::int as left, count(*) filter (where not is_left)::int as done,
      coalesce(extract(epoch from ${now}::timestamptz
        - greatest(${since}::timestamptz, min(started_at) filter (where not is_left))), 0)::float8 as seconds
    from units group by job_id`;
}
