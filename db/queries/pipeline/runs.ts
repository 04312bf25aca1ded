import type { JsonValue, Sql, TransactionSql } from "../../client.ts";

type Any = Sql | TransactionSql;

/** Makes sure each job has its row; what people set on an earlier start stays. */
export async function insertJobs(sql: Any, ids: string[]): Promise<void> {
  await sql`
    insert into barline.jobs (id) select unnest(${ids}::text[])
    on conflict (id) do nothing`;
}

export type JobRow = { id: string; paused: boolean; scheduleAfter: string | null };

/** Locks a job's row: whoever creates or starts runs of a job holds it, so that limits and keys are judged by one at a time. */
export async function lockJob(transaction: TransactionSql, jobId: string): Promise<JobRow> {
  const [row] = await transaction<JobRow[]>`
    select id, paused, schedule_after as "scheduleAfter" from barline.jobs where id = ${jobId}::text for update`;
  if (!row) throw new Error(`The job ${jobId} has no row.`);
  return row;
}

/** Holds the locks of all jobs, taken in the order of their ids so that two who ask do not wait for each other. */
export async function lockJobs(transaction: TransactionSql): Promise<void> {
  await transaction`select from barline.jobs order by id for update`;
}

/** The same of the jobs of some runs. */
export async function lockJobsOfRuns(transaction: TransactionSql, runIds: readonly number[]): Promise<void> {
  await transaction`
    select from barline.jobs
    where id in (select job_id from barline.runs where id = any (${runIds as number[]}::bigint[]))
    order by id for update`;
}

/** False where it was so already. */
export async function setJobPaused(transaction: TransactionSql, jobId: string, paused: boolean): Promise<boolean> {
  const rows = await transaction`
    update barline.jobs set paused = ${paused}::boolean where id = ${jobId}::text and paused <> ${paused}::boolean
    returning id`;
  return rows.length === 1;
}

export async function setScheduleAfter(transaction: TransactionSql, jobId: string, partition: string): Promise<void> {
  await transaction`
    update barline.jobs set schedule_after = ${partition}::text
    where id = ${jobId}::text and (schedule_after is null or schedule_after < ${partition}::text)`;
}

export type PartitionOwner = { partition: string; runId: number; state: string };

/** Which run answers for each of `partitions`, where there is one. */
export async function selectPartitionOwners(sql: Any, jobId: string, partitions: string[]): Promise<PartitionOwner[]> {
  return await sql<PartitionOwner[]>`
    select owned.partition, owned.run_id as "runId", runs.state
    from barline.run_partitions owned
    join barline.runs on runs.id = owned.run_id
    where owned.job_id = ${jobId}::text and owned.partition = any (${partitions}::text[])`;
}

/** Which runs answer now for the partitions that `run` covers. */
export async function selectOwnersOfRunsPartitions(
  transaction: TransactionSql,
  run: { jobId: string; partition: string | null; partitionTo: string | null },
): Promise<PartitionOwner[]> {
  return await transaction<PartitionOwner[]>`
    select owned.partition, owned.run_id as "runId", runs.state
    from barline.run_partitions owned
    join barline.runs on runs.id = owned.run_id
    where owned.job_id = ${run.jobId}::text
      and owned.partition between ${run.partition}::text and coalesce(${run.partitionTo}::text, ${run.partition}::text)`;
}

export type NewPartitionRuns = {
  jobId: string;
  trigger: string;
  priority: number;
  backfillId: number | null;
  runs: { partitions: string[]; parameters: Record<string, JsonValue>; partial?: boolean }[];
};

