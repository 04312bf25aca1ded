import { sql } from "drizzle-orm";
import { bigint, boolean, index, integer, text, uniqueIndex } from "drizzle-orm/pg-core";
import { barline, identity, instant } from "./columns.ts";

/** What somebody ran in the SQL console, the latest of it: housekeeping removes the rest. */
export const sqlRuns = barline.table(
  "sql_runs",
  {
    id: identity("id").primaryKey(),
    /** As it was typed. */
    text: text("text").notNull(),
    /** `rows`, `csv`, `plan`, or `analyze`: what was asked of it. */
    purpose: text("purpose").notNull(),
    /** `running`, `success`, `failed`, or `cancelled`. */
    state: text("state").notNull(),
    /** What the asker calls it by while it runs; null where they do not. */
    key: text("key"),
    startedAt: instant("started_at").notNull(),
    durationMs: integer("duration_ms"),
    rows: bigint("rows", { mode: "number" }),
    /** Whether there were more rows than are given. */
    isCut: boolean("is_cut").notNull().default(false),
    error: text("error"),
    actor: text("actor").notNull(),
    via: text("via").notNull(),
  },
  (table) => [index("sql_runs_running").on(table.startedAt).where(sql`${table.state} = 'running'`)],
);

/** Statements that somebody kept by a name. */
export const sqlQueries = barline.table(
  "sql_queries",
  {
    id: identity("id").primaryKey(),
    name: text("name").notNull(),
    text: text("text").notNull(),
    createdAt: instant("created_at").notNull(),
    createdBy: text("created_by").notNull(),
    updatedAt: instant("updated_at").notNull(),
    /** Deleted, and to be had back until housekeeping comes; null while it is listed. */
    deletedAt: instant("deleted_at"),
  },
  (table) => [
    uniqueIndex("sql_queries_by_name").on(sql`lower(${table.name})`).where(sql`${table.deletedAt} is null`),
    index("sql_queries_by_deletion").on(table.deletedAt),
  ],
);

/**
 * The passwords of logins that Barline made for itself in the database, so that all its processes sign in by the same. The
 * owner of the database, who alone may read them, could set others anyway.
 */
export const databaseLogins = barline.table("database_logins", {
  role: text("role").primaryKey(),
  password: text("password").notNull(),
});
