import { requeueRun } from "../../db/queries/runs.ts";
import {
  cancelOpenTry,
  clearStepsAfter,
  markTask as markRow,
  requeueEndedTask,
  selectLastStep,
  selectTask,
  type TaskRow,
} from "../../db/queries/task-changes.ts";
import { selectStepStates } from "../../db/queries/tasks.ts";
import { notifyWake } from "../../db/queries/wake.ts";
import { endRun, moveOn, settle } from "./advance.ts";
import type { RequestContext } from "./requests.ts";
import { findEndedRun, findRun, goOn, isActive, markError, requireReason } from "./run-requests.ts";
import { type Mark, RequestError } from "./types.ts";

/** What people ask for single tasks and batches. Each works within a transaction of the caller. */

async function findTask({ transaction }: RequestContext, taskId: number): Promise<TaskRow> {
  const task = await selectTask(transaction, taskId);
  if (!task) throw new RequestError("not_found", `There is no task ${taskId}.`);
  return task;
}

/** Reads a task again under the lock of its run: its state is what it stays until the transaction ends. */
async function findLocked(context: RequestContext, taskId: number, hasToHaveEnded: boolean) {
  const { runId } = await findTask(context, taskId);
  const run = hasToHaveEnded ? await findEndedRun(context, runId) : await findRun(context, runId);
  return { run, task: await findTask(context, taskId) };
}

export async function retryTask(context: RequestContext, taskId: number): Promise<void> {
  const { runId } = await findTask(context, taskId);
  const { state } = await findRun(context, runId);
  const { run, task } = await findLocked(context, taskId, !isActive(state));
  if (task.state !== "failed" && task.state !== "cancelled") {
    throw new RequestError("conflict", `The task is ${task.state}; only a failed or cancelled one can be retried.`);
  }
  await requeueEndedTask(context.transaction, taskId);
  if (!isActive(run.state)) await goOn(context, run);
  await context.record({ kind: "task.retry", jobId: run.jobId, runId: run.id, taskId });
}

export async function clearTask(context: RequestContext, taskId: number): Promise<void> {
  const { run, task } = await findLocked(context, taskId, true);
  if (task.state === "cleared") throw new RequestError("conflict", "The task waits for an earlier one already.");
  await requeueEndedTask(context.transaction, taskId);
  await clearStepsAfter(context.transaction, run.id, task.step);
  await goOn(context, run);
  await context.record({ kind: "task.clear", jobId: run.jobId, runId: run.id, taskId });
}

export async function markTask(context: RequestContext, taskId: number, mark: Mark): Promise<void> {
  const reason = requireReason(mark);
  const { transaction } = context;
  const { runId } = await findTask(context, taskId);
  const { state } = await findRun(context, runId);
  // To go on with an ended run, nobody may be at work on its partitions.
  const goesOn = !isActive(state) && mark.state === "success";
  const { run, task } = await findLocked(context, taskId, goesOn);
  if (task.state === mark.state || task.state === "cleared")
    throw new RequestError("conflict", `The task is ${task.state} already.`);
  const isLast = task.step === (await selectLastStep(transaction, runId));
  if (!isLast && isActive(run.state))
    throw new RequestError("conflict", `Later tasks of run ${runId} are at work; cancel it first.`);

  const error = mark.state === "failed" ? markError(reason) : null;
  await markRow(transaction, taskId, { state: mark.state, error });
  if (task.state === "running") {
    await cancelOpenTry(transaction, taskId);
    await notifyWake(transaction, "cancelled");
  }
  // What came after was made from what is now said to have failed.
  if (mark.state === "failed") await clearStepsAfter(transaction, runId, task.step);
  if (isActive(run.state)) await moveOn(transaction, context.jobOf(run.jobId), run, task.step, undefined);
  else if (error) await endRun(transaction, run, "failed", error);
  else await goOnAfter(context, run, task);
  const details = { from: task.state, to: mark.state };
  await context.record({ kind: "task.mark", jobId: run.jobId, runId, taskId, reason, details });
}

/** Goes on with an ended run whose step has nothing left that failed. */
async function goOnAfter(
  context: RequestContext,
  run: Awaited<ReturnType<typeof findRun>>,
  task: TaskRow,
): Promise<void> {
  const states = await selectStepStates(context.transaction, run.id, task.step);
  if (states.failed > 0 || states.cancelled > 0) return;
  await requeueRun(context.transaction, run.id);
  await moveOn(context.transaction, context.jobOf(run.jobId), run, task.step, undefined);
  await settle(context.transaction, run);
}
