import type { Logger } from "pino";
import type { JsonValue, Sql } from "../../../db/client.ts";
import type { Piece } from "../../../db/queries/research/pieces.ts";
import { beatSweep, finishSweep, type SweepEnd, selectSweep, startSweep } from "../../../db/queries/research/sweeps.ts";
import { leaseMs } from "../../../jobs/orchestrator/lease.ts";
import type { SweepPlan, Tally } from "../../backtest/sweep/types.ts";
import { createShared, type Shared } from "./elsewhere.ts";
import type { SweepPool, SweepSource } from "./pool.ts";
import type { PreparedSweep } from "./prepared.ts";
import { recordOf } from "./record.ts";
import { repeat } from "./taker.ts";

export type LeadTools = {
  sql: Sql;
  pool: SweepPool;
  log: Logger;
  owner: string;
  /** What a sweep was begun with here, or is read anew; what cannot be run throws with the reason. */
  prepare(sweepId: number, request: JsonValue): Promise<PreparedSweep>;
  versionOf(prepared: PreparedSweep): string;
};

/** Why a sweep is ended from outside; `released`: another process goes on with it, or this one after its next start. */
export class Stopped extends Error {
  constructor(readonly end: "cancelled" | "released") {
    super(`the sweep was ${end}`);
  }
}

/** A sweep that this process has as a whole. */
export type Lead = {
  sweepId: number;
  stop(reason: Stopped): void;
  /** Looks now at what other processes have done of it. */
  look(): void;
  /** Resolved once its end is kept, or it was let go. Answers whether it is to be given back. */
  ended: Promise<{ isReleased: boolean }>;
};

const beatMs = 300;
/** Processes that a sweep may bring down before it is told to be what brings them down. */
const mostLosses = 3;

/** Runs a sweep to its end, with the help of other processes where there are any. */
export function lead(piece: Piece & { sweepId: number }, tools: LeadTools): Lead {
  const { sweepId, id: pieceId } = piece;
  const { sql, log, owner } = tools;
  const abort = new AbortController();
  const progress: Progress = { done: 0, shared: undefined };
  const beat = async () => {
    const told = await beatSweep(sql, { id: sweepId, pieceId, owner, done: progress.done, leaseMs });
    if (!told.isHeld) abort.abort(new Stopped("released"));
    else if (told.cancelRequested) abort.abort(new Stopped("cancelled"));
    else await progress.shared?.look(told);
  };
  const beating = repeat(beat, beatMs, (error) => log.warn({ error }, "the progress of a sweep could not be kept"));
  const finish = async () => {
    const end = await run(piece, progress, abort.signal, tools);
    beating.stop();
    if (end === null) return { isReleased: true };
    await finishSweep(sql, { id: sweepId, owner, done: progress.done }, end).catch((error) =>
      log.error({ error, sweep: sweepId }, "the end of a sweep could not be kept"),
    );
    return { isReleased: false };
  };
  return { sweepId, ended: finish(), look: beating.now, stop: (reason) => abort.abort(reason) };
}

type Progress = { done: number; shared: Shared | undefined };

/** Answers how it ended; null where another process goes on with it. Never throws. */
async function run(
  { sweepId, losses }: Piece & { sweepId: number },
  progress: Progress,
  signal: AbortSignal,
  { sql, pool, log, prepare, versionOf }: LeadTools,
): Promise<SweepEnd | null> {
  const started = performance.now();
  try {
    const row = await selectSweep(sql, sweepId);
    if (row === null || row.cancelRequested) return { state: "cancelled" };
    if (losses >= mostLosses) return { state: "interrupted", error: broughtDown };
    signal.throwIfAborted();
    await startSweep(sql, sweepId);
    const prepared = await prepare(sweepId, row.request);
    const { source, plan, dates, dataVersion } = prepared;
    const version = versionOf(prepared);
    const shared = await createShared({
      ...{ sql, sweepId, plan, version },
      done: () => progress.done,
      now: () => performance.now(),
    });
    progress.shared = shared;
    const { maps, ...result } = await pool.run(source, plan, {
      signal,
      elsewhere: shared,
      progress: (done) => {
        progress.done = done;
      },
    });
    const durationMs = Math.round(performance.now() - started);
    log.info({ sweep: sweepId, points: result.tally.points, durationMs }, "a sweep has ended");
    const nothing = whyNothing(prepared, result.tally);
    if (nothing !== null) return { state: "failed", error: nothing };
    const record = { dataVersion, ...recordOf(dates, plan, result, maps) } as unknown as JsonValue;
    return { state: "success", result: record, maps: new Uint8Array(maps.values.buffer) };
  } catch (error) {
    if (error instanceof Stopped) return error.end === "cancelled" ? { state: "cancelled" } : null;
    log.error({ error, sweep: sweepId }, "a sweep failed");
    return { state: "failed", error: error instanceof Error ? error.message : String(error) };
  }
}

const broughtDown = `${mostLosses} processes that ran it ended in the middle; it is not begun again by itself.`;

const coldIn = (scope: SweepSource["scope"], sessions: number): string =>
  scope === "ticker"
    ? `need more sessions to warm up than the ${sessions} in sample`
    : `choose nobody in sample: no ticker has the sessions before a month's end, and the minimums, that they ask for`;

/** Why no point could be run, in words; null where one was. */
function whyNothing(
  { plan, source }: { plan: SweepPlan; source: SweepSource },
  { points, ran, invalid, cold }: Tally,
): string | null {
  if (ran > 0) return null;
  const { from, to } = plan.inSample;
  const figures = [
    invalid > 0 ? `in ${invalid.toLocaleString("en-US")} the parameters do not go together` : "",
    cold > 0 ? `${cold.toLocaleString("en-US")} ${coldIn(source.scope, to - from)}` : "",
  ].filter((words) => words !== "");
  return `None of the ${points.toLocaleString("en-US")} points can be run: ${figures.join("; ")}.`;
}
