import type { Sql } from "../../db/client.ts";
import { type ActiveRuns, countActiveRuns } from "../../db/queries/pipeline/runs.ts";
import { selectNextAvailable } from "../../db/queries/pipeline/tasks.ts";
import { notifyWake } from "../../db/queries/pipeline/wake.ts";
import type { Holder } from "./holder.ts";
import { isFull, isStreaming, queueTriggeredRun, startRuns } from "./triggers.ts";
import type { Duties, JobDefinition } from "./types.ts";
import type { Watch } from "./watch.ts";

export type TurnOptions = {
  sql: Sql;
  jobs: readonly JobDefinition[];
  scheduler: { queueIfAsked(): Promise<void>; queueRechecks(): Promise<void> };
  holder: Pick<Holder, "claim">;
  duties: Duties;
  watch: Watch;
  now(): Date;
};

/** One turn of the loop: what is due, what events ask for, what may start, what may be claimed. Answers how long to rest. */
export function makeTurn(options: TurnOptions): () => Promise<number> {
  const { sql, jobs, scheduler, holder, duties, watch, now } = options;
  const trigger = createTrigger(sql, now);
  const turn = async () => {
    await scheduler.queueIfAsked();
    await scheduler.queueRechecks();
    const active = await countActiveRuns(sql);
    const startable = new Set(jobs.filter((job) => mayStart(job, active)));
    let restMs = Number.POSITIVE_INFINITY;
    let queued = 0;
    for (const job of duties.schedule ? jobs : []) {
      const outcome = await trigger(job, active);
      if (outcome && "restMs" in outcome) restMs = Math.min(restMs, outcome.restMs);
      else if (outcome) {
        startable.add(job);
        queued++;
      }
    }
    if (!duties.work) {
      // Who works would find it at its next look.
      if (queued > 0) await notifyWake(sql);
      return restMs;
    }
    for (const job of startable) await startRuns(sql, job);
    if (active.length > 0 || startable.size > 0) await holder.claim();
    return Math.min(restMs, (await selectNextAvailable(sql)) ?? Number.POSITIVE_INFINITY);
  };
  return () => watch.guarded("turn", Number.POSITIVE_INFINITY, turn);
}

/** Whether a job has queued runs, and a place for one of them. The end of a run that holds the last place is a wake. */
function mayStart(job: JobDefinition, active: ActiveRuns[]): boolean {
  const own = active.find(({ jobId }) => jobId === job.id);
  return own !== undefined && own.fewestRunning !== null && own.fewestRunning < job.maxActiveRuns;
}

/** How long a rest is taken as it was found. The pace changes as it goes; looking at every wake would cost more than it tells. */
const lookAgainMs = 250;

/**
 * Queues triggered runs, and spares the database the questions whose answers are known: of a job that has all the runs that it
 * may have, or that rests. The end of what either waits for is a wake.
 */
function createTrigger(sql: Sql, now: () => Date) {
  const restsUntil = new Map<string, number>();
  return async (job: JobDefinition, active: ActiveRuns[]): ReturnType<typeof queueTriggeredRun> => {
    if (isFull(job, active)) return undefined;
    const at = now();
    const restMs = (restsUntil.get(job.id) ?? 0) - at.getTime();
    if (restMs > 0 && restMs <= lookAgainMs && isStreaming(job, active)) return { restMs };
    const outcome = await queueTriggeredRun(sql, job, at);
    if (!outcome || !("restMs" in outcome)) return outcome;
    const shortMs = Math.min(outcome.restMs, lookAgainMs);
    restsUntil.set(job.id, at.getTime() + shortMs);
    return { restMs: shortMs };
  };
}
