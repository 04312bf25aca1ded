import type { Logger } from "pino";
import type { JsonValue, Sql } from "../../db/client.ts";
import {
  finishHousekeepingRun,
  type RetentionRow,
  selectRetention,
  updateHousekeepingRun,
} from "../../db/queries/operations/housekeeping.ts";
import {
  removeDeletedLists,
  removeDeletedScenarios,
  removeExpired,
} from "../../db/queries/operations/remove-records.ts";
import { removeDeletedQueries, removeSqlRuns } from "../../db/queries/operations/remove-sql.ts";
import { removeRetired } from "../export/manifest.ts";
import type { ObjectStore } from "../lake/store.ts";
import { measureLake, removeOldLandings } from "./lake.ts";
import { removeOld } from "./records.ts";
import { cutoff, deletedScenarioDays, landingsBefore, sqlRunDays, sqlRunsKept } from "./retention.ts";
import { type HousekeepingRecord, nothingRemoved, type Removed, recordKinds } from "./types.ts";

export type CleanWork = {
  sql: Sql;
  lake: ObjectStore;
  log: Logger;
  now(): Date;
  /** Of the record that says how it goes. */
  id: number;
  withNewest?: boolean;
  signal: AbortSignal;
  window?: number;
};

/** Records of cleaning up are themselves kept for a year. */
const ownRecordDays = 365;

/**
 * Removes all that is older than it is kept, and measures the lake. What fails in one kind does not hold up the
 * others; it is logged and kept. Does not throw, unless its own record cannot be written.
 */
export async function clean(work: CleanWork): Promise<void> {
  const { sql, log, id, signal } = work;
  const started = performance.now();
  const record: HousekeepingRecord = { counts: nothingRemoved(), lake: null };
  const problems: string[] = [];
  const attempt = async (what: string, part: () => Promise<void>) => {
    if (signal.aborted) return;
    try {
      await part();
    } catch (error) {
      log.error({ error, housekeeping: id, kind: what }, "housekeeping failed");
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const add = async (more: Partial<Removed>) => {
    for (const [kind, count] of Object.entries(more)) record.counts[kind as keyof Removed] += count;
    await updateHousekeepingRun(sql, id, record as unknown as JsonValue);
  };

  await attempt("retention", async () => {
    const retention = await selectRetention(sql);
    await removeRecords(work, retention, attempt, add);
    await attempt("lake", () => removeLake(work, retention, add));
  });
  await attempt("export", async () => {
    const { objects, bytes } = await removeRetired(work.lake, work.now(), signal);
    await add({ lakeObjects: objects, lakeBytes: bytes });
  });
  await attempt("lake size", async () => {
    record.lake = await measureLake(work.lake, signal);
  });
  if (signal.aborted) problems.push("The process stopped in the middle; the next run goes on.");
  const error = problems.length > 0 ? problems.join(" ") : null;
  await finishHousekeepingRun(sql, id, { removed: record as unknown as JsonValue, error });
  const durationMs = Math.round(performance.now() - started);
  log.info({ housekeeping: id, ...record.counts, durationMs }, "housekeeping ended");
}

type Attempt = (what: string, part: () => Promise<void>) => Promise<void>;
type Add = (more: Partial<Removed>) => Promise<void>;

async function removeRecords(work: CleanWork, retention: RetentionRow, attempt: Attempt, add: Add): Promise<void> {
  const { sql, now, signal, window } = work;
  for (const kind of recordKinds) {
    const before = cutoff(retention[`${kind}Days`], now());
    if (!before) continue;
    const removed = (count: number) => add({ [kind]: count });
    await attempt(kind, () => removeOld(kind, { sql, before, signal, removed, ...(window && { window }) }));
  }
  await attempt("expired", async () => {
    const recordsBefore = cutoff(ownRecordDays, now()) ?? now();
    const deletedBefore = cutoff(deletedScenarioDays, now()) ?? now();
    const scenarios = await removeDeletedScenarios(sql, deletedBefore);
    const queries = await removeDeletedQueries(sql, deletedBefore);
    const runs = await removeSqlRuns(sql, cutoff(sqlRunDays, now()) ?? now(), sqlRunsKept);
    const lists = await removeDeletedLists(sql, deletedBefore);
    const kept = scenarios + queries + runs + lists;
    await add({ expired: (await removeExpired(sql, now(), recordsBefore)) + kept });
  });
}

async function removeLake(work: CleanWork, retention: RetentionRow, add: Add): Promise<void> {
  const { sql, lake, now, signal, withNewest = false } = work;
  const filter = landingsBefore(retention.lakeDays, now(), withNewest);
  if (!filter) return;
  const removed = (lakeObjects: number, lakeBytes: number) => add({ lakeObjects, lakeBytes });
  await removeOldLandings({ sql, lake, filter, now, signal, removed });
}
