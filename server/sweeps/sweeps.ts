import type { Logger } from "pino";
import type { JsonValue, Sql } from "../../db/client.ts";
import { insertAction } from "../../db/queries/actions.ts";
import {
  beatSweeps,
  closeSilentSweep,
  deleteOldSweeps,
  finishSweep,
  insertSweep,
  requestSweepCancel,
  type SweepEnd,
  startSweep,
} from "../../db/queries/sweeps.ts";
import type { Actor } from "../../jobs/orchestrator/types.ts";
import type { SweepRequest } from "../api/sweep-schemas.ts";
import { countPoints } from "../backtest/sweep/space.ts";
import type { SweepPlan } from "../backtest/sweep/types.ts";
import type { Bars } from "../backtest/types.ts";
import { HttpError } from "../middleware/errors.ts";
import type { SweepPool } from "./pool.ts";
import { recordOf } from "./record.ts";

/** What is ready to be run: a checked request with its bars. */
export type PreparedSweep = { request: SweepRequest; bars: Bars; plan: SweepPlan; dataVersion: string };

/** Sweeps one after another, each on all workers. What they find is in the database. */
export type Sweeps = {
  /** Puts a sweep in the queue. Answers its id; throws an HttpError where too many wait. */
  begin(sweep: PreparedSweep, by: Actor): Promise<number>;
  /** Stops a sweep, here or in another process, within a second. Answers whether it was still to end. */
  cancel(id: number, by: Actor): Promise<boolean>;
  /** Resolves once nothing is queued or running here. */
  idle(): Promise<void>;
  stop(): Promise<void>;
};

/** Sweeps that may wait in one process, besides the one that runs; each holds its bars. */
export const mostWaiting = 10;
/** Sweeps that are kept; the oldest are forgotten. */
export const mostKept = 100;
const beatMs = 300;

type Job = PreparedSweep & {
  id: number;
  done: number;
  abort: AbortController;
  /** Resolved once its end is kept. */
  ended: PromiseWithResolvers<void>;
};

class Stopped extends Error {
  constructor(readonly end: "cancelled" | "interrupted") {
    super(`the sweep was ${end}`);
  }
}

export function createSweeps({ sql, pool, log }: { sql: Sql; pool: SweepPool; log: Logger }): Sweeps {
  const jobs: Job[] = [];
  let working: Promise<void> | undefined;
  let beating: Timer | undefined;
  let stopped = false;

  const finish = async (job: Job, end: SweepEnd) => {
    await finishSweep(sql, job.id, job.done, end).catch((error) =>
      log.error({ error, sweep: job.id }, "the end of a sweep could not be kept"),
    );
    job.ended.resolve();
  };
  /** One that waits is taken from the queue; the one that runs is ended by its signal. */
  const cancelJob = async (job: Job) => {
    job.abort.abort(new Stopped("cancelled"));
    if (job === jobs[0]) return await job.ended.promise;
    jobs.splice(jobs.indexOf(job), 1);
    await finish(job, { state: "cancelled" });
  };
  /** Also shows other processes, and this one after a restart, that the sweeps are not forgotten. */
  const beat = async () => {
    const wanted = await beatSweeps(sql, jobs);
    for (const job of jobs.filter(({ id }) => wanted.includes(id))) await cancelJob(job);
  };
  const keepBeating = () => {
    beating ??= setInterval(() => {
      beat().catch((error) => log.warn({ error }, "the progress of sweeps could not be kept"));
    }, beatMs);
  };

  const work = async () => {
    for (let job = jobs[0]; job !== undefined; job = jobs[0]) {
      const end = await run(job, { sql, pool, log });
      jobs.shift();
      await finish(job, end);
    }
    clearInterval(beating);
    beating = undefined;
    working = undefined;
  };

  return {
    begin: async (sweep, by) => {
      if (stopped) throw new HttpError(503, "stopping", "Barline is stopping.");
      if (jobs.length > mostWaiting) {
        const message = `${mostWaiting} sweeps are waiting already. Try again when one has ended, or cancel one.`;
        throw new HttpError(429, "busy", message, { retryAfterSeconds: 10 });
      }
      const points = countPoints(sweep.plan.axes, sweep.plan.search);
      const request = sweep.request as unknown as JsonValue;
      const id = await sql.begin(async (transaction) => {
        const created = await insertSweep(transaction, { request, points, by: by.name });
        await deleteOldSweeps(transaction, mostKept);
        const { ticker, strategy } = sweep.request;
        const details = { sweep: created, ticker, strategy, points };
        await insertAction(transaction, { actor: by.name, via: by.via, kind: "sweep.create", details });
        return created;
      });
      jobs.push({ ...sweep, id, done: 0, abort: new AbortController(), ended: Promise.withResolvers<void>() });
      keepBeating();
      working ??= work();
      return id;
    },
    cancel: async (id, by) => {
      const isOpen = await sql.begin(async (transaction) => {
        const found = await requestSweepCancel(transaction, id);
        if (!found) return false;
        await insertAction(transaction, { actor: by.name, via: by.via, kind: "sweep.cancel", details: { sweep: id } });
        await closeSilentSweep(transaction, id);
        return true;
      });
      const job = jobs.find((candidate) => candidate.id === id);
      if (job) await cancelJob(job);
      return isOpen;
    },
    idle: async () => {
      while (working) await working;
    },
    stop: async () => {
      stopped = true;
      for (const job of jobs) job.abort.abort(new Stopped("interrupted"));
      await working;
      pool.close();
    },
  };
}

/** Runs one sweep; never throws. */
async function run(job: Job, { sql, pool, log }: { sql: Sql; pool: SweepPool; log: Logger }): Promise<SweepEnd> {
  const { id, bars, plan, abort } = job;
  const started = performance.now();
  try {
    abort.signal.throwIfAborted();
    await startSweep(sql, id);
    const { maps, ...result } = await pool.run(bars, plan, {
      signal: abort.signal,
      progress: (done) => {
        job.done = done;
      },
    });
    const durationMs = Math.round(performance.now() - started);
    log.info({ sweep: id, points: result.tally.points, durationMs }, "a sweep has ended");
    const nothing = whyNothing(job, result.tally);
    if (nothing !== null) return { state: "failed", error: nothing };
    const record = { dataVersion: job.dataVersion, ...recordOf(bars, plan, result, maps) } as unknown as JsonValue;
    return { state: "success", result: record, maps: new Uint8Array(maps.values.buffer) };
  } catch (error) {
    if (error instanceof Stopped && error.end === "cancelled") return { state: "cancelled" };
    if (error instanceof Stopped) return { state: "interrupted", error: "Barline was stopped before the sweep ended." };
    log.error({ error, sweep: id }, "a sweep failed");
    return { state: "failed", error: error instanceof Error ? error.message : String(error) };
  }
}

/** Why no point could be run, in words; null where one was. */
function whyNothing({ plan }: Job, { points, ran, invalid, cold }: Awaited<ReturnType<SweepPool["run"]>>["tally"]) {
  if (ran > 0) return null;
  const { from, to } = plan.inSample;
  const figures = [
    invalid > 0 ? `in ${invalid.toLocaleString("en-US")} the parameters do not go together` : "",
    cold > 0 ? `${cold.toLocaleString("en-US")} need more sessions to warm up than the ${to - from} in sample` : "",
  ].filter((words) => words !== "");
  return `None of the ${points.toLocaleString("en-US")} points can be run: ${figures.join("; ")}.`;
}
