import { Cron } from "croner";
import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import {
  insertHousekeepingRun,
  lockHousekeeping,
  selectLastHousekeeping,
  unlockHousekeeping,
} from "../../db/queries/operations/housekeeping.ts";
import type { ObjectStore } from "../lake/store.ts";
import { type Actor, RequestError } from "../orchestrator/types.ts";
import { type CleanWork, clean } from "./clean.ts";
import { createRetentionRequests } from "./requests.ts";
import type { CleanOptions, Housekeeping } from "./types.ts";

export type HousekeepingOptions = {
  /** A pool of its own: one connection holds the lock, another does the work. */
  sql: Sql;
  lake: ObjectStore;
  log: Logger;
  now(): Date;
  /** Rows that one statement looks at; for tests of its bounds. */
  window?: number;
};

/** New York's small hours: a session settles at nine in the evening, and is published soon after. */
const quietHour = { cron: "30 4 * * *", timeZone: "America/New_York" };
/** A start cleans up where no night has for a day. */
const startRestMs = 24 * 3_600_000;
/** A night does unless it was done since the evening, as by another process that the same hour woke. */
const nightRestMs = 12 * 3_600_000;

/** Makes the housekeeping; it does nothing by itself until started. */
export function createHousekeeping(options: HousekeepingOptions): Housekeeping {
  const { sql, log, now } = options;
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  let clock: Cron | undefined;

  const track = (work: Promise<void>): Promise<void> => {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  };

  const cleanUp = async (lock: Lock, asked: CleanOptions, by: Actor | null) => {
    const { id, done } = await beginCleaning({ ...options, ...asked, signal: stopping.signal }, lock, asked, by);
    return { id, done: track(done) };
  };

  const runIfDue = async (restMs = startRestMs) => {
    const lock = await takeLock(sql);
    if (!lock) return;
    // Looked at under the lock: of several processes that the same hour woke, the first has done it.
    const last = await selectLastHousekeeping(sql).catch(async (error) => {
      await lock.release();
      throw error;
    });
    if (stopping.signal.aborted || (last && now().getTime() - last.getTime() < restMs)) return await lock.release();
    const { done } = await cleanUp(lock, {}, null);
    await done;
  };

  const look = (restMs: number) =>
    void track(runIfDue(restMs)).catch((error) => {
      if (!stopping.signal.aborted) log.error({ error }, "housekeeping could not begin");
    });

  return {
    start() {
      clock = new Cron(quietHour.cron, { timezone: quietHour.timeZone, unref: true }, () => look(nightRestMs));
      look(startRestMs);
    },
    async stop() {
      clock?.stop();
      stopping.abort();
      await Promise.allSettled([...underWay]);
    },
    runIfDue,
    ...createRetentionRequests(sql, now),
    async begin(asked, by) {
      const lock = await takeLock(sql);
      if (!lock) throw new RequestError("conflict", "Housekeeping is under way already; wait until it has ended.");
      const { id, done } = await cleanUp(lock, asked, by);
      done.catch((error) => log.error({ error }, "housekeeping could not end in good order"));
      return id;
    },
  };
}

type Lock = { release(): Promise<void> };

/** Undefined where another process, or this one, cleans up. The server frees the lock of a process that dies. */
async function takeLock(sql: Sql): Promise<Lock | undefined> {
  const connection = await sql.reserve();
  const release = async () => {
    // A connection that is lost has lost the lock with it.
    await unlockHousekeeping(connection).catch(() => {});
    connection.release();
  };
  try {
    if (await lockHousekeeping(connection)) return { release };
  } catch (error) {
    connection.release();
    throw error;
  }
  connection.release();
  return undefined;
}

/** Under the lock: opens a record and cleans up. Answers the record's id, and when all is done and the lock free. */
async function beginCleaning(
  work: Omit<CleanWork, "id">,
  lock: Lock,
  asked: CleanOptions,
  by: Actor | null,
): Promise<{ id: number; done: Promise<void> }> {
  try {
    const id = await openRecord(work.sql, by, asked);
    return { id, done: clean({ ...work, id }).finally(lock.release) };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The record of a cleaning-up, with a line that says who asked for it. */
async function openRecord(sql: Sql, by: Actor | null, asked: CleanOptions): Promise<number> {
  return (await sql.begin(async (transaction) => {
    const id = await insertHousekeepingRun(transaction, by ? "manual" : "schedule");
    if (by) {
      const details = { housekeepingRun: id, withNewest: asked.withNewest ?? false };
      await insertAction(transaction, { actor: by.name, via: by.via, kind: "housekeeping.run", details });
    }
    return id;
  })) as number;
}
