import type { Logger } from "pino";
import type { JsonValue, Sql } from "../../../db/client.ts";
import { insertAction } from "../../../db/queries/operations/actions.ts";
import { insertPiece, recoverPieces } from "../../../db/queries/research/pieces.ts";
import {
  closeUnheldSweep,
  countOpenSweeps,
  deleteOldSweeps,
  insertSweep,
  requestSweepCancel,
} from "../../../db/queries/research/sweeps.ts";
import { leaseMs } from "../../../jobs/orchestrator/lease.ts";
import type { Actor } from "../../../jobs/orchestrator/types.ts";
import { countPoints } from "../../backtest/sweep/space.ts";
import { HttpError } from "../../http/errors.ts";
import { type HeldPiece, oldMinutes } from "./holder.ts";
import { readRequest } from "./plan.ts";
import type { SweepPool } from "./pool.ts";
import type { PreparedSweep } from "./prepared.ts";
import { createRunner } from "./runner.ts";
import type { SweepRequest } from "./schemas.ts";

/** Sweeps one after another, each on all workers of a process, and of others that have nothing to do. What they find is in the database. */
export type Sweeps = {
  /** Puts a sweep in the queue. Answers its id; throws an HttpError where too many wait. */
  begin(sweep: PreparedSweep, by: Actor): Promise<number>;
  /** Stops a sweep, here or in another process, within a second. Answers whether it was still to end. */
  cancel(id: number, by: Actor): Promise<boolean>;
  /** Takes sweeps of all processes from now on, where this one has the role; its lock has to be there. */
  start(): Promise<void>;
  /** Resolves once nothing is taken here. */
  idle(): Promise<void>;
  /** What runs here is given back: it goes on elsewhere, or at the next start. */
  stop(): Promise<void>;
};

/** Sweeps that may wait, besides the one that runs. */
export const mostWaiting = 10;
/** Sweeps that are kept; the oldest are forgotten. */
export const mostKept = 100;

export type SweepsOptions = {
  sql: Sql;
  /** Null where this process takes no sweeps. */
  pool: SweepPool | null;
  log: Logger;
  /** By which leases name this process. */
  owner: string;
  /** Of Barline: points of two versions do not go together. */
  version: string;
  /** Reads what a request runs on. Throws where it cannot be run. */
  prepare(request: SweepRequest): Promise<PreparedSweep>;
  runBacktest(piece: HeldPiece): Promise<void>;
};

export function createSweeps(options: SweepsOptions): Sweeps {
  const { sql, pool, log, owner, version } = options;
  /** As they were read when they were begun, so that nothing is read twice where they run. */
  const begun = new Map<number, PreparedSweep>();
  const prepare = async (id: number, request: JsonValue) => {
    const known = begun.get(id);
    begun.delete(id);
    return known ?? (await options.prepare(readRequest(request)));
  };
  const versionOf = ({ dataVersion, source }: PreparedSweep) =>
    JSON.stringify([version, dataVersion, source.file?.version ?? null]);
  const runner = pool && createRunner({ ...options, sql, pool, log, owner, prepare, versionOf });
  let stopped = false;
  return {
    begin: async (sweep, by) => {
      if (stopped) throw new HttpError(503, "stopping", "Barline is stopping.");
      const { waiting, running } = await countOpenSweeps(sql);
      if (waiting + Math.min(running, 1) > mostWaiting) {
        const message = `${mostWaiting} sweeps are waiting already. Try again when one has ended, or cancel one.`;
        throw new HttpError(429, "busy", message, { retryAfterSeconds: 10 });
      }
      const id = await keep(sql, sweep, by, (id) => runner && remember(begun, id, sweep));
      runner?.wake();
      return id;
    },
    cancel: async (id, by) => {
      const isOpen = await sql.begin(async (transaction) => {
        const found = await requestSweepCancel(transaction, id);
        if (!found) return false;
        await insertAction(transaction, { actor: by.name, via: by.via, kind: "sweep.cancel", details: { sweep: id } });
        await recoverPieces(transaction, owner, { held: [], leaseMs, oldMinutes });
        await closeUnheldSweep(transaction, id);
        return true;
      });
      begun.delete(id);
      await runner?.cancel(id);
      return isOpen;
    },
    start: async () => await runner?.start(),
    idle: async () => await runner?.idle(),
    stop: async () => {
      stopped = true;
      await runner?.stop();
    },
  };
}

/** Keeps what was read for those that wait; what another process took is pushed out by later ones. */
function remember(begun: Map<number, PreparedSweep>, id: number, sweep: PreparedSweep): void {
  begun.set(id, sweep);
  for (const oldest of [...begun.keys()].slice(0, -(mostWaiting + 1))) begun.delete(oldest);
}

/** Writes a new sweep down, with who began it, and forgets the oldest. Answers its id, which `kept` is told before others can take it. */
async function keep(
  sql: Sql,
  { request, plan }: PreparedSweep,
  by: Actor,
  kept: (id: number) => void,
): Promise<number> {
  const points = countPoints(plan.axes, plan.search);
  return await sql.begin(async (transaction) => {
    const stored = request as unknown as JsonValue;
    const id = await insertSweep(transaction, { request: stored, points, by: by.name });
    await insertPiece(transaction, { kind: "sweep", sweepId: id, input: {} });
    await deleteOldSweeps(transaction, mostKept);
    const details = { sweep: id, ticker: request.ticker, strategy: request.strategy, points };
    await insertAction(transaction, { actor: by.name, via: by.via, kind: "sweep.create", details });
    kept(id);
    return id;
  });
}
