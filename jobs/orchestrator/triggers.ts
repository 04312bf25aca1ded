import type { JsonValue, Sql, TransactionSql } from "../../db/client.ts";
import {
  claimEvents,
  hasPendingEvents,
  hasPendingNews,
  passOverEvents,
  selectWaitingSince,
} from "../../db/queries/pipeline/events.ts";
import {
  type ActiveRuns,
  countActiveRuns,
  insertPartitionRuns,
  insertRun,
  lockJob,
  selectLastEndedRun,
  selectPartitionOwners,
  setScheduleAfter,
  startQueuedRuns,
} from "../../db/queries/pipeline/runs.ts";
import { type Stream, selectStreams } from "../../db/queries/pipeline/streams.ts";
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
  const isWanted = (await job.isWanted?.()) ?? true;
  return await sql.begin(async (transaction) => {
    if ((await lockJob(transaction, job.id)).paused) return undefined;
    if (!isWanted) {
      await passOverEvents(transaction, job.id);
      return undefined;
    }
    const active = await countActiveRuns(transaction);
    if (isFull(job, active)) return undefined;
    // Between two runs of a job that it watches there is none at work, but what the next one will claim.
    const streams = isStreaming(job, active) || (await hasPendingNews(transaction, job.coalesce?.whileActive ?? []));
    const restMs = streams ? await remainingRest(transaction, job, now) : 0;
    if (restMs > 0) return { restMs };
    const runId = await queueClaimingRun(transaction, job, "dataset");
    return runId === undefined ? undefined : { runId };
  });
}

/** Whether a job has as many runs as it may have. */
export function isFull(job: JobDefinition, active: ActiveRuns[]): boolean {
  const own = active.find(({ jobId }) => jobId === job.id);
  return (own?.queued ?? 0) + (own?.running ?? 0) >= job.maxActiveRuns;
}

/** Whether a job that it waits for is at work. Rechecks announce no news, and hold up nobody's. */
export function isStreaming({ coalesce }: JobDefinition, active: ActiveRuns[]): boolean {
  return active.some(
    ({ jobId, queued, running, rechecks }) => queued + running > rechecks && coalesce?.whileActive.includes(jobId),
  );
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

/** Milliseconds to wait: for the rest after the last run, or for the end of the stream where that is near. */
async function remainingRest(transaction: TransactionSql, job: JobDefinition, now: Date): Promise<number> {
  if (!job.coalesce) return 0;
  const { restFactor, endWithinMs = 0 } = job.coalesce;
  const endMs = endWithinMs > 0 ? await expectedEnd(transaction, job, endWithinMs, now) : 0;
  const last = await selectLastEndedRun(transaction, job.id);
  // Before the first run there is no rest: its result is what people are waiting for.
  const restMs = last ? last.finishedAt.getTime() + last.durationMs * restFactor - now.getTime() : 0;
  return Math.max(endMs, restMs);
}

/** Fewer units than these are no stream: somebody asked for them one by one, and wants to see each. */
const fewestUnits = 3;

/** Milliseconds until the jobs that it watches have ended, at their pace of late; 0 where that is too far off, or cannot be told. */
async function expectedEnd(
  transaction: TransactionSql,
  { id, coalesce }: JobDefinition,
  withinMs: number,
  now: Date,
): Promise<number> {
  const waitingSince = await selectWaitingSince(transaction, id);
  const patienceMs = (waitingSince ?? now).getTime() + withinMs - now.getTime();
  if (patienceMs <= 0) return 0;
  const since = new Date(now.getTime() - withinMs);
  const streams = await selectStreams(transaction, coalesce?.whileActive ?? [], { since, now });
  const told = streams.filter((stream) => stream.done >= fewestUnits && isFlowing(stream));
  const endMs = Math.max(0, ...told.map(({ left, done, seconds }) => (left / done) * seconds * 1000));
  return endMs <= withinMs ? Math.min(endMs, patienceMs) : 0;
}

/** Whether units still come. What fails and is tried again, or waits for somebody, holds up nothing. */
function isFlowing({ idleSeconds, slowestSeconds }: Stream): boolean {
  return idleSeconds <= 2 * slowestSeconds;
}
