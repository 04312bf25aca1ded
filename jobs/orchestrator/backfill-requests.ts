import type { JsonValue, Sql, TransactionSql } from "../../db/client.ts";
import {
  changeBackfill,
  insertBackfill,
  selectActiveRunsOfBackfill,
  selectBackfill,
  settleBackfill,
} from "../../db/queries/backfills.ts";
import {
  insertPartitionRuns,
  lockJob,
  lockRun,
  requeueRunsOfBackfill,
  selectPartitionOwners,
} from "../../db/queries/runs.ts";
import type { RequestContext } from "./requests.ts";
import { cancelRun, isActive } from "./run-requests.ts";
import { priorities } from "./triggers.ts";
import {
  type BackfillOptions,
  type BackfillOrder,
  type JobDefinition,
  type PlannedRun,
  type Reprocess,
  RequestError,
  type SelectedPartitions,
} from "./types.ts";

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
    const reason = reasonToSkip(owners.get(partition), reprocess);
    if (reason === undefined) selected.wanted.push(partition);
    else selected.skipped.push({ partition, reason });
  }
  return selected;
}

function reasonToSkip(owner: { runId: number; state: string } | undefined, reprocess: Reprocess): string | undefined {
  if (!owner) return reprocess === "failed" ? "never ran" : undefined;
  if (isActive(owner.state)) return `run ${owner.runId} is ${owner.state}`;
  // What was cancelled was never brought to an end, so it is missing still.
  if (reprocess === "all" || owner.state === "cancelled") return undefined;
  const ended = owner.state === "success" ? "succeeded" : owner.state;
  if (reprocess === "failed" && owner.state !== "success") return undefined;
  return reprocess === "failed" ? `run ${owner.runId} ${ended}` : `run ${owner.runId} already ran: ${ended}`;
}

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
  if (runs.length === 0) await settleBackfill(transaction, id);
  await record({ kind: "backfill.create", jobId: job.id, backfillId: id, details: { from, to, reprocess } });
  return { id, runs: runs.length, plan };
}

/** In groups: one statement's JSON stays small for twenty years of sessions too. */
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

/** Run by run, the newest first, so that none of them waits for the others' locks. */
export async function cancelBackfill(
  sql: Sql,
  backfillId: number,
  change: (work: (context: RequestContext) => Promise<void>) => Promise<void>,
): Promise<void> {
  const active = await selectActiveRunsOfBackfill(sql, backfillId);
  if (!active) throw new RequestError("not_found", `There is no backfill ${backfillId}.`);
  if (active.length === 0) throw new RequestError("conflict", `Backfill ${backfillId} has already ended.`);
  for (const runId of active) {
    await change(async (context) => {
      const run = await lockRun(context.transaction, runId);
      // It may have ended by itself since it was listed, which is no reason to stop here.
      if (run && isActive(run.state)) await cancelRun(context, runId);
    });
  }
  await change(async ({ transaction, record }) => {
    // A run of it that is retried later is not held up by a pause of what no longer goes on.
    await changeBackfill(transaction, backfillId, { paused: false });
    await record({ kind: "backfill.cancel", backfillId, details: { runs: active.length } });
  });
}

export async function updateBackfill(
  { transaction, jobOf, record }: RequestContext,
  backfillId: number,
  change: { paused?: boolean; concurrency?: number | null; order?: BackfillOrder },
): Promise<void> {
  const backfill = await selectBackfill(transaction, backfillId);
  if (!backfill) throw new RequestError("not_found", `There is no backfill ${backfillId}.`);
  if (typeof change.concurrency === "number") checkConcurrency(jobOf(backfill.jobId), change.concurrency);
  await lockJob(transaction, backfill.jobId);
  // The runs before the backfill, as whoever ends a run locks them.
  if (change.paused) await requeueRunsOfBackfill(transaction, backfillId);
  if (!(await changeBackfill(transaction, backfillId, change)))
    throw new RequestError("conflict", `Backfill ${backfillId} has already ended.`);
  const { paused, ...settings } = change;
  if (paused !== undefined && paused !== backfill.paused)
    await record({ kind: paused ? "backfill.pause" : "backfill.resume", jobId: backfill.jobId, backfillId });
  if (Object.keys(settings).length > 0)
    await record({ kind: "backfill.change", jobId: backfill.jobId, backfillId, details: settings });
}
