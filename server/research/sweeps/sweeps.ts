import type { Logger } from "pino";
import type { JsonValue, Sql } from "../../../db/client.ts";
import { insertAction } from "../../../db/queries/operations/actions.ts";
import {
  closeSilentSweep,
  deleteOldSweeps,
  insertSweep,
  requestSweepCancel,
} from "../../../db/queries/research/sweeps.ts";
import type { Actor } from "../../../jobs/orchestrator/types.ts";
import { countPoints } from "../../backtest/sweep/space.ts";
import { HttpError } from "../../http/errors.ts";
import type { SweepPool } from "./pool.ts";
import { createSweepQueue, type PreparedSweep } from "./queue.ts";

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

/** Sweeps that may wait in one process, besides the one that runs; each of one ticker holds its bars. */
export const mostWaiting = 10;
/** Sweeps that are kept; the oldest are forgotten. */
export const mostKept = 100;

export function createSweeps({ sql, pool, log }: { sql: Sql; pool: SweepPool; log: Logger }): Sweeps {
  const queue = createSweepQueue({ sql, pool, log });
  let stopped = false;
  return {
    begin: async (sweep, by) => {
      if (stopped) throw new HttpError(503, "stopping", "Barline is stopping.");
      if (queue.length() > mostWaiting) {
        const message = `${mostWaiting} sweeps are waiting already. Try again when one has ended, or cancel one.`;
        throw new HttpError(429, "busy", message, { retryAfterSeconds: 10 });
      }
      const id = await keep(sql, sweep, by);
      queue.add(id, sweep);
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
      await queue.cancel(id);
      return isOpen;
    },
    idle: () => queue.idle(),
    stop: async () => {
      stopped = true;
      await queue.stop();
      pool.close();
    },
  };
}

/** Writes a new sweep down, with who began it, and forgets the oldest. Answers its id. */
async function keep(sql: Sql, { request, plan }: PreparedSweep, by: Actor): Promise<number> {
  const points = countPoints(plan.axes, plan.search);
  return await sql.begin(async (transaction) => {
    const stored = request as unknown as JsonValue;
    const id = await insertSweep(transaction, { request: stored, points, by: by.name });
    await deleteOldSweeps(transaction, mostKept);
    const details = { sweep: id, ticker: request.ticker, strategy: request.strategy, points };
    await insertAction(transaction, { actor: by.name, via: by.via, kind: "sweep.create", details });
    return id;
  });
}
