import type { Sql } from "../../../db/client.ts";
import { insertAction, type NewAction } from "../../../db/queries/operations/actions.ts";
import { setJobPaused } from "../../../db/queries/pipeline/runs.ts";
import { notifyWake } from "../../../db/queries/pipeline/wake.ts";
import { getJob } from "../declared.ts";
import { type Actor, type JobDefinition, RequestError, type Requests } from "../types.ts";
import { cancelBackfill, queueBackfill, retryBackfill, selectPartitions, updateBackfill } from "./backfills.ts";
import type { RequestContext } from "./context.ts";
import { changeRuns, OnlyTried } from "./many-runs.ts";
import { cancelRun, clearRun, markRun, queueByHand, queuePartitionByHand, retryRun } from "./runs.ts";
import { clearTask, markTask, retryTask } from "./tasks.ts";

export type RequestsOptions = {
  sql: Sql;
  jobs: readonly JobDefinition[];
  /** Called when there may be work to do. */
  changed(): void;
  /** Called when a job goes on after a pause, whose schedule nobody looked at meanwhile. */
  resumed(): void;
};

const system: Actor = { name: "Barline", via: "system" };

export function createRequests(options: RequestsOptions): Requests {
  const { sql, changed } = options;

  const jobOf = (jobId: string): JobDefinition => getJob(options.jobs, jobId);

  /** Runs `work` in a transaction and lets every process look for work after it. */
  const change = async <T>(by: Actor, work: (context: RequestContext) => Promise<T>): Promise<T> => {
    const result = (await sql.begin(async (transaction) => {
      const record = (action: Omit<NewAction, "actor" | "via">) =>
        insertAction(transaction, { actor: by.name, via: by.via, ...action });
      const answer = await work({ transaction, jobOf, record });
      await notifyWake(transaction);
      return [answer];
    })) as [T];
    changed();
    return result[0];
  };

  return {
    async createRun(jobId, { partition, parameters = {} }, by = system) {
      const job = jobOf(jobId);
      if (partition === undefined) return await change(by, (context) => queueByHand(context, job, parameters));
      if (!job.schedule)
        throw new RequestError("invalid", `${jobId} does not run by session: leave the session out.`, "session");
      return await change(by, (context) => queuePartitionByHand(context, job, partition, parameters));
    },
    selectPartitions: (jobId, partitions, reprocess) => selectPartitions(sql, jobOf(jobId).id, partitions, reprocess),
    createBackfill: async (jobId, request, by = system) =>
      await change(by, (context) => queueBackfill(context, jobOf(jobId), request)),
    retryRun: (runId, by = system) => change(by, (context) => retryRun(context, runId)),
    cancelRun: (runId, by = system) => change(by, (context) => cancelRun(context, runId)),
    markRun: (runId, mark, by = system) => change(by, (context) => markRun(context, runId, mark)),
    clearRun: (runId, by = system) => change(by, (context) => clearRun(context, runId)),
    changeRuns: async (wanted, by = system) => {
      try {
        return await change(by, (context) => changeRuns(context, wanted));
      } catch (error) {
        if (error instanceof OnlyTried) return error.tried;
        throw error;
      }
    },
    retryTask: (taskId, by = system) => change(by, (context) => retryTask(context, taskId)),
    clearTask: (taskId, by = system) => change(by, (context) => clearTask(context, taskId)),
    markTask: (taskId, mark, by = system) => change(by, (context) => markTask(context, taskId, mark)),
    cancelBackfill: (backfillId, by = system) => change(by, (context) => cancelBackfill(context, backfillId)),
    retryBackfill: (backfillId, by = system) => change(by, (context) => retryBackfill(context, backfillId)),
    updateBackfill: (backfillId, wanted, by = system) =>
      change(by, (context) => updateBackfill(context, backfillId, wanted)),
    async setPaused(jobId, paused, by = system) {
      const job = jobOf(jobId);
      await change(by, async ({ transaction, record }) => {
        if (await setJobPaused(transaction, job.id, paused))
          await record({ kind: paused ? "job.pause" : "job.resume", jobId: job.id });
        if (!paused) await notifyWake(transaction, "resumed");
      });
      if (!paused) options.resumed();
    },
  };
}
