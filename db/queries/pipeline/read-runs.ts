import type { JsonValue, Sql } from "../../client.ts";
import { stillFailed } from "./read-failures.ts";
import type { KeptError } from "./read-problems.ts";

export type RunRow = {
  id: number;
  jobId: string;
  state: string;
  trigger: string;
  partition: string | null;
  partitionTo: string | null;
  backfillId: number | null;
  parameters: Record<string, JsonValue>;
  summary: JsonValue | null;
  error: KeptError | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
};

export type RunDetail = RunRow & {
  /** False where a later run answers for its partition. */
  isLatestOfPartition: boolean;
  hasSomethingToRetry: boolean;
};

/** Which runs are meant; nulls do not filter. */
export type RunFilter = {
  jobId: string | null;
  backfillId: number | null;
  state: string | null;
  trigger: string | null;
  /** First and last partition, inclusive. */
  from: string | null;
  to: string | null;
  /** The id of a run: those of its job that failed in its words, and that nothing has made good. */
  alike: number | null;
};

/** Every run. */
export const everyRun: RunFilter = {
  ...{ jobId: null, backfillId: null, state: null, trigger: null, from: null, to: null, alike: null },
};

const matches = (sql: Sql, filter: RunFilter) => sql`
  (${filter.jobId}::text is null or job_id = ${filter.jobId}::text)
  and (${filter.backfillId}::bigint is null or backfill_id = ${filter.backfillId}::bigint)
  and (${filter.state}::text is null or state = ${filter.state}::text)
  and (${filter.trigger}::text is null or trigger = ${filter.trigger}::text)
  and (${filter.from}::text is null or coalesce(partition_to, partition) >= ${filter.from}::text)
  and (${filter.to}::text is null or partition <= ${filter.to}::text)
  ${
    filter.alike === null
      ? sql``
      : sql`
        and (job_id, error ->> 'message') = (select job_id, error ->> 'message' from barline.runs where id = ${filter.alike}::bigint)
        and ${stillFailed(sql)}`
  }`;

const columns = (sql: Sql) => sql`
  id, job_id as "jobId", state, trigger, partition, partition_to as "partitionTo", backfill_id as "backfillId",
  parameters, summary, error, created_at as "createdAt", started_at as "startedAt", finished_at as "finishedAt"`;

/** Runs, newest first; those older than the run `before`, at which the last page ended. */
export function selectRuns(
  sql: Sql,
  filter: Partial<RunFilter>,
  page: { before: number | null; limit: number },
): Promise<RunRow[]> {
  return sql<RunRow[]>`
    select
      ${columns(sql)}
    from barline.runs
    where ${matches(sql, { ...everyRun, ...filter })} and (${page.before}::bigint is null or id < ${page.before}::bigint)
    order by id desc
    limit ${page.limit}::int`;
}

/** How many runs match, and the ids of the newest `limit` of them. */
export async function selectRunIds(
  sql: Sql,
  filter: RunFilter,
  limit: number,
): Promise<{ ids: number[]; matched: number }> {
  const rows = await sql<{ id: number; matched: number }[]>`
    select id, count(*) over ()::int as matched
    from barline.runs
    where ${matches(sql, filter)}
    order by id desc
    limit ${limit}::int`;
  return { ids: rows.map(({ id }) => id), matched: rows[0]?.matched ?? 0 };
}

/** Runs of these ids, newest first. */
export function selectRunsOf(sql: Sql, ids: readonly number[]): Promise<RunRow[]> {
  return sql<RunRow[]>`
    select
      ${columns(sql)}
    from barline.runs
    where id = any (${ids as number[]}::bigint[])
    order by id desc`;
}

/** One run; null where there is none of that id. */
export async function selectRun(sql: Sql, id: number): Promise<RunDetail | null> {
  const rows = await sql<RunDetail[]>`
    select
      ${columns(sql)},
      partition is null or exists (select from barline.run_partitions where run_id = runs.id) as "isLatestOfPartition",
      exists (select from barline.tasks where run_id = runs.id and tasks.state in ('failed', 'cancelled'))
        or not exists (select from barline.tasks where run_id = runs.id) as "hasSomethingToRetry"
    from barline.runs
    where id = ${id}::bigint`;
  return rows[0] ?? null;
}

/** One step of a run: a plain task, or all batches of a mapped one. */
export type StepRow = {
  step: number;
  name: string;
  batches: number;
  cleared: number;
  queued: number;
  running: number;
  success: number;
  failed: number;
  cancelled: number;
  /** How many a person said the end of. */
  marked: number;
  /** The task itself, in a plain step. */
  firstId: number;
  tries: number;
  startedAt: Date | null;
  finishedAt: Date | null;
  done: number | null;
  total: number | null;
  unit: string | null;
};

