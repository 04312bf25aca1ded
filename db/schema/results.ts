import { bigint, doublePrecision, integer, jsonb, primaryKey, text } from "drizzle-orm/pg-core";
import { barline, identity, instant } from "./columns.ts";
import { runs } from "./orchestration.ts";

/** How each model of a transform run went. */
export const modelResults = barline.table(
  "model_results",
  {
    runId: bigint("run_id", { mode: "number" })
      .notNull()
      .references(() => runs.id),
    name: text("name").notNull(),
    /** view | table | incremental | seed | snapshot */
    materialization: text("materialization").notNull(),
    /** created | replaced | full_refresh | incremental | unchanged | failed | skipped */
    action: text("action").notNull(),
    rows: bigint("rows", { mode: "number" }),
    durationMs: doublePrecision("duration_ms").notNull(),
    error: text("error"),
    finishedAt: instant("finished_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.name] })],
);

/** How each test of a transform run went: data tests, unit tests of models, freshness of sources. */
export const testResults = barline.table(
  "test_results",
  {
    runId: bigint("run_id", { mode: "number" })
      .notNull()
      .references(() => runs.id),
    name: text("name").notNull(),
    /** generic | singular | unit | freshness */
    kind: text("kind").notNull().default("generic"),
    /** The model or source that it tests. */
    subject: text("subject").notNull(),
    /** Of a generic test of one column. */
    columnName: text("column_name"),
    /** pass | warn | fail | error | skipped */
    status: text("status").notNull(),
    /** error | warn */
    severity: text("severity").notNull(),
    failures: bigint("failures", { mode: "number" }).notNull(),
    /** Up to 20 failing rows. */
    sample: jsonb("sample"),
    message: text("message"),
    /** What was asked of the database, kept where the test did not pass; the project has that of each as it stands. */
    compiledSql: text("compiled_sql"),
    /** The relation that keeps its failing rows, as schema.name; null where none are stored. */
    storedIn: text("stored_in"),
    durationMs: doublePrecision("duration_ms").notNull(),
    finishedAt: instant("finished_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.name] })],
);

/** One row each time that a sample of what is published was recomputed from the raw tables, and compared. */
export const driftChecks = barline.table("drift_checks", {
  id: identity("id").primaryKey(),
  /** schedule | manual */
  trigger: text("trigger").notNull(),
  /** Those that were drawn. */
  tickers: jsonb("tickers").notNull().default([]),
  /** Rows compared, and those of them that differ. */
  rows: integer("rows").notNull().default(0),
  differences: integer("differences").notNull().default(0),
  /** The same by model, with why one was left out. */
  models: jsonb("models").notNull().default([]),
  /** The first value that differs. */
  example: jsonb("example"),
  /** Why nothing could be compared. */
  error: text("error"),
  startedAt: instant("started_at").notNull().defaultNow(),
  finishedAt: instant("finished_at"),
});
