import type { Sql } from "../../client.ts";
import type { KeptError } from "./read-problems.ts";

/** Characters of an input or output that a page shows; a list of every ticker fits. */
const shownCharacters = 20_000;

export type TaskDetail = {
  id: number;
  runId: number;
  jobId: string;
  runState: string;
  partition: string | null;
  partitionTo: string | null;
  name: string;
  step: number;
  mapIndex: number;
  /** Whether it is a batch of several. */
  isMapped: boolean;
  state: string;
  marked: boolean;
  tries: number;
  failures: number;
  error: KeptError | null;
  /** As text, cut at what a page shows; their lengths are of the whole. */
  input: string | null;
  inputLength: number;
  output: string | null;
  outputLength: number;
  done: number | null;
  total: number | null;
  unit: string | null;
  availableAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
};

/** One task or batch of a run; null where the run has none of that id. */
export async function selectTask(sql: Sql, runId: number, taskId: number): Promise<TaskDetail | null> {
  const rows = await sql<TaskDetail[]>`
    select
      tasks.id,
      tasks.run_id as "runId",
      tasks.job_id as "jobId",
      runs.state as "runState",
      runs.partition,
      runs.partition_to as "partitionTo",
      tasks.name,
      tasks.step,
      tasks.map_index as "mapIndex",
      tasks.map_index > 0 or exists (
        select from barline.tasks as others
        where others.run_id = tasks.run_id and others.step = tasks.step and others.map_index > 0
      ) as "isMapped",
      tasks.state,
      tasks.marked,
      tasks.tries,
      tasks.failures,
      tasks.error,
      left(told.input, ${shownCharacters}::int) as input,
      coalesce(length(told.input), 0) as "inputLength",
      left(told.output, ${shownCharacters}::int) as output,
      coalesce(length(told.output), 0) as "outputLength",
      tasks.progress_done as done,
      tasks.progress_total as total,
      tasks.progress_unit as unit,
      tasks.available_at as "availableAt",
      tasks.started_at as "startedAt",
      tasks.finished_at as "finishedAt"
    from barline.tasks
    inner join barline.runs on runs.id = tasks.run_id
    cross join lateral (
      select jsonb_pretty(nullif(tasks.input, '{}'::jsonb)) as input, jsonb_pretty(tasks.output) as output
    ) as told
    where tasks.run_id = ${runId}::bigint and tasks.id = ${taskId}::bigint`;
  return rows[0] ?? null;
}

/** The numbers of a task's tries that are kept, in order. */
export async function selectTryNumbers(sql: Sql, taskId: number): Promise<number[]> {
  const rows = await sql<{ number: number }[]>`
    select number from barline.tries where task_id = ${taskId}::bigint order by number`;
  return rows.map((row) => row.number);
}

export type TryDetail = {
  number: number;
  state: string;
  owner: string;
  /** Where its process ran; null where nothing is known of it any more. */
  host: string | null;
  pid: number | null;
  error: KeptError | null;
  startedAt: Date;
  finishedAt: Date | null;
  /** Lines of its log. */
  lines: number;
};

/** The last `limit` tries of a task before the one numbered `before`, the newest first, with where they ran. */
export function selectTriesOfTask(
  sql: Sql,
  taskId: number,
  before: number | null,
  limit: number,
): Promise<TryDetail[]> {
  return sql<TryDetail[]>`
    select
      tries.number,
      tries.state,
      tries.owner,
      processes.host,
      processes.pid,
      tries.error,
      tries.started_at as "startedAt",
      tries.finished_at as "finishedAt",
      (
        select count(*)::int from barline.task_logs
        where task_logs.task_id = tries.task_id and task_logs.try = tries.number
      ) as lines
    from barline.tries
    left join barline.processes on processes.owner = tries.owner
    where tries.task_id = ${taskId}::bigint and (${before}::int is null or tries.number < ${before}::int)
    order by tries.number desc
    limit ${limit}::int`;
}

/** A task or batch as the API lists it. */
export type TaskRow = {
  id: number;
  name: string;
  step: number;
  mapIndex: number;
  state: string;
  marked: boolean;
  progressDone: number | null;
  progressTotal: number | null;
  progressUnit: string | null;
  error: KeptError | null;
  startedAt: Date | null;
  finishedAt: Date | null;
};

const taskColumns = (sql: Sql) => sql`
  id, name, step, map_index as "mapIndex", state, marked, progress_done as "progressDone",
  progress_total as "progressTotal", progress_unit as "progressUnit", error,
  started_at as "startedAt", finished_at as "finishedAt"`;

/** With all that went in and came out, however large. */
export type WholeTask = TaskRow & { runId: number; jobId: string; input: unknown; output: unknown };

/** One task or batch with what went in and what came out, if there is one with this id. */
export async function selectWholeTask(sql: Sql, id: number): Promise<WholeTask | undefined> {
  const [row] = await sql<WholeTask[]>`
    select ${taskColumns(sql)}, run_id as "runId", job_id as "jobId", input, output
    from barline.tasks where id = ${id}::bigint`;
  return row;
}

/** Every try of one task that is kept, in order. */
export async function selectAllTriesOfTask(sql: Sql, taskId: number): Promise<TaskTry[]> {
  return await sql<TaskTry[]>`
    select task_id as "taskId", number, state, owner, error, started_at as "startedAt", finished_at as "finishedAt"
    from barline.tries where task_id = ${taskId}::bigint order by number`;
}

/** Tasks and batches of a run in order, without what went in and came out of them: that may be large. */
export async function selectTasks(sql: Sql, runId: number): Promise<TaskRow[]> {
  return await sql<TaskRow[]>`
    select ${taskColumns(sql)}
    from barline.tasks
    where run_id = ${runId}::bigint
    order by step, map_index`;
}

export type TaskTry = {
  taskId: number;
  number: number;
  state: string;
  owner: string;
  error: KeptError | null;
  startedAt: Date;
  finishedAt: Date | null;
};

/** Every try of every task of a run, in order. */
export async function selectAllTries(sql: Sql, runId: number): Promise<TaskTry[]> {
  return await sql<TaskTry[]>`
    select attempt.task_id as "taskId", attempt.number, attempt.state, attempt.owner, attempt.error,
      attempt.started_at as "startedAt", attempt.finished_at as "finishedAt"
    from barline.tries as attempt
    inner join barline.tasks as task on task.id = attempt.task_id
    where task.run_id = ${runId}::bigint
    order by attempt.task_id, attempt.number`;
}