/** The steps of a run, in order, with their batches counted by state. */
export function selectSteps(sql: Sql, runId: number): Promise<StepRow[]> {
  return sql<StepRow[]>`
    select
      step,
      name,
      count(*)::int as batches,
      count(*) filter (where state = 'cleared')::int as cleared,
      count(*) filter (where state = 'queued')::int as queued,
      count(*) filter (where state = 'running')::int as running,
      count(*) filter (where state = 'success')::int as success,
      count(*) filter (where state = 'failed')::int as failed,
      count(*) filter (where state = 'cancelled')::int as cancelled,
      count(*) filter (where marked)::int as marked,
      min(id) as "firstId",
      sum(tries)::int as tries,
      min(started_at) as "startedAt",
      case when bool_and(finished_at is not null or state = 'cleared') then max(finished_at) end as "finishedAt",
      sum(progress_done) as done,
      sum(progress_total) as total,
      min(progress_unit) as unit
    from barline.tasks
    where run_id = ${runId}::bigint
    group by step, name
    order by step`;
}

export type BatchRow = {
  id: number;
  step: number;
  mapIndex: number;
  state: string;
  /** Whether a person said how it ended. */
  marked: boolean;
  tries: number;
  error: KeptError | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  done: number | null;
  total: number | null;
  unit: string | null;
};

/** Batches of one step from the `from`th on, in order; those in `state` where it is given. */
export function selectBatches(
  sql: Sql,
  runId: number,
  step: number,
  page: { from: number; state: string | null; limit: number },
): Promise<BatchRow[]> {
  return sql<BatchRow[]>`
    select
      id,
      step,
      map_index as "mapIndex",
      state,
      marked,
      tries,
      error,
      started_at as "startedAt",
      finished_at as "finishedAt",
      progress_done as done,
      progress_total as total,
      progress_unit as unit
    from barline.tasks
    where run_id = ${runId}::bigint and step = ${step}::int and map_index >= ${page.from}::int
      and (${page.state}::text is null or state = ${page.state}::text)
    order by map_index
    limit ${page.limit}::int`;
}

export type TryRow = {
  taskId: number;
  step: number;
  mapIndex: number;
  number: number;
  state: string;
  owner: string;
  error: KeptError | null;
  startedAt: Date;
  finishedAt: Date | null;
};

/** Tries worth reading: all of plain tasks, and those of batches that did not go well the first time; newest first. */
export function selectTries(sql: Sql, runId: number, limit: number): Promise<TryRow[]> {
  return sql<TryRow[]>`
    select
      tasks.id as "taskId",
      tasks.step,
      tasks.map_index as "mapIndex",
      tries.number,
      tries.state,
      tries.owner,
      tries.error,
      tries.started_at as "startedAt",
      tries.finished_at as "finishedAt"
    from barline.tasks
    inner join barline.tries on tries.task_id = tasks.id
    where
      tasks.run_id = ${runId}::bigint
      and (tasks.tries > 1 or tasks.state = 'failed' or tries.error is not null)
    order by tries.started_at desc, tasks.map_index, tries.number desc
    limit ${limit}::int`;
}

export type LogRow = {
  id: number;
  step: number;
  mapIndex: number;
  try: number;
  at: Date;
  level: string;
  message: string;
  fields: JsonValue | null;
};

/** The last `limit` lines of each step's log, oldest first. */
export function selectLogs(sql: Sql, runId: number, limit: number): Promise<LogRow[]> {
  return sql<LogRow[]>`
    select tail.id, steps.step, tail.map_index as "mapIndex", tail.try, tail.at, tail.level, tail.message, tail.fields
    from (select distinct step from barline.tasks where run_id = ${runId}::bigint) as steps
    cross join lateral (
      select logs.id, tasks.map_index, logs.try, logs.at, logs.level, logs.message, logs.fields
      from barline.tasks
      inner join barline.task_logs as logs on logs.task_id = tasks.id
      where tasks.run_id = ${runId}::bigint and tasks.step = steps.step
      order by logs.id desc
      limit ${limit}::int
    ) as tail
    order by tail.id`;
}

/** Whether anything was ever run. */
export async function hasRuns(sql: Sql): Promise<boolean> {
  const [row] = await sql<[{ found: boolean }]>`select exists (select from barline.runs) as found`;
  return row.found;
}
