import type { Sql } from "../../client.ts";

export type JobStateRow = {
  id: string;
  paused: boolean;
  queued: number;
  running: number;
  failed: number;
  lastSuccess: Date | null;
  lastSuccessRun: number | null;
  /** Whether an event of a dataset that wakes the job waits for one of its runs. */
  hasUnclaimed: boolean;
};

/**
 * How each of `jobIds` stands, in that order. One statement, so that no run can end between the counts and its event
 * appear after them: an idle pipeline is really idle.
 */
export async function readJobStates(sql: Sql, jobIds: readonly string[]): Promise<JobStateRow[]> {
  return await sql<JobStateRow[]>`
    with wanted as (
      select * from unnest(${[...jobIds]}::text[]) with ordinality as job (id, position)
    ),
    counts as (
      select
        job_id,
        count(*) filter (where state = 'queued') as queued,
        count(*) filter (where state = 'running') as running
      from barline.runs
      where state in ('queued', 'running')
      group by job_id
    ),
    failures as (
      select job_id, count(*) as failed from barline.runs where state = 'failed' group by job_id
    ),
    unclaimed as (
      select distinct job_id from barline.pending_events
    )
    select
      wanted.id,
      coalesce(job.paused, false) as "paused",
      coalesce(counts.queued, 0) as "queued",
      coalesce(counts.running, 0) as "running",
      coalesce(failures.failed, 0) as "failed",
      success.finished_at as "lastSuccess",
      success.id as "lastSuccessRun",
      unclaimed.job_id is not null as "hasUnclaimed"
    from wanted
    left join barline.jobs as job on job.id = wanted.id
    left join counts on counts.job_id = wanted.id
    left join failures on failures.job_id = wanted.id
    left join unclaimed on unclaimed.job_id = wanted.id
    left join lateral (
      select id, finished_at from barline.runs
      where job_id = wanted.id and state = 'success'
      order by finished_at desc nulls last, id desc
      limit 1
    ) as success on true
    order by wanted.position`;
}