/** Queues runs and makes them answer for their partitions, but partial ones. The caller holds the job's lock. Answers the new ids. */
export async function insertPartitionRuns(transaction: TransactionSql, given: NewPartitionRuns): Promise<number[]> {
  const rows = await transaction<{ runId: number }[]>`
    with wanted as (
      select position, item -> 'partitions' as partitions, item -> 'parameters' as parameters,
        coalesce((item -> 'partial')::boolean, false) as partial
      from jsonb_array_elements(${transaction.json(given.runs)}::jsonb) with ordinality as list (item, position)
    ), created as (
      insert into barline.runs (job_id, trigger, priority, backfill_id, partition, partition_to, parameters)
      select ${given.jobId}::text, ${given.trigger}::text, ${given.priority}::int, ${given.backfillId}::bigint,
        partitions ->> 0, partitions ->> -1, parameters
      from wanted order by position
      returning id, partition
    ), owned as (
      insert into barline.run_partitions (job_id, partition, run_id)
      select ${given.jobId}::text, covered.partition, created.id
      from created
      join wanted on wanted.partitions ->> 0 = created.partition and not wanted.partial
      cross join lateral jsonb_array_elements_text(wanted.partitions) as covered (partition)
      on conflict (job_id, partition) do update set run_id = excluded.run_id
    )
    select id as "runId" from created order by id`;
  return rows.map((row) => row.runId);
}

/** Queues a run that no partition belongs to. */
export async function insertRun(
  transaction: TransactionSql,
  run: { jobId: string; trigger: string; priority: number; parameters: Record<string, JsonValue> },
): Promise<number> {
  const [row] = await transaction<{ id: number }[]>`
    insert into barline.runs (job_id, trigger, priority, parameters)
    values (${run.jobId}::text, ${run.trigger}::text, ${run.priority}::int, ${transaction.json(run.parameters)}::jsonb)
    returning id`;
  return row?.id ?? 0;
}

export type ActiveRuns = {
  jobId: string;
  queued: number;
  running: number;
  rechecks: number;
  /** Of the priorities of which runs are queued: how many run of that of which the fewest do; null where none is queued. */
  fewestRunning: number | null;
};

export async function countActiveRuns(sql: Any): Promise<ActiveRuns[]> {
  return await sql<ActiveRuns[]>`
    with counted as (
      select job_id, priority, count(*) filter (where state = 'queued') as queued,
        count(*) filter (where state = 'running') as running, count(*) filter (where trigger = 'recheck') as rechecks
      from barline.runs where state in ('queued', 'running') group by job_id, priority
    )
    select job_id as "jobId", sum(queued)::int as queued, sum(running)::int as running, sum(rechecks)::int as rechecks,
      (min(running) filter (where queued > 0))::int as "fewestRunning"
    from counted group by job_id`;
}

/**
 * Starts queued runs up to `maxActive` of each priority, so that a long backfill leaves room for the day's own run.
 * By partition, and of a backfill in its order and up to its own limit, those first that had begun before a pause.
 * Several backfills share the room alike: the next goes to who has the fewest running, and then to who waited longest, so
 * that none of them, and no limit or pause of one, holds up another. The caller holds the job's lock.
 */
export async function startQueuedRuns(
  transaction: TransactionSql,
  jobId: string,
  maxActive: number,
): Promise<number[]> {
  const rows = await transaction<{ id: number }[]>`
    -- Each is made once: of a table that is filled faster than it is analyzed the planner would make them for each row anew.
    with running as materialized (
      select priority, backfill_id from barline.runs where job_id = ${jobId}::text and state = 'running'
    ), busy as materialized (
      select priority, count(*) as running from running group by priority
    ), busy_backfills as materialized (
      select backfill_id, count(*) as running from running group by backfill_id
    ), queued as materialized (
      select runs.id, priority, runs.backfill_id, concurrency,
        row_number() over (partition by priority, runs.backfill_id
          order by started_at is null, case when run_order = 'newest' then partition end desc, partition, runs.id) as turn
      from barline.runs left join barline.backfills on backfills.id = runs.backfill_id
      where runs.job_id = ${jobId}::text and runs.state = 'queued' and paused is distinct from true
    ), last_starts as materialized (
      -- Only where several of them wait: it reads all their runs.
      select backfill_id, max(started_at) as last_start from barline.runs
      where backfill_id in (select backfill_id from queued)
        and (select count(distinct backfill_id) from queued) > 1
      group by backfill_id
    ), ranked as materialized (
      select id, priority, row_number() over (partition by priority
        order by turn + coalesce(running, 0), last_start nulls first, backfill_id, id) as place
      from queued left join busy_backfills using (backfill_id) left join last_starts using (backfill_id)
      where concurrency is null or turn <= concurrency - coalesce(running, 0)
    ), chosen as materialized (
      select ranked.id from ranked left join busy using (priority)
      where ranked.place <= ${maxActive}::int - coalesce(busy.running, 0)
    )
    update barline.runs set state = 'running', started_at = coalesce(started_at, now())
    where id in (select id from chosen)
    -- Judged again once its lock is free: somebody may have cancelled it meanwhile, who does not hold the job.
      and state = 'queued'
    returning id`;
  return rows.map((row) => row.id);
}

