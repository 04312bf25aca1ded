import type { JsonValue, Sql, TransactionSql } from "../../../db/client.ts";
import {
  type BackfillState,
  cancelRuns,
  changeBackfill,
  insertBackfill,
  lockActiveRunsOfBackfill,
  lockBackfills,
  lockFailedRunsOfBackfill,
  requeueRuns,
  selectBackfill,
  settleBackfills,
} from "../../../db/queries/backfills/backfills.ts";
import {
  insertPartitionRuns,
  lockJob,
  type PartitionOwner,
  requeueRunsOfBackfill,
  selectPartitionOwners,
} from "../../../db/queries/pipeline/runs.ts";
import { cancelTasks, cancelTries, requeueEndedTasks } from "../../../db/queries/pipeline/tasks.ts";
import { notifyWake } from "../../../db/queries/pipeline/wake.ts";
import { priorities } from "../triggers.ts";
import {
  type BackfillChange,
  type BackfillOptions,
  isActive,
  type JobDefinition,
  type PartitionReason,
  type PlannedRun,
  type Reprocess,
  RequestError,
  type RunState,
  type SelectedPartitions,
} from "../types.ts";
import type { RequestContext } from "./context.ts";

/** What people ask for backfills. */

/** Which of `partitions` a backfill would run, and why not the others. */
export async function selectPartitions(
  sql: Sql | TransactionSql,
  jobId: string,
  partitions: string[],
  reprocess: Reprocess,
): Promise<SelectedPartitions> {
  const owners = new Map(
    (await selectPartitionOwners(sql, jobId, partitions)).map((owner) => [owner.partition, owner]),
  );
  const selected: SelectedPartitions = { wanted: [], skipped: [] };
  for (const partition of partitions) {
    const owner = owners.get(partition);
    const skip = reasonToSkip(owner, reprocess);
    if (skip === undefined) selected.wanted.push({ partition, reason: reasonToRun(owner) });
    else selected.skipped.push({ partition, reason: skip });
  }
  return selected;
}

const neverRan: PartitionReason = { kind: "never_ran" };

function reasonToRun(owner: PartitionOwner | undefined): PartitionReason {
  return owner ? { kind: "ended", ...standingOf(owner) } : neverRan;
}

function reasonToSkip(owner: PartitionOwner | undefined, reprocess: Reprocess): PartitionReason | undefined {
  if (!owner) return reprocess === "failed" || reprocess === "recheck" ? neverRan : undefined;
  if (isActive(owner.state)) return { kind: "under_way", ...standingOf(owner) };
  if (reprocess === "recheck") return owner.state === "success" ? undefined : { kind: "ended", ...standingOf(owner) };
  // What was cancelled was never brought to an end, so it is missing still.
  if (reprocess === "all" || owner.state === "cancelled") return undefined;
  if (reprocess === "failed" && owner.state !== "success") return undefined;
  return { kind: reprocess === "failed" ? "ended" : "already_ran", ...standingOf(owner) };
}

/** A column that only the orchestrator writes, in the words of the type. */
const standingOf = ({ runId, state }: PartitionOwner) => ({ runId, state: state as RunState });

export async function queueBackfill<Plan extends JsonValue>(
  { transaction, record }: RequestContext,
  job: JobDefinition,
  request: BackfillOptions<Plan>,
): Promise<{ id: number; runs: number; plan: Plan }> {
  const { from, to, reprocess, order = "oldest", concurrency } = request;
  if (concurrency !== undefined) checkConcurrency(job, concurrency);
  // Under the lock, so that two backfills of overlapping ranges cannot both choose a partition.
  await lockJob(transaction, job.id);
  const selected = await selectPartitions(transaction, job.id, request.partitions, reprocess);
  const { plan, runs } = request.plan(selected);
  const given = { jobId: job.id, from, to, reprocess, plan, order, concurrency: concurrency ?? null };
  const id = await insertBackfill(transaction, given);
  await queueRuns(transaction, job, id, runs);
  // One without runs has ended, and well: whoever waits for it by its id learns so like of any other.
  if (runs.length === 0) await settleBackfills(transaction, [id]);
  await record({ kind: "backfill.create", jobId: job.id, backfillId: id, details: { from, to, reprocess } });
  return { id, runs: runs.length, plan };
}

