import type { JsonValue, TransactionSql } from "../../client.ts";

/** What people do to single tasks. The caller holds the lock of the task's run. */

/** The job of a run, which never changes; nothing is locked. */
export async function selectJobOfRun(transaction: TransactionSql, runId: number): Promise<string | undefined> {
  const [row] = await transaction<{ jobId: string }[]>`
    select job_id as "jobId" from barline.runs where id = ${runId}::bigint`;
  return row?.jobId;
}

export type TaskRow = {
  id: number;
  runId: number;
  jobId: string;
  name: string;
  step: number;
  mapIndex: number;
  state: string;
};

/** Where a task belongs, which never changes; nothing is locked. */
export async function selectRunOfTask(transaction: TransactionSql, taskId: number): Promise<number | undefined> {
  const [row] = await transaction<{ runId: number }[]>`
    select run_id as "runId" from barline.tasks where id = ${taskId}::bigint`;
  return row?.runId;
}

/** Locks a task: a process that claims it just now does so before, and is seen, or not at all. */
export async function lockTask(transaction: TransactionSql, taskId: number): Promise<TaskRow | undefined> {
  const [row] = await transaction<TaskRow[]>`
    select id, run_id as "runId", job_id as "jobId", name, step, map_index as "mapIndex", state
    from barline.tasks where id = ${taskId}::bigint for update`;
  return row;
}

/** Whether any task of a run is there: one that was cancelled before it began has none. */
export async function hasTasks(transaction: TransactionSql, runId: number): Promise<boolean> {
  const rows = await transaction`select from barline.tasks where run_id = ${runId}::bigint limit 1`;
  return rows.length > 0;
}

/** The last step of a run that was reached and not cleared. */
export async function selectLastStep(transaction: TransactionSql, runId: number): Promise<number> {
  const [row] = await transaction<{ step: number | null }[]>`
    select max(step) as step from barline.tasks where run_id = ${runId}::bigint and state <> 'cleared'`;
  return row?.step ?? 0;
}

/** What a task is that begins anew. */
const asQueuedAnew = (transaction: TransactionSql) => transaction`
  state = 'queued', available_at = now(), started_at = null, finished_at = null, error = null, output = null, failures = 0,
  losses = 0, marked = false, progress_done = null, progress_total = null, progress_unit = null`;

/** Queues one ended task again, with its tries to spend and its time to count anew. */
export async function requeueEndedTask(transaction: TransactionSql, taskId: number): Promise<void> {
  await transaction`
    update barline.tasks set ${asQueuedAnew(transaction)}
    where id = ${taskId}::bigint`;
}

/** The same of the first step of a run. */
export async function requeueFirstStep(transaction: TransactionSql, runId: number): Promise<void> {
  await transaction`
    update barline.tasks set ${asQueuedAnew(transaction)}
    where run_id = ${runId}::bigint and step = 0`;
}

/** Puts the tasks after `step` back to where they wait for it. Their tries and logs stay. */
export async function clearStepsAfter(transaction: TransactionSql, runId: number, step: number): Promise<void> {
  await transaction`
    update barline.tasks set state = 'cleared', error = null, output = null, marked = false, started_at = null,
      finished_at = null, progress_done = null, progress_total = null, progress_unit = null
    where run_id = ${runId}::bigint and step > ${step}::int`;
}

/** Ends a task as a person says; one that had ended keeps its time. A process that runs it learns so when it next renews or ends it. */
export async function markTask(
  transaction: TransactionSql,
  taskId: number,
  mark: { state: "success" | "failed"; error: JsonValue },
): Promise<void> {
  await transaction`
    update barline.tasks set state = ${mark.state}::text, marked = true, output = null, lease_owner = null,
      error = nullif(${transaction.json(mark.error)}::jsonb, 'null'::jsonb), lease_expires_at = null,
      finished_at = coalesce(finished_at, now())
    where id = ${taskId}::bigint`;
}

/** Ends the try of a task that is under way. */
export async function cancelOpenTry(transaction: TransactionSql, taskId: number): Promise<void> {
  await transaction`
    update barline.tries set state = 'cancelled', finished_at = now()
    where task_id = ${taskId}::bigint and state = 'running'`;
}
