import type { Sql } from "../../client.ts";

export type JobProgress = { jobId: string; queued: number; running: number; ended: number; failed: number };

/** Runs of each job that are active or ended since `since`. */
export async function selectProgress(sql: Sql, since: Date): Promise<JobProgress[]> {
  return await sql<JobProgress[]>`
    select job_id as "jobId",
      count(*) filter (where state = 'queued')::int as queued,
      count(*) filter (where state = 'running')::int as running,
      count(*) filter (where state = 'success')::int as ended,
      count(*) filter (where state in ('failed', 'cancelled'))::int as failed
    from barline.runs
    where state in ('queued', 'running') or finished_at >= ${since}::timestamptz
    group by job_id order by min(id)`;
}
