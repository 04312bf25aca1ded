import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import { insertHousekeepingRun, selectLastHousekeeping } from "../../db/queries/operations/housekeeping.ts";
import { createDailyService } from "../daily.ts";
import type { ObjectStore } from "../lake/store.ts";
import type { Actor } from "../orchestrator/types.ts";
import { clean } from "./clean.ts";
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
const hourMs = 3_600_000;
/** A start cleans up where no night has for a day; a night does unless it was done since the evening. */
const restMs = { start: 24 * hourMs, hour: 12 * hourMs };

type Asked = { options: CleanOptions; by: Actor };

/** Makes the housekeeping; it does nothing by itself until started. */
export function createHousekeeping(options: HousekeepingOptions): Housekeeping {
  const { sql, log, now } = options;
  const service = createDailyService<Asked>({
    ...{ sql, log, now, restMs },
    lock: "housekeeping",
    hour: quietHour,
    isFirstDueAtStart: true,
    selectLast: () => selectLastHousekeeping(sql),
    open: (asked) => openRecord(sql, asked),
    work: (id, asked, signal) => clean({ ...options, ...asked?.options, id, signal }),
    title: "housekeeping",
    refusal: "Housekeeping is under way already; wait until it has ended.",
  });
  return {
    start: service.start,
    stop: service.stop,
    runIfDue: () => service.runIfDue("start"),
    begin: (asked, by) => service.begin({ options: asked, by }),
    ...createRetentionRequests(sql, now),
  };
}

/** The record of a cleaning-up, with a line that says who asked for it. */
async function openRecord(sql: Sql, asked: Asked | null): Promise<number> {
  return (await sql.begin(async (transaction) => {
    const id = await insertHousekeepingRun(transaction, asked ? "manual" : "schedule");
    if (asked) {
      const details = { housekeepingRun: id, withNewest: asked.options.withNewest ?? false };
      const { name: actor, via } = asked.by;
      await insertAction(transaction, { actor, via, kind: "housekeeping.run", details });
    }
    return id;
  })) as number;
}
