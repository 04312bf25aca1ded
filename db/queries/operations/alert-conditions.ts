import type { Sql, TransactionSql } from "../../client.ts";
import { stillFailed } from "../pipeline/read-failures.ts";
import type { KeptError } from "../pipeline/read-problems.ts";

/** The newest run of a job that failed and that nothing has made good, and how many others there are. */
export type FailedJob = {
  jobId: string;
  runId: number;
  partition: string | null;
  partitionTo: string | null;
  error: KeptError | null;
  others: number;
};

/** One row for each job that has failed runs. */
export async function selectFailedJobs(sql: Sql | TransactionSql): Promise<FailedJob[]> {
  return await sql<FailedJob[]>`
    select "jobId", "runId", partition, "partitionTo", error, others
    from (
      select
        job_id as "jobId",
        id as "runId",
        partition,
        partition_to as "partitionTo",
        error,
        (count(*) over (partition by job_id) - 1)::int as others,
        row_number() over (partition by job_id order by finished_at desc nulls last, id desc) as position
      from barline.runs
      where ${stillFailed(sql as Sql)}
    ) as ranked
    where position = 1
    order by "jobId"`;
}

/** How one data test of severity `error` went that did not pass: `fail`, `error`, or `skipped` where it was not asked for long. */
export type TestOutcome = {
  runId: number;
  name: string;
  subject: string;
  status: string;
  failures: number;
  message: string | null;
};

/**
 * The tests of severity `error` of the newest build of `jobId`: those that failed or could not run when a build last asked them, and
 * those that none of the last twenty has asked. A run that ended before its tests says nothing of them; a test that is no longer in the
 * project is nobody's problem.
 */
export async function selectTestOutcomes(sql: Sql | TransactionSql, jobId: string): Promise<TestOutcome[]> {
  return await sql<TestOutcome[]>`
    with recent as (
      select id
      from barline.runs
      where
        job_id = ${jobId}::text
        and exists (select from barline.test_results where run_id = runs.id and kind <> 'freshness')
      order by id desc
      limit 20
    ),
    results as (
      select tests.*
      from recent
      inner join barline.test_results as tests on tests.run_id = recent.id and tests.kind <> 'freshness'
    ),
    -- An old run that was tried again is the latest to have tested.
    latest as (
      select run_id from results order by finished_at desc, run_id desc limit 1
    )
    select run_id as "runId", name, subject, status, failures, message
    from (
      select distinct on (name) *
      from results
      where severity = 'error' and name in (select name from results where run_id = (select run_id from latest))
      order by name, status = 'skipped', finished_at desc, run_id desc
    ) as last_asked
    where status in ('fail', 'error', 'skipped')
    order by name`;
}

/** What is under way, and what keeps it from being so. */
export type PipelineStanding = {
  /** Jobs that people have paused. */
  paused: string[];
  /** Up to where the first job's schedule wants nothing; only CATCHUP `latest` and `none` set it. */
  scheduleAfter: string | null;
  /** Whether a run is queued or running. */
  isActive: boolean;
  /** When the work under way last came forward: a task of it succeeded, or it was asked for. */
  progressAt: Date | null;
};

/** How the jobs stand. `jobIds` begins with the one that has the schedule. */
export async function selectStanding(sql: Sql | TransactionSql, jobIds: string[]): Promise<PipelineStanding> {
  const [row] = await sql<PipelineStanding[]>`
    with active as (
      select id, created_at
      from barline.runs
      where state in ('queued', 'running') and job_id = any (${jobIds}::text[])
    )
    select
      array(
        select id from barline.jobs
        where paused and id = any (${jobIds}::text[])
        order by array_position(${jobIds}::text[], id)
      ) as paused,
      (select schedule_after from barline.jobs where id = (${jobIds}::text[])[1]) as "scheduleAfter",
      exists (select from active) as "isActive",
      greatest(
        (select min(created_at) from active),
        (
          select max(tasks.finished_at)
          from active
          inner join barline.tasks on tasks.run_id = active.id and tasks.state = 'success'
        ),
        (
          select max(recent.finished_at)
          from (
            select finished_at from barline.runs
            where state = 'success' and job_id = any (${jobIds}::text[])
            order by id desc limit 50
          ) as recent
          where exists (select from active)
        )
      ) as "progressAt"`;
  return row ?? { paused: [], scheduleAfter: null, isActive: false, progressAt: null };
}
