import type { Sql } from "../../client.ts";

export type RunRow = {
  id: number;
  jobId: string;
  state: string;
  trigger: string;
  partition: string | null;
  partitionTo: string | null;
  backfillId: number | null;
  parameters: unknown;
  summary: unknown;
  error: unknown;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
};

const columns = (sql: Sql) => sql`
  id, job_id as "jobId", state, trigger, partition, partition_to as "partitionTo", backfill_id as "backfillId",
  parameters, summary, error, created_at as "createdAt", started_at as "startedAt", finished_at as "finishedAt"`;

/** Runs, the newest first; null means any. `before` is the id where the page before ended. */
export async function listRuns(
  sql: Sql,
  filter: { jobId: string | null; state: string | null; before: number | null; limit: number },
): Promise<RunRow[]> {
  return await sql<RunRow[]>`
    select ${columns(sql)}
    from barline.runs
    where (${filter.jobId}::text is null or job_id = ${filter.jobId}::text)
      and (${filter.state}::text is null or state = ${filter.state}::text)
      and (${filter.before}::bigint is null or id < ${filter.before}::bigint)
    order by id desc
    limit ${filter.limit}::int`;
}

/** One run, if there is one with this id. */
export async function findRun(sql: Sql, id: number): Promise<RunRow | undefined> {
  const [row] = await sql<RunRow[]>`select ${columns(sql)} from barline.runs where id = ${id}::bigint`;
  return row;
}

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
  error: unknown;
  startedAt: Date | null;
  finishedAt: Date | null;
};

const taskColumns = (sql: Sql) => sql`
  id, name, step, map_index as "mapIndex", state, marked, progress_done as "progressDone",
  progress_total as "progressTotal", progress_unit as "progressUnit", error,
  started_at as "startedAt", finished_at as "finishedAt"`;

export type TaskDetailRow = TaskRow & { runId: number; jobId: string; input: unknown; output: unknown };

/** One task or batch with what went in and what came out, if there is one with this id. */
export async function findTask(sql: Sql, id: number): Promise<TaskDetailRow | undefined> {
  const [row] = await sql<TaskDetailRow[]>`
    select ${taskColumns(sql)}, run_id as "runId", job_id as "jobId", input, output
    from barline.tasks where id = ${id}::bigint`;
  return row;
}

/** Every try of one task that is kept, in order. */
export async function listTriesOfTask(sql: Sql, taskId: number): Promise<TryRow[]> {
  return await sql<TryRow[]>`
    select task_id as "taskId", number, state, owner, error, started_at as "startedAt", finished_at as "finishedAt"
    from barline.tries where task_id = ${taskId}::bigint order by number`;
}

/** Tasks and batches of a run in order, without what went in and came out of them: that may be large. */
export async function listTasks(sql: Sql, runId: number): Promise<TaskRow[]> {
  return await sql<TaskRow[]>`
    select ${taskColumns(sql)}
    from barline.tasks
    where run_id = ${runId}::bigint
    order by step, map_index`;
}

export type TryRow = {
  taskId: number;
  number: number;
  state: string;
  owner: string;
  error: unknown;
  startedAt: Date;
  finishedAt: Date | null;
};

/** Every try of every task of a run, in order. */
export async function listTries(sql: Sql, runId: number): Promise<TryRow[]> {
  return await sql<TryRow[]>`
    select attempt.task_id as "taskId", attempt.number, attempt.state, attempt.owner, attempt.error,
      attempt.started_at as "startedAt", attempt.finished_at as "finishedAt"
    from barline.tries as attempt
    inner join barline.tasks as task on task.id = attempt.task_id
    where task.run_id = ${runId}::bigint
    order by attempt.task_id, attempt.number`;
}

export type EventRow = { id: number; dataset: string; runId: number; payload: unknown; createdAt: Date };

/** Events that the run claimed, oldest first; `runId` is the run that produced one. */
export async function listClaimedEvents(sql: Sql, runId: number): Promise<(EventRow & { claimedAt: Date })[]> {
  return await sql<(EventRow & { claimedAt: Date })[]>`
    select event.id, event.dataset, event.run_id as "runId", event.payload, event.created_at as "createdAt",
      claim.claimed_at as "claimedAt"
    from barline.event_claims as claim
    inner join barline.dataset_events as event on event.id = claim.event_id
    where claim.run_id = ${runId}::bigint
    order by event.id`;
}

/** Events that the run produced, oldest first, one row for each run that claimed one (or nulls). */
export async function listProducedEvents(
  sql: Sql,
  runId: number,
): Promise<(EventRow & { claimJobId: string | null; claimRunId: number | null })[]> {
  return await sql<(EventRow & { claimJobId: string | null; claimRunId: number | null })[]>`
    select event.id, event.dataset, event.run_id as "runId", event.payload, event.created_at as "createdAt",
      claim.job_id as "claimJobId", claim.run_id as "claimRunId"
    from barline.dataset_events as event
    left join barline.event_claims as claim on claim.event_id = event.id
    where event.run_id = ${runId}::bigint
    order by event.id, claim.job_id`;
}
