import type { JsonValue, Sql, TransactionSql } from "../../db/client.ts";
import { insertBackfill, selectActiveRunsOfBackfill, settleBackfill } from "../../db/queries/backfills.ts";
import {
  insertPartitionRuns,
  insertRun,
  lockJob,
  lockRun,
  requeueRun,
  selectPartitionOwners,
  setJobPaused,
} from "../../db/queries/runs.ts";
import { cancelTasks, cancelTries, notifyWake, requeueEndedTasks } from "../../db/queries/tasks.ts";
import { endRun, settle } from "./advance.ts";
import { priorities, queueClaimingRun } from "./triggers.ts";
import {
  type JobDefinition,
  type Orchestrator,
  type PlannedRun,
  type Reprocess,
  RequestError,
  type SelectedPartitions,
} from "./types.ts";

/** What people ask of the orchestrator, from the dashboard or the API. */
export type Requests = Pick<
  Orchestrator,
  "createRun" | "selectPartitions" | "createBackfill" | "retryRun" | "cancelRun" | "cancelBackfill" | "setPaused"
>;

const activeStates = ["queued", "running"];

export type RequestsOptions = {
  sql: Sql;
  jobs: readonly JobDefinition[];
  /** Called when there may be work to do. */
  changed(): void;
  /** Called when a job goes on after a pause, whose schedule nobody looked at meanwhile. */
  resumed(): void;
};

export function createRequests(options: RequestsOptions): Requests {
  const { sql, changed } = options;

  const jobOf = (jobId: string): JobDefinition => {
    const job = options.jobs.find((candidate) => candidate.id === jobId);
    if (!job) throw new RequestError("not_found", `There is no job "${jobId}".`);
    return job;
  };

  /** Runs `work` in a transaction and lets every process look for work after it. */
  const change = async <T>(work: (transaction: TransactionSql) => Promise<T>): Promise<T> => {
    const result = (await sql.begin(async (transaction) => {
      const answer = await work(transaction);
      await notifyWake(transaction);
      return [answer];
    })) as [T];
    changed();
    return result[0];
  };

  return {
    async createRun(jobId, { partition, parameters = {} }) {
      const job = jobOf(jobId);
      if (partition === undefined) return await change((transaction) => queueByHand(transaction, job, parameters));
      if (!job.schedule)
        throw new RequestError("invalid", `${jobId} does not run by session: leave the session out.`, "session");
      return await change((transaction) => queuePartitionByHand(transaction, job, partition, parameters));
    },
    selectPartitions: (jobId, partitions, reprocess) => select(sql, jobOf(jobId).id, partitions, reprocess),
    async createBackfill(jobId, request) {
      const job = jobOf(jobId);
      return await change((transaction) => queueBackfill(transaction, job, request));
    },
    async retryRun(runId) {
      await change((transaction) => retry(transaction, runId));
    },
    async cancelRun(runId) {
      await change((transaction) => cancel(transaction, runId));
    },
    async cancelBackfill(backfillId) {
      const active = await selectActiveRunsOfBackfill(sql, backfillId);
      if (!active) throw new RequestError("not_found", `There is no backfill ${backfillId}.`);
      if (active.length === 0) throw new RequestError("conflict", `Backfill ${backfillId} has already ended.`);
      for (const runId of active) {
        await change(async (transaction) => {
          const run = await lockRun(transaction, runId);
          // It may have ended by itself since it was listed, which is no reason to stop here.
          if (run && activeStates.includes(run.state)) await cancel(transaction, runId);
        });
      }
    },
    async setPaused(jobId, paused) {
      await setJobPaused(sql, jobOf(jobId).id, paused);
      await notifyWake(sql);
      if (paused) changed();
      else options.resumed();
    },
  };
}

async function select(
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
  if (activeStates.includes(owner.state)) return `run ${owner.runId} is ${owner.state}`;
  // What was cancelled was never brought to an end, so it is missing still.
  if (reprocess === "all" || owner.state === "cancelled") return undefined;
  const ended = owner.state === "success" ? "succeeded" : owner.state;
  if (reprocess === "failed" && owner.state !== "success") return undefined;
  return reprocess === "failed" ? `run ${owner.runId} ${ended}` : `run ${owner.runId} already ran: ${ended}`;
}

type BackfillRequest<Plan> = {
  from: string;
  to: string;
  reprocess: Reprocess;
  partitions: string[];
  plan(selected: SelectedPartitions): { plan: Plan; runs: PlannedRun[] };
};

async function queueBackfill<Plan extends JsonValue>(
  transaction: TransactionSql,
  job: JobDefinition,
  request: BackfillRequest<Plan>,
): Promise<{ id: number; runs: number; plan: Plan }> {
  // Under the lock, so that two backfills of overlapping ranges cannot both choose a partition.
  await lockJob(transaction, job.id);
  const selected = await select(transaction, job.id, request.partitions, request.reprocess);
  const { plan, runs } = request.plan(selected);
  const { from, to, reprocess } = request;
  const id = await insertBackfill(transaction, { jobId: job.id, from, to, reprocess, plan });
  await queueBackfillRuns(transaction, job, id, runs);
  // One without runs has ended, and well: whoever waits for it by its id learns so like of any other.
  if (runs.length === 0) await settleBackfill(transaction, id);
  return { id, runs: runs.length, plan };
}

/** In groups: one statement's JSON stays small for twenty years of sessions too. */
const runsPerInsert = 1000;

async function queueBackfillRuns(
  transaction: TransactionSql,
  job: JobDefinition,
  backfillId: number,
  runs: PlannedRun[],
) {
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

async function queueByHand(
  transaction: TransactionSql,
  job: JobDefinition,
  parameters: PlannedRun["parameters"],
): Promise<number> {
  await lockJob(transaction, job.id);
  if (job.schedule) throw new RequestError("invalid", `${job.id} runs by session: name one.`, "session");
  const claimed = await queueClaimingRun(transaction, job, "manual", parameters);
  if (claimed !== undefined) return claimed;
  if (!job.runsWithoutEvents) {
    throw new RequestError("conflict", `No event waits for ${job.id}: a run would have nothing to do.`);
  }
  return await insertRun(transaction, { jobId: job.id, trigger: "manual", priority: priorities.manual, parameters });
}

async function queuePartitionByHand(
  transaction: TransactionSql,
  job: JobDefinition,
  partition: string,
  parameters: PlannedRun["parameters"],
): Promise<number> {
  await lockJob(transaction, job.id);
  const [owner] = await selectPartitionOwners(transaction, job.id, [partition]);
  if (owner && activeStates.includes(owner.state)) {
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
  return runId;
}

async function retry(transaction: TransactionSql, runId: number): Promise<void> {
  const run = await lockRun(transaction, runId);
  if (!run) throw new RequestError("not_found", `There is no run ${runId}.`);
  if (run.state !== "failed" && run.state !== "cancelled") {
    throw new RequestError("conflict", `Run ${runId} is ${run.state}; only a failed or cancelled run can be retried.`);
  }
  await requeueEndedTasks(transaction, runId);
  await requeueRun(transaction, runId);
  await settle(transaction, run);
}

async function cancel(transaction: TransactionSql, runId: number): Promise<void> {
  const run = await lockRun(transaction, runId);
  if (!run) throw new RequestError("not_found", `There is no run ${runId}.`);
  if (!activeStates.includes(run.state))
    throw new RequestError("conflict", `Run ${runId} has already ended: ${run.state}.`);
  await cancelTasks(transaction, runId);
  await cancelTries(transaction, runId);
  await endRun(transaction, run, "cancelled", null);
  await notifyWake(transaction, "cancelled");
}
