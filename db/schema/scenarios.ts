import { sql } from "drizzle-orm";
import { date, doublePrecision, index, jsonb, text, uniqueIndex } from "drizzle-orm/pg-core";
import { barline, identity, instant } from "./columns.ts";

/** Backtests that somebody kept by a name, with what they came to and the data that they ran on. */
export const scenarios = barline.table(
  "scenarios",
  {
    id: identity("id").primaryKey(),
    name: text("name").notNull(),
    /** What POST /api/backtests takes, with every default filled in: posted again, it gives the same run. */
    request: jsonb("request").notNull(),
    /** As they came out of the run, by name. */
    metrics: jsonb("metrics").notNull(),
    /** Of the run: a session each, and the dollars at its close. */
    equityDates: date("equity_dates", { mode: "string" }).array().notNull(),
    equity: doublePrecision("equity").array().notNull(),
    /** As POST /api/backtests answers them, oldest first; null where the run is older than this column. */
    trades: jsonb("trades"),
    /** What the run read, as the query of data versions tells it. */
    dataVersion: text("data_version").notNull(),
    ranAt: instant("ran_at").notNull(),
    /** The metrics, data version and time of the run before the last, where it was run again. */
    previous: jsonb("previous"),
    createdAt: instant("created_at").notNull(),
    createdBy: text("created_by").notNull(),
    updatedAt: instant("updated_at").notNull(),
    /** Since when it is one of the favourites; null where it is none. */
    starredAt: instant("starred_at"),
    /** Deleted, and to be had back until housekeeping comes; null while it is listed. */
    deletedAt: instant("deleted_at"),
  },
  (table) => [
    uniqueIndex("scenarios_by_name").on(sql`lower(${table.name})`).where(sql`${table.deletedAt} is null`),
    index("scenarios_by_deletion").on(table.deletedAt),
  ],
);
