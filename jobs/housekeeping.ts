import { Cron } from "croner";
import type { Logger } from "pino";
import type { Sql } from "../db/client.ts";
import { insertAction } from "../db/queries/actions.ts";
import { countOldLandings } from "../db/queries/housekeeping/landings.ts";
import {
  insertHousekeepingRun,
  lockHousekeeping,
  selectLastHousekeeping,
  selectRetention,
  unlockHousekeeping,
  updateRetention,
} from "../db/queries/housekeeping.ts";
import { clean } from "./housekeeping/clean.ts";
import { countOld } from "./housekeeping/records.ts";
import { checkRetention, cutoff, landingsBefore, mergeRetention } from "./housekeeping/retention.ts";
import { type CleanOptions, type Housekeeping, nothingRemoved, recordKinds } from "./housekeeping/types.ts";
import type { ObjectStore } from "./lake/store.ts";
import { type Actor, RequestError } from "./orchestrator/types.ts";

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
/** A little less than a day, so that a clock that runs early does not skip one. */
const dueAfterMs = 23 * 3_600_000;
/** Counting stops there: what matters is the order of size. */
export const mostCounted = 100_000;

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

  /** Under the lock: opens a record and cleans up. Answers the record's id, and when all is done. */
  const cleanUp = async (lock: Lock, asked: CleanOptions, by: Actor | null) => {
    try {
      const id = await openRecord(sql, by, asked);
      const done = clean({ ...options, id, ...asked, signal: stopping.signal }).finally(lock.release);
      return { id, done: track(done) };
    } catch (error) {
      await lock.release();
      throw error;
    }
  };

  const runIfDue = async () => {
    const lock = await takeLock(sql);
    if (!lock) return;
    // Looked at under the lock: of several processes that the same hour woke, the first has done it.
    const last = await selectLastHousekeeping(sql).catch(async (error) => {
      await lock.release();
      throw error;
    });
    if (stopping.signal.aborted || (last && now().getTime() - last.getTime() < dueAfterMs)) return await lock.release();
    const { done } = await cleanUp(lock, {}, null);
    await done;
  };

  const look = () =>
    void track(runIfDue()).catch((error) => {
      if (!stopping.signal.aborted) log.error({ error }, "housekeeping could not begin");
    });

  return {
    start() {
      clock = new Cron(quietHour.cron, { timezone: quietHour.timeZone, unref: true }, look);
      look();
    },
    async stop() {
      clock?.stop();
      stopping.abort();
      await Promise.allSettled([...underWay]);
    },
    runIfDue,
    readRetention: () => selectRetention(sql),
    checkRetention,
    async changeRetention(change, by) {
      return (await sql.begin(async (transaction) => {
        const { changedAt: _, changedBy: __, ...days } = await selectRetention(transaction);
        const { merged, changed } = mergeRetention(days, change);
        if (Object.keys(changed).length > 0) {
          await updateRetention(transaction, merged, by.name);
          await insertAction(transaction, {
            ...{ actor: by.name, via: by.via, kind: "retention.change", details: changed },
          });
        }
        return await selectRetention(transaction);
      })) as Awaited<ReturnType<typeof selectRetention>>;
    },
    async preview({ days, withNewest = false } = {}) {
      const retention = days ?? (await selectRetention(sql));
      const { expired: _, ...counts } = nothingRemoved();
      for (const kind of recordKinds) {
        const before = cutoff(retention[`${kind}Days`], now());
        if (before) counts[kind] = await countOld(kind, sql, before, mostCounted);
      }
      const filter = landingsBefore(retention.lakeDays, now(), withNewest);
      const lake = filter ? await countOldLandings(sql, filter) : { objects: 0, bytes: 0 };
      return { counts: { ...counts, lakeObjects: lake.objects, lakeBytes: lake.bytes }, most: mostCounted };
    },
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
