import type { Logger } from "pino";
import type { JsonValue, Sql } from "../../../db/client.ts";
import { beatSweeps, finishSweep, type SweepEnd, startSweep } from "../../../db/queries/research/sweeps.ts";
import type { SweepPlan, Tally } from "../../backtest/sweep/types.ts";
import type { SweepPool, SweepSource } from "./pool.ts";
import { recordOf } from "./record.ts";
import type { SweepRequest } from "./schemas.ts";

/** What is ready to be run: a checked request, the sessions that its plan counts by, and where its points get what they run on. */
export type PreparedSweep = {
  request: SweepRequest;
  plan: SweepPlan;
  dates: readonly string[];
  source: SweepSource;
  dataVersion: string;
};

/** The sweeps that this process has still to end, the one that runs first. */
export type SweepQueue = {
  /** How many there are, with the one that runs. */
  length(): number;
  add(id: number, sweep: PreparedSweep): void;
  /** Ends a sweep of this queue, and resolves when that is kept; at once where it is not of it. */
  cancel(id: number): Promise<void>;
  idle(): Promise<void>;
  /** Ends all of them as interrupted; what is added later is too. */
  stop(): Promise<void>;
};

type Tools = { sql: Sql; pool: SweepPool; log: Logger };

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

const beatMs = 300;

export function createSweepQueue({ sql, pool, log }: Tools): SweepQueue {
  const jobs: Job[] = [];
  let working: Promise<void> | undefined;
  let stopped = false;

  const finish = async (job: Job, end: SweepEnd) => {
    await finishSweep(sql, job.id, job.done, end).catch((error) =>
      log.error({ error, sweep: job.id }, "the end of a sweep could not be kept"),
    );
    job.ended.resolve();
  };
  /** One that waits is taken from the queue; the one that runs is ended by its signal. */
  const cancel = async (id: number) => {
    const place = jobs.findIndex((job) => job.id === id);
    const job = jobs[place];
    if (job === undefined) return;
    job.abort.abort(new Stopped("cancelled"));
    if (place === 0) return await job.ended.promise;
    jobs.splice(place, 1);
    await finish(job, { state: "cancelled" });
  };
  const beat = async () => {
    for (const id of await beatSweeps(sql, jobs)) await cancel(id);
  };
  const work = async () => {
    const stopBeating = repeat(beat, beatMs, (error) =>
      log.warn({ error }, "the progress of sweeps could not be kept"),
    );
    for (let job = jobs[0]; job !== undefined; job = jobs[0]) {
      const end = await run(job, { sql, pool, log });
      jobs.shift();
      await finish(job, end);
    }
    stopBeating();
    working = undefined;
  };

  return {
    length: () => jobs.length,
    cancel,
    add: (id, sweep) => {
      const job = { ...sweep, id, done: 0, abort: new AbortController(), ended: Promise.withResolvers<void>() };
      if (stopped) job.abort.abort(new Stopped("interrupted"));
      jobs.push(job);
      working ??= work();
    },
    idle: async () => {
      while (working) await working;
    },
    stop: async () => {
      stopped = true;
      for (const job of jobs) job.abort.abort(new Stopped("interrupted"));
      while (working) await working;
    },
  };
}

/** Does something again and again, never twice at once: what is slow is waited for. Answers how to stop. */
function repeat(what: () => Promise<void>, everyMs: number, failed: (error: unknown) => void): () => void {
  let isAtIt = false;
  const timer = setInterval(() => {
    if (isAtIt) return;
    isAtIt = true;
    what()
      .catch(failed)
      .finally(() => {
        isAtIt = false;
      });
  }, everyMs);
  return () => clearInterval(timer);
}

/** Runs one sweep; never throws. */
async function run(job: Job, { sql, pool, log }: Tools): Promise<SweepEnd> {
  const { id, dates, source, plan, abort } = job;
  const started = performance.now();
  try {
    abort.signal.throwIfAborted();
    await startSweep(sql, id);
    const { maps, ...result } = await pool.run(source, plan, {
      signal: abort.signal,
      progress: (done) => {
        job.done = done;
      },
    });
    const durationMs = Math.round(performance.now() - started);
    log.info({ sweep: id, points: result.tally.points, durationMs }, "a sweep has ended");
    const nothing = whyNothing(job, result.tally);
    if (nothing !== null) return { state: "failed", error: nothing };
    const record = { dataVersion: job.dataVersion, ...recordOf(dates, plan, result, maps) } as unknown as JsonValue;
    return { state: "success", result: record, maps: new Uint8Array(maps.values.buffer) };
  } catch (error) {
    if (error instanceof Stopped && error.end === "cancelled") return { state: "cancelled" };
    if (error instanceof Stopped) return { state: "interrupted", error: "Barline was stopped before the sweep ended." };
    log.error({ error, sweep: id }, "a sweep failed");
    return { state: "failed", error: error instanceof Error ? error.message : String(error) };
  }
}

const coldIn = (scope: SweepSource["scope"], sessions: number): string =>
  scope === "ticker"
    ? `need more sessions to warm up than the ${sessions} in sample`
    : `choose nobody in sample: no ticker has the sessions before a month's end, and the minimums, that they ask for`;

/** Why no point could be run, in words; null where one was. */
function whyNothing({ plan, source }: Job, { points, ran, invalid, cold }: Tally): string | null {
  if (ran > 0) return null;
  const { from, to } = plan.inSample;
  const figures = [
    invalid > 0 ? `in ${invalid.toLocaleString("en-US")} the parameters do not go together` : "",
    cold > 0 ? `${cold.toLocaleString("en-US")} ${coldIn(source.scope, to - from)}` : "",
  ].filter((words) => words !== "");
  return `None of the ${points.toLocaleString("en-US")} points can be run: ${figures.join("; ")}.`;
}
