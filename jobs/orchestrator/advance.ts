import type { JsonValue, Sql, TransactionSql } from "../../db/client.ts";
import { lockBackfill, settleBackfill } from "../../db/queries/backfills/backfills.ts";
import { insertEvents } from "../../db/queries/pipeline/events.ts";
import { finishRun, lockRun, type RunRow, setRunSummary } from "../../db/queries/pipeline/runs.ts";
import {
  type ClaimedTask,
  endTask,
  endTry,
  type HeldTry,
  insertTasks,
  requeueTask,
  selectFailures,
  selectStepStates,
} from "../../db/queries/pipeline/tasks.ts";
import { notifyWake } from "../../db/queries/pipeline/wake.ts";
import { backoffMs, type Verdict } from "./retry.ts";
import type { ErrorRecord, JobDefinition, TaskResult } from "./types.ts";

/** How a try ended for the orchestrator; `lost` where it was cancelled or taken over before it could be recorded. */
export type Advance = "success" | "retry" | "failed" | "lost";

/**
 * Records that a task succeeded, with everything that follows from it, in one transaction: its output, its events, the
 * next task or batches, the end of the run. Kill the process before the commit and nothing of it has happened.
 */
export async function recordSuccess(
  sql: Sql,
  job: JobDefinition,
  task: ClaimedTask,
  owner: string,
  result: TaskResult,
): Promise<Advance> {
  const held: HeldTry = { taskId: task.id, number: task.tries, owner };
  return await sql.begin(async (transaction) => {
    const run = await lockRun(transaction, task.runId);
    const output = result.output ?? null;
    if (!run || !(await endTask(transaction, held, { state: "success", output, error: null }))) return "lost";
    await endTry(transaction, held, "success", null);
    if (result.events?.length) await insertEvents(transaction, { runId: task.runId, taskId: task.id }, result.events);
    if (result.summary !== undefined) await setRunSummary(transaction, task.runId, result.summary);
    await moveOn(transaction, job, run, task.step, result.batches);
    return "success";
  });
}

/** Records that a try failed: the task waits for its next one, or fails, and its run with it once no batch is under way. */
export async function recordFailure(
  sql: Sql,
  job: JobDefinition,
  task: ClaimedTask,
  owner: string,
  verdict: Exclude<Verdict, { kind: "cancelled" }>,
  random: () => number,
): Promise<{ advance: Advance; delayMs: number }> {
  const held: HeldTry = { taskId: task.id, number: task.tries, owner };
  return await sql.begin(async (transaction) => {
    const run = await lockRun(transaction, task.runId);
    if (!run) return { advance: "lost" as const, delayMs: 0 };
    const failures = (await selectFailures(transaction, task.id)) + 1;
    if (verdict.kind === "retry" && (!verdict.counts || failures < job.maxTries)) {
      const delayMs = Math.max(verdict.atLeastMs, backoffMs(verdict.counts ? failures : task.tries, random));
      const again = { delayMs, counts: verdict.counts, error: verdict.error };
      if (!(await requeueTask(transaction, held, again))) return { advance: "lost" as const, delayMs: 0 };
      await endTry(transaction, held, "retry", verdict.error);
      return { advance: "retry" as const, delayMs };
    }
    const end = { state: "failed" as const, output: null, error: verdict.error };
    if (!(await endTask(transaction, held, end))) return { advance: "lost" as const, delayMs: 0 };
    await endTry(transaction, held, "failed", verdict.error);
    await moveOn(transaction, job, run, task.step, undefined);
    return { advance: "failed" as const, delayMs: 0 };
  });
}

/** Where a run stands after one of its tasks ended: others of the step go on, the next step is queued, or it is over. */
type Moved = "waits" | "queued" | "ended";

/** What follows once a task of `step` has ended. The caller holds the run's lock, so the last batch to end sees all others. */
export async function moveOn(
  transaction: TransactionSql,
  job: JobDefinition,
  run: RunRow,
  step: number,
  batches: JsonValue[] | undefined,
): Promise<Moved> {
  const states = await selectStepStates(transaction, run.id, step);
  if (states.active > 0) return "waits";
  let moved: Moved = "ended";
  if (states.failed > 0) await endRun(transaction, run, "failed", states.error as ErrorRecord);
  else if (states.cancelled > 0) await endRun(transaction, run, "cancelled", null);
  else if (await queueNextStep(transaction, job, run, step + 1, batches)) moved = "queued";
  else await endRun(transaction, run, "success", null);
  await notifyWake(transaction);
  return moved;
}

/** Queues the tasks of `step`; a mapped one without batches is passed over. False where the job has no further step. */
async function queueNextStep(
  transaction: TransactionSql,
  job: JobDefinition,
  run: RunRow,
  step: number,
  batches: JsonValue[] | undefined,
): Promise<boolean> {
  const next = job.tasks[step];
  if (!next) return false;
  const inputs = next.kind === "mapped" ? (batches ?? []) : [{}];
  if (inputs.length === 0) return await queueNextStep(transaction, job, run, step + 1, undefined);
  await insertTasks(transaction, {
    runId: run.id,
    jobId: job.id,
    name: next.name,
    step,
    priority: run.priority,
    inputs,
  });
  return true;
}

/** Ends a run, and its backfill with the last of its runs. */
export async function endRun(
  transaction: TransactionSql,
  run: RunRow,
  state: "success" | "failed" | "cancelled",
  error: ErrorRecord | null,
): Promise<void> {
  await finishRun(transaction, run.id, state, error);
  await settle(transaction, run);
}

/** Brings the backfill that a run belongs to in line with the run's new state. */
export async function settle(transaction: TransactionSql, run: RunRow): Promise<void> {
  if (run.backfillId === null) return;
  await lockBackfill(transaction, run.backfillId);
  await settleBackfill(transaction, run.backfillId);
}
