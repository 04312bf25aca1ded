import { hasClaimedEvents } from "../../../db/queries/pipeline/events.ts";
import {
  insertPartitionRuns,
  insertRun,
  lockJob,
  lockRun,
  type RunRow,
  requeueRun,
  selectOwnersOfRunsPartitions,
  selectPartitionOwners,
} from "../../../db/queries/pipeline/runs.ts";
import {
  clearStepsAfter,
  hasTasks,
  requeueFirstStep,
  selectJobOfRun,
} from "../../../db/queries/pipeline/task-changes.ts";
import { cancelTasks, cancelTries, requeueEndedTasks } from "../../../db/queries/pipeline/tasks.ts";
import { notifyWake } from "../../../db/queries/pipeline/wake.ts";
import { endRuns, settle } from "../advance.ts";
import { storableText } from "../storable.ts";
import { priorities, queueClaimingRun } from "../triggers.ts";
import { isActive, type JobDefinition, type Mark, type PlannedRun, RequestError } from "../types.ts";
import type { RequestContext } from "./context.ts";

/** What people ask for whole runs. Each works within a transaction of the caller. */

export async function queueByHand(
  { transaction, record }: RequestContext,
  job: JobDefinition,
  parameters: PlannedRun["parameters"],
): Promise<number> {
  await lockJob(transaction, job.id);
  if (job.schedule) throw new RequestError("invalid", `${job.id} runs by session: name one.`, "session");
  let runId = await queueClaimingRun(transaction, job, "manual", parameters);
  if (runId === undefined && !job.runsWithoutEvents)
    throw new RequestError("conflict", `No event waits for ${job.id}: a run would have nothing to do.`);
  runId ??= await insertRun(transaction, {
    jobId: job.id,
    trigger: "manual",
    priority: priorities.manual,
    parameters,
  });
  await record({ kind: "run.create", jobId: job.id, runId, details: parameters });
  return runId;
}

export async function queuePartitionByHand(
  { transaction, record }: RequestContext,
  job: JobDefinition,
  partition: string,
  parameters: PlannedRun["parameters"],
): Promise<number> {
  await lockJob(transaction, job.id);
  const [owner] = await selectPartitionOwners(transaction, job.id, [partition]);
  if (owner && isActive(owner.state)) {
    throw new RequestError("conflict", `Run ${owner.runId} for ${partition} is ${owner.state} already.`, "session");
  }
  const [runId] = await insertPartitionRuns(transaction, {
    jobId: job.id,
    trigger: "manual",
    priority: priorities.manual,
    backfillId: null,
    runs: [{ partitions: [partition], parameters }],
  });
  if (runId === undefined) throw new Error(`No run was made for ${partition}.`);
  await record({ kind: "run.create", jobId: job.id, runId, details: { session: partition } });
  return runId;
}

async function findRun({ transaction }: RequestContext, runId: number): Promise<RunRow> {
  const run = await lockRun(transaction, runId);
  if (!run) throw new RequestError("not_found", `There is no run ${runId}.`);
  return run;
}

/**
 * Locks a run that may go on, and its job before it, as whoever starts runs does: nobody queues another run of its
 * partitions meanwhile, and nobody waits for the other's second lock.
 */
export async function findRunOfJob(context: RequestContext, runId: number): Promise<RunRow> {
  const jobId = await selectJobOfRun(context.transaction, runId);
  if (jobId === undefined) throw new RequestError("not_found", `There is no run ${runId}.`);
  await lockJob(context.transaction, jobId);
  return await findRun(context, runId);
}

/** Refuses to go on with a run that has not ended, whose partitions another is at work on, or whose events are gone. */
export async function requireEnded({ transaction }: RequestContext, run: RunRow): Promise<void> {
  if (isActive(run.state)) throw new RequestError("conflict", `Run ${run.id} is ${run.state}; cancel it first.`);
  const others = await selectOwnersOfRunsPartitions(transaction, run);
  const busy = others.find((owner) => owner.runId !== run.id && isActive(owner.state));
  if (busy) throw new RequestError("conflict", `Run ${busy.runId} for ${busy.partition} is ${busy.state} already.`);
  if (run.trigger === "dataset" && !(await hasClaimedEvents(transaction, run.id))) {
    throw new RequestError(
      "conflict",
      `The events of run ${run.id} were removed by housekeeping: it has nothing to read.`,
    );
  }
}

/** Puts an ended run back in the queue. */
export async function goOn({ transaction }: RequestContext, run: RunRow): Promise<void> {
  await requeueRun(transaction, run.id);
  await settle(transaction, [run]);
}

export async function retryRun(context: RequestContext, runId: number): Promise<void> {
  const run = await findRunOfJob(context, runId);
  if (run.state !== "failed" && run.state !== "cancelled") {
    throw new RequestError("conflict", `Run ${runId} is ${run.state}; only a failed or cancelled run can be retried.`);
  }
  await requireEnded(context, run);
  const requeued = await requeueEndedTasks(context.transaction, [runId]);
  // Marked as failed, it may have nothing to do again: it would wait for ever for a task that nobody queued.
  if (requeued === 0 && (await hasTasks(context.transaction, runId))) {
    throw new RequestError(
      "conflict",
      `No task of run ${runId} failed or was cancelled. Clear the task that it should go on from.`,
    );
  }
  await goOn(context, run);
  await context.record({ kind: "run.retry", jobId: run.jobId, runId });
}

export async function clearRun(context: RequestContext, runId: number): Promise<void> {
  const { transaction } = context;
  const run = await findRunOfJob(context, runId);
  await requireEnded(context, run);
  await requeueFirstStep(transaction, runId);
  await clearStepsAfter(transaction, runId, 0);
  await goOn(context, run);
  await context.record({ kind: "run.clear", jobId: run.jobId, runId });
}

export async function cancelRun(context: RequestContext, runId: number): Promise<void> {
  const run = await findRun(context, runId);
  if (!isActive(run.state)) throw new RequestError("conflict", `Run ${runId} has already ended: ${run.state}.`);
  await stopTasks(context, runId);
  await endRuns(context.transaction, [{ run, state: "cancelled", error: null }]);
  await context.record({ kind: "run.cancel", jobId: run.jobId, runId });
}

export async function markRun(context: RequestContext, runId: number, mark: Mark): Promise<void> {
  const reason = requireReason(mark);
  const run = await findRun(context, runId);
  if (run.state === mark.state) throw new RequestError("conflict", `Run ${runId} is ${mark.state} already.`);
  if (isActive(run.state)) await stopTasks(context, runId);
  const error = mark.state === "failed" ? markError(reason) : null;
  await endRuns(context.transaction, [{ run, state: mark.state, error }]);
  await context.record({
    kind: "run.mark",
    jobId: run.jobId,
    runId,
    reason,
    details: { from: run.state, to: mark.state },
  });
}

async function stopTasks({ transaction }: RequestContext, runId: number): Promise<void> {
  await cancelTasks(transaction, [runId]);
  await cancelTries(transaction, [runId]);
  await notifyWake(transaction, "cancelled");
}

const longestReason = 500;

/** The reason of what somebody decides, which is asked for so that others can understand it later. */
export function requireReason({ reason }: Pick<Mark, "reason">): string {
  const text = storableText(reason).trim();
  if (text === "") throw new RequestError("invalid", "Say why, for those who look at it later.", "reason");
  if ([...text].length > longestReason)
    throw new RequestError("invalid", `Say it in ${longestReason} characters at the most.`, "reason");
  return text;
}

export const markError = (reason: string) => ({ name: "MarkedAsFailed", message: reason });
