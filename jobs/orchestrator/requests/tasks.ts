import { finishRuns, type RunRow, requeueRun } from "../../../db/queries/pipeline/runs.ts";
import {
  cancelOpenTry,
  clearStepsAfter,
  lockTask,
  markTask as markRow,
  requeueEndedTask,
  selectLastStep,
  selectRunOfTask,
  type TaskRow,
} from "../../../db/queries/pipeline/task-changes.ts";
import { selectStepStates } from "../../../db/queries/pipeline/tasks.ts";
import { notifyWake } from "../../../db/queries/pipeline/wake.ts";
import { endRuns, moveOn, settle } from "../advance.ts";
import { isActive, type Mark, RequestError } from "../types.ts";
import type { RequestContext } from "./context.ts";
import { findRunOfJob, goOn, markError, requireEnded, requireReason } from "./runs.ts";

/** What people ask for single tasks and batches. Each works within a transaction of the caller. */

/** Locks a task after its run and its job: its state is what it stays until the transaction ends. */
async function findTask(context: RequestContext, taskId: number): Promise<{ run: RunRow; task: TaskRow }> {
  const runId = await selectRunOfTask(context.transaction, taskId);
  const run = runId === undefined ? undefined : await findRunOfJob(context, runId);
  const task = await lockTask(context.transaction, taskId);
  if (!run || !task) throw new RequestError("not_found", `There is no task ${taskId}.`);
  return { run, task };
}

export async function retryTask(context: RequestContext, taskId: number): Promise<void> {
  const { run, task } = await findTask(context, taskId);
  if (task.state !== "failed" && task.state !== "cancelled") {
    throw new RequestError("conflict", `The task is ${task.state}; only a failed or cancelled one can be retried.`);
  }
  if (!isActive(run.state)) await requireEnded(context, run);
  await requeueEndedTask(context.transaction, taskId);
  if (!isActive(run.state)) await goOn(context, run);
  await context.record({ kind: "task.retry", jobId: run.jobId, runId: run.id, taskId });
}

export async function clearTask(context: RequestContext, taskId: number): Promise<void> {
  const { run, task } = await findTask(context, taskId);
  await requireEnded(context, run);
  requireReached(task);
  await requeueEndedTask(context.transaction, taskId);
  await clearStepsAfter(context.transaction, run.id, task.step);
  await goOn(context, run);
  await context.record({ kind: "task.clear", jobId: run.jobId, runId: run.id, taskId });
}

export async function markTask(context: RequestContext, taskId: number, mark: Mark): Promise<void> {
  const reason = requireReason(mark);
  const { transaction } = context;
  const { run, task } = await findTask(context, taskId);
  requireReached(task);
  if (task.state === mark.state) throw new RequestError("conflict", `The task is ${task.state} already.`);
  // To go on with an ended run, nobody may be at work on its partitions.
  if (!isActive(run.state) && mark.state === "success") await requireEnded(context, run);
  if (isActive(run.state) && task.step !== (await selectLastStep(transaction, run.id)))
    throw new RequestError("conflict", `Later tasks of run ${run.id} are at work; cancel it first.`);

  const error = mark.state === "failed" ? markError(reason) : null;
  await markRow(transaction, taskId, { state: mark.state, error });
  if (task.state === "running") {
    await cancelOpenTry(transaction, taskId);
    await notifyWake(transaction, "cancelled");
  }
  // What came after was made from what is now said to have failed.
  if (mark.state === "failed") await clearStepsAfter(transaction, run.id, task.step);
  if (isActive(run.state)) await moveOn(transaction, [{ job: context.jobOf(run.jobId), run, step: task.step }]);
  else if (error) await endRuns(transaction, [{ run, state: "failed", error }]);
  else await goOnAfter(context, run, task);
  const details = { from: task.state, to: mark.state };
  await context.record({ kind: "task.mark", jobId: run.jobId, runId: run.id, taskId, reason, details });
}

function requireReached(task: TaskRow): void {
  if (task.state === "cleared")
    throw new RequestError("conflict", "The task waits for an earlier one that is to run again.");
}

/** Goes on with an ended run behind a task that was marked as successful, once nothing beside it failed. */
async function goOnAfter(context: RequestContext, run: RunRow, task: TaskRow): Promise<void> {
  const { transaction } = context;
  const [states] = await selectStepStates(transaction, [{ runId: run.id, step: task.step }]);
  if (states && states.failed + states.cancelled > 0) {
    // What it failed of may be what was just marked: the next that failed says why it still stands.
    if (run.state === "failed" && states.failed > 0)
      await finishRuns(transaction, [{ runId: run.id, state: "failed", error: states.error }]);
    return;
  }
  // Behind the last task there is nothing to go on with, and the run keeps its time.
  const moved = await moveOn(transaction, [{ job: context.jobOf(run.jobId), run, step: task.step }]);
  if (moved.get(run.id)?.kind === "ended") return;
  await requeueRun(transaction, run.id);
  await settle(transaction, [run]);
}
