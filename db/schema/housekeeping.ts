import { sql } from "drizzle-orm";
import { check, integer, jsonb, smallint, text } from "drizzle-orm/pg-core";
import { barline, identity, instant } from "./columns.ts";

/** How many days each kind of record is kept; null is for ever. One row, which people change on its page. */
export const retention = barline.table(
  "retention",
  {
    id: smallint("id").primaryKey().default(1),
    logsDays: integer("logs_days").default(90),
    triesDays: integer("tries_days").default(365),
    eventsDays: integer("events_days").default(365),
    rejectsDays: integer("rejects_days").default(365),
    resultsDays: integer("results_days").default(365),
    alertsDays: integer("alerts_days").default(365),
    /** Raw answers: what everything else can be made from again, so they stay until a person says otherwise. */
    lakeDays: integer("lake_days"),
    changedAt: instant("changed_at").notNull().defaultNow(),
    changedBy: text("changed_by"),
  },
  (table) => [check("retention_one_row", sql`${table.id} = 1`)],
);

/** One row each time that old records were removed. */
export const housekeepingRuns = barline.table("housekeeping_runs", {
  id: identity("id").primaryKey(),
  /** schedule | manual */
  trigger: text("trigger").notNull(),
  /** How many of each kind were removed. */
  removed: jsonb("removed").notNull().default({}),
  error: text("error"),
  startedAt: instant("started_at").notNull().defaultNow(),
  finishedAt: instant("finished_at"),
});