export type RunRow = {
  id: number;
  jobId: string;
  state: string;
  trigger: string;
  partition: string | null;
  partitionTo: string | null;
  backfillId: number | null;
  priority: number;
};

/** Locks a run: whoever moves it or its tasks on holds it, so that two batches that finish together do it one by one. */
export async function lockRun(transaction: TransactionSql, runId: number): Promise<RunRow | undefined> {
  const [row] = await lockRuns(transaction, [runId]);
  return row;
}

/** The same of several runs, in the order in which everybody locks several. */
export async function lockRuns(transaction: TransactionSql, runIds: number[]): Promise<RunRow[]> {
  return await transaction<RunRow[]>`
    select id, job_id as "jobId", state, trigger, partition, partition_to as "partitionTo",
      backfill_id as "backfillId", priority
    from barline.runs where id = any (${runIds}::bigint[]) order by id for update`;
}

export type EndedRun = { runId: number; state: "success" | "failed" | "cancelled"; error: JsonValue };

/** Ends runs, and answers how many seconds each took; one that had ended, and is said to have ended otherwise, keeps its time. */
export async function finishRuns(
  transaction: TransactionSql,
  ended: EndedRun[],
): Promise<{ runId: number; seconds: number }[]> {
  return await transaction<{ runId: number; seconds: number }[]>`
    update barline.runs set state = item ->> 'state', finished_at = coalesce(finished_at, now()),
      error = nullif(item -> 'error', 'null'::jsonb)
    from jsonb_array_elements(${transaction.json(ended)}::jsonb) as item
    where id = (item ->> 'runId')::bigint
    returning id as "runId", coalesce(extract(epoch from finished_at - started_at), 0)::float8 as seconds`;
}

/** Puts the runs of a backfill back in the queue: tasks under way end, and no other begins before the run has its turn again. */
export async function requeueRunsOfBackfill(transaction: TransactionSql, backfillId: number): Promise<void> {
  await transaction`
    update barline.runs set state = 'queued' where backfill_id = ${backfillId}::bigint and state = 'running'`;
}

/** Puts an ended run back in the queue, for its failed tasks to be tried again. Its time is counted anew: the days that it lay failed are no work. */
export async function requeueRun(transaction: TransactionSql, runId: number): Promise<void> {
  await transaction`
    update barline.runs set state = 'queued', started_at = null, finished_at = null, error = null where id = ${runId}::bigint`;
}

export async function setRunSummaries(
  transaction: TransactionSql,
  summaries: { runId: number; summary: JsonValue }[],
): Promise<void> {
  await transaction`
    update barline.runs set summary = item -> 'summary'
    from jsonb_array_elements(${transaction.json(summaries)}::jsonb) as item
    where id = (item ->> 'runId')::bigint`;
}

/** Partitions that a run answers for, in order. */
export async function selectPartitionsOfRun(sql: Any, runId: number): Promise<string[]> {
  const rows = await sql<{ partition: string }[]>`
    select partition from barline.run_partitions where run_id = ${runId}::bigint order by partition`;
  return rows.map((row) => row.partition);
}

export type LastRun = { finishedAt: Date; durationMs: number };

/** When the job's newest ended run ended, and how long it took. */
export async function selectLastEndedRun(sql: Any, jobId: string): Promise<LastRun | undefined> {
  const [row] = await sql<LastRun[]>`
    select finished_at as "finishedAt", extract(epoch from finished_at - started_at)::float8 * 1000 as "durationMs"
    from barline.runs
    where job_id = ${jobId}::text and finished_at is not null and started_at is not null
    order by id desc limit 1`;
  return row;
}
