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

/** How one data test went that did not pass: `fail`, `error` or `skipped`, of severity `error`. */
export type TestOutcome = {
  runId: number;
  name: string;
  subject: string;
  status: string;
  failures: number;
  message: string | null;
};

/** Of the run of `jobId` that tested last: the tests of severity `error` that failed, could not run, or were skipped. */
export async function selectTestOutcomes(sql: Sql | TransactionSql, jobId: string): Promise<TestOutcome[]> {
  return await sql<TestOutcome[]>`
    with latest as (
      select recent.id
      from (select id from barline.runs where job_id = ${jobId}::text order by id desc limit 20) as recent
      -- An old run that was tried again is the latest to have tested.
      cross join lateral (
        select max(finished_at) as at from barline.test_results where run_id = recent.id
      ) as tested
      where tested.at is not null
      order by tested.at desc, recent.id desc
      limit 1
    )
    select run_id as "runId", name, subject, status, failures, message
    from barline.test_results
    where
      run_id = (select id from latest)
      and severity = 'error'
      and status in ('fail', 'error', 'skipped')
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