/** In groups: one statement's JSON stays small for twenty years of days too. */
const runsPerInsert = 1000;

async function queueRuns(transaction: TransactionSql, job: JobDefinition, backfillId: number, runs: PlannedRun[]) {
  for (let start = 0; start < runs.length; start += runsPerInsert) {
    await insertPartitionRuns(transaction, {
      jobId: job.id,
      trigger: "backfill",
      priority: priorities.backfill,
      backfillId,
      runs: runs.slice(start, start + runsPerInsert),
    });
  }
}

function checkConcurrency(job: JobDefinition, concurrency: number): void {
  if (Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= job.maxActiveRuns) return;
  throw new RequestError(
    "invalid",
    `A backfill of ${job.id} runs from 1 to ${job.maxActiveRuns} at a time.`,
    "concurrency",
  );
}

/** All of it in one transaction: a run that were still queued would begin while the others are being cancelled. */
export async function cancelBackfill({ transaction, record }: RequestContext, backfillId: number): Promise<void> {
  const { jobId } = await findBackfill(transaction, backfillId);
  // Locked in one order everywhere: the job, its runs, the backfill.
  await lockJob(transaction, jobId);
  const active = await lockActiveRunsOfBackfill(transaction, backfillId);
  if (active.length === 0) throw new RequestError("conflict", `Backfill ${backfillId} has already ended.`);
  await cancelTasks(transaction, active);
  await cancelTries(transaction, active);
  await cancelRuns(transaction, active);
  await lockBackfills(transaction, [backfillId]);
  await settleBackfills(transaction, [backfillId]);
  await notifyWake(transaction, "cancelled");
  await record({ kind: "backfill.cancel", jobId, backfillId, details: { runs: active.length } });
}

/** The same runs again, not new ones: the backfill's page goes on telling what became of each of its partitions. */
export async function retryBackfill({ transaction, record }: RequestContext, backfillId: number): Promise<number> {
  const { jobId } = await findBackfill(transaction, backfillId);
  await lockJob(transaction, jobId);
  const failed = await lockFailedRunsOfBackfill(transaction, backfillId);
  if (failed.length === 0) {
    throw new RequestError(
      "conflict",
      `Backfill ${backfillId} has no failed run to retry: none failed, or other runs have taken its partitions over.`,
    );
  }
  await requeueEndedTasks(transaction, failed);
  await requeueRuns(transaction, failed);
  await lockBackfills(transaction, [backfillId]);
  await settleBackfills(transaction, [backfillId]);
  await record({ kind: "backfill.retry", jobId, backfillId, details: { runs: failed.length } });
  return failed.length;
}

export async function updateBackfill(
  { transaction, jobOf, record }: RequestContext,
  backfillId: number,
  change: BackfillChange,
): Promise<void> {
  const { jobId } = await findBackfill(transaction, backfillId);
  if (typeof change.concurrency === "number") checkConcurrency(jobOf(jobId), change.concurrency);
  await lockJob(transaction, jobId);
  const before = await findBackfill(transaction, backfillId);
  // The runs before the backfill, as whoever ends a run locks them.
  if (change.paused) await requeueRunsOfBackfill(transaction, backfillId);
  if (!(await changeBackfill(transaction, backfillId, change)))
    throw new RequestError("conflict", `Backfill ${backfillId} has already ended.`);
  const { paused = before.paused, concurrency = before.concurrency, order = before.order } = change;
  if (paused !== before.paused) {
    await record({ kind: paused ? "backfill.pause" : "backfill.resume", jobId, backfillId });
  }
  const details = {
    ...(concurrency !== before.concurrency && { concurrency }),
    ...(order !== before.order && { order }),
  };
  if (Object.keys(details).length > 0) await record({ kind: "backfill.change", jobId, backfillId, details });
}

async function findBackfill(transaction: TransactionSql, backfillId: number): Promise<BackfillState> {
  const backfill = await selectBackfill(transaction, backfillId);
  if (!backfill) throw new RequestError("not_found", `There is no backfill ${backfillId}.`);
  return backfill;
}
