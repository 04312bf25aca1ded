import type { JsonValue, Sql, TransactionSql } from "../../db/client.ts";
import { claimEvents, hasPendingEvents } from "../../db/queries/pipeline/events.ts";
import {
  countActiveRuns,
  insertPartitionRuns,
  insertRun,
  lockJob,
  selectLastEndedRun,
  selectPartitionOwners,
  setScheduleAfter,
  startQueuedRuns,
} from "../../db/queries/pipeline/runs.ts";
import { insertFirstTasks } from "../../db/queries/pipeline/tasks.ts";
import type { JobDefinition } from "./types.ts";

/**
 * Higher goes first. Work that arrives by itself is what people wait for; what of it was missed, or asked for, comes
 * after; a backfill takes what is left, and a recheck, which nobody waits for, what is left then.
 */
export const priorities = { schedule: 10, dataset: 10, catchup: 8, manual: 5, backfill: 0, recheck: -1 } as const;

const defaultMaxClaims = 100;

/**
 * Queues a run for each partition that is due and has none. What is due comes from the schedule and the tables, never
 * from ticks, so a process that slept, crashed or never ran catches up the same way. Answers how many were queued.
 */
export async function queueDueRuns(sql: Sql, job: JobDefinition, now: Date, atStart: boolean): Promise<number> {
  const { schedule } = job;
  if (!schedule) return 0;
  const due = schedule.due(now);
  const newest = due.at(-1);
  if (newest === undefined) return 0;
  return await sql.begin(async (transaction) => {
    const { paused, scheduleAfter } = await lockJob(transaction, job.id);
    // What came due while nobody was there, or while people held the job, was missed.
    if (schedule.catchup === "none" && (atStart || paused)) {
      await setScheduleAfter(transaction, job.id, newest);
      return 0;
    }
    if (paused) return 0;
    const wanted = schedule.catchup === "all" ? due : due.filter((partition) => partition > (scheduleAfter ?? ""));
    // Several at once: the process slept through all but the newest.
    const chosen = schedule.catchup === "all" ? wanted : wanted.slice(-1);
    if (chosen.length === 0) return 0;
    if (schedule.catchup !== "all") await setScheduleAfter(transaction, job.id, newest);
    return await queuePartitions(transaction, job, chosen, newest);
  });
}

/** Queues the partitions that have no run. The newest that is due is fresh; those before it were missed, and let it pass. */
async function queuePartitions(
  transaction: TransactionSql,
  job: JobDefinition,
  partitions: string[],
  newest: string,
): Promise<number> {
  const owned = new Set((await selectPartitionOwners(transaction, job.id, partitions)).map((owner) => owner.partition));
  const missing = partitions.filter((partition) => !owned.has(partition));
  let queued = 0;
  for (const [priority, group] of [
    [priorities.catchup, missing.filter((partition) => partition !== newest)],
    [priorities.schedule, missing.filter((partition) => partition === newest)],
  ] as const) {
    if (group.length === 0) continue;
    const runs = group.map((partition) => ({ partitions: [partition], parameters: {} }));
    const given = { jobId: job.id, trigger: "schedule", priority, backfillId: null, runs };
    queued += (await insertPartitionRuns(transaction, given)).length;
  }
  return queued;
}

/** Starts queued runs of a job up to its limit, whichever process does it. */
export async function startRuns(sql: Sql, job: JobDefinition): Promise<number> {
  const first = job.tasks[0];
  if (!first) return 0;
  return await sql.begin(async (transaction) => {
    if ((await lockJob(transaction, job.id)).paused) return 0;
    const started = await startQueuedRuns(transaction, job.id, job.maxActiveRuns);
    if (started.length > 0) await insertFirstTasks(transaction, started, first.name);
    return started.length;
  });
}

/**
 * Queues a run for waiting events and claims them for it, in one transaction under the job's lock: two processes that
 * see the same events give each to exactly one run, and no run is made with nothing to claim.
 * Answers the run's id, or how many milliseconds to wait where the job rests, or undefined where nothing is to be done.
 */
export async function queueTriggeredRun(
  sql: Sql,
  job: JobDefinition,
  now: Date,
): Promise<{ runId: number } | { restMs: number } | undefined> {
  if (!job.triggeredBy?.length || !(await hasPendingEvents(sql, job.id))) return undefined;
  return await sql.begin(async (transaction) => {
    if ((await lockJob(transaction, job.id)).paused) return undefined;
    const active = await countActiveRuns(transaction);
    const own = active.find((row) => row.jobId === job.id);
    if ((own?.queued ?? 0) + (own?.running ?? 0) >= job.maxActiveRuns) return undefined;
    // Rechecks announce no news, and hold up nobody's.
    const busy = active.filter(({ queued, running, rechecks }) => queued + running > rechecks);
    const atWork = busy.map((row) => row.jobId).filter((id) => job.coalesce?.whileActive.includes(id));
    const restMs = atWork.length > 0 ? await remainingRest(transaction, job, atWork, now) : 0;
    if (restMs > 0) return { restMs };
    const runId = await queueClaimingRun(transaction, job, "dataset");
    return runId === undefined ? undefined : { runId };
  });
}

/** Queues a run that claims what waits; undefined, and no run, where nothing does. The caller holds the job's lock. */
export async function queueClaimingRun(
  transaction: TransactionSql,
  job: JobDefinition,
  trigger: "dataset" | "manual",
  parameters: Record<string, JsonValue> = {},
): Promise<number | undefined> {
  if (!(await hasPendingEvents(transaction, job.id))) return undefined;
  const runId = await insertRun(transaction, { jobId: job.id, trigger, priority: priorities[trigger], parameters });
  await claimEvents(transaction, { jobId: job.id, runId, limit: job.maxClaims ?? defaultMaxClaims });
  return runId;
}

/** Milliseconds of rest left, by the length of the last run; 0 before the first, whose result people are waiting for. */
async function remainingRest(
  transaction: TransactionSql,
  job: JobDefinition,
  atWork: string[],
  now: Date,
): Promise<number> {
  const last = await selectLastEndedRun(transaction, job.id);
  if (!last || !job.coalesce) return 0;
  const { whileActive, restFactor, endFactor = restFactor } = job.coalesce;
  const isEnding = atWork.every((id) => id === whileActive.at(-1));
  return last.finishedAt.getTime() + last.durationMs * (isEnding ? endFactor : restFactor) - now.getTime();
}
