import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  customType,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  numeric,
  pgSchema,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from "drizzle-orm/pg-core";

/**
 * Every table Barline itself owns. Market data that people query lives in `public`; the orchestrator's state lives in
 * `barline`, out of the way of BI tools. The models' tables are not here: the dbt project in warehouse/ makes them.
 */

/** Byte order: tickers are case-sensitive codes, and sorting or indexing them by a language's rules costs ten times as much. */
const code = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
const instant = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });
const identity = (name: string) => bigint(name, { mode: "number" }).generatedAlwaysAsIdentity();

export const barline = pgSchema("barline");

/** One row a job: what people set about it, and where its schedule begins. */
export const jobs = barline.table("jobs", {
  id: text("id").primaryKey(),
  paused: boolean("paused").notNull().default(false),
  /** Partitions up to this one are no longer wanted by the schedule; only CATCHUP `latest` and `none` move it. */
  scheduleAfter: text("schedule_after"),
  createdAt: instant("created_at").notNull().defaultNow(),
});

export const backfills = barline.table("backfills", {
  id: identity("id").primaryKey(),
  jobId: text("job_id").notNull(),
  /** queued | running | success | failed | cancelled, derived from its runs and kept when it ends. */
  state: text("state").notNull().default("running"),
  fromPartition: text("from_partition").notNull(),
  toPartition: text("to_partition").notNull(),
  reprocess: text("reprocess").notNull(),
  /** The job's own plan (strategy, calls, skipped …); the orchestrator only keeps it. */
  plan: jsonb("plan").notNull(),
  createdAt: instant("created_at").notNull().defaultNow(),
  finishedAt: instant("finished_at"),
});

export const runs = barline.table(
  "runs",
  {
    id: identity("id").primaryKey(),
    jobId: text("job_id").notNull(),
    /** queued | running | success | failed | cancelled */
    state: text("state").notNull().default("queued"),
    /** schedule | backfill | dataset | manual */
    trigger: text("trigger").notNull(),
    /** First partition that the run covers; null where events, not partitions, say what to do. */
    partition: text("partition"),
    /** Last partition that it covers; equal to `partition` but in runs that cover a range. */
    partitionTo: text("partition_to"),
    backfillId: bigint("backfill_id", { mode: "number" }).references(() => backfills.id),
    /** Higher goes first: scheduled work over backfills. */
    priority: integer("priority").notNull().default(0),
    parameters: jsonb("parameters").notNull().default({}),
    /** What the run's last task answered: rows, calls and the like, for pages and API. */
    summary: jsonb("summary"),
    error: jsonb("error"),
    createdAt: instant("created_at").notNull().defaultNow(),
    startedAt: instant("started_at"),
    finishedAt: instant("finished_at"),
  },
  (table) => [
    index("runs_by_job").on(table.jobId, table.id),
    index("runs_active")
      .on(table.jobId, table.priority.desc().nullsFirst(), table.partition, table.id)
      .where(sql`state in ('queued', 'running')`),
    index("runs_by_backfill").on(table.backfillId),
    index("runs_failed").on(table.finishedAt).where(sql`state = 'failed'`),
  ],
);

/** Which run answers for a partition. The key is what lets racing schedulers create a run once. */
export const runPartitions = barline.table(
  "run_partitions",
  {
    jobId: text("job_id").notNull(),
    partition: text("partition").notNull(),
    runId: bigint("run_id", { mode: "number" })
      .notNull()
      .references(() => runs.id),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.partition] }), index("run_partitions_by_run").on(table.runId)],
);

export const tasks = barline.table(
  "tasks",
  {
    id: identity("id").primaryKey(),
    runId: bigint("run_id", { mode: "number" })
      .notNull()
      .references(() => runs.id),
    jobId: text("job_id").notNull(),
    name: text("name").notNull(),
    /** Position of the task in its job. */
    step: integer("step").notNull(),
    /** Number of the batch in a mapped task, from 0; 0 in a plain one. */
    mapIndex: integer("map_index").notNull().default(0),
    /** queued | running | success | failed | cancelled; a task is made when the one before it has succeeded. */
    state: text("state").notNull(),
    /** Tries begun so far. */
    tries: integer("tries").notNull().default(0),
    /** Tries that failed by themselves; those ended by an outage, a kill or a restart do not count. */
    failures: integer("failures").notNull().default(0),
    input: jsonb("input"),
    output: jsonb("output"),
    error: jsonb("error"),
    progressDone: doublePrecision("progress_done"),
    progressTotal: doublePrecision("progress_total"),
    progressUnit: text("progress_unit"),
    /** Copied from the run, so that claiming reads one index. */
    priority: integer("priority").notNull().default(0),
    availableAt: instant("available_at").notNull().defaultNow(),
    leaseOwner: text("lease_owner"),
    leaseExpiresAt: instant("lease_expires_at"),
    startedAt: instant("started_at"),
    finishedAt: instant("finished_at"),
  },
  (table) => [
    uniqueIndex("tasks_of_run").on(table.runId, table.step, table.mapIndex),
    index("tasks_to_claim").on(table.priority.desc().nullsFirst(), table.id).where(sql`state = 'queued'`),
    index("tasks_running").on(table.leaseOwner).where(sql`state = 'running'`),
  ],
);

/** One row each time a task was begun. */
export const tries = barline.table(
  "tries",
  {
    taskId: bigint("task_id", { mode: "number" })
      .notNull()
      .references(() => tasks.id),
    number: integer("number").notNull(),
    /** running | success | failed | retry (failed, tried again) | cancelled | lost (its process died) | released (its process stopped) */
    state: text("state").notNull(),
    /** Who ran it: process and, for batches, Bun worker. */
    owner: text("owner").notNull(),
    error: jsonb("error"),
    startedAt: instant("started_at").notNull().defaultNow(),
    finishedAt: instant("finished_at"),
  },
  (table) => [primaryKey({ columns: [table.taskId, table.number] })],
);

export const taskLogs = barline.table(
  "task_logs",
  {
    id: identity("id").primaryKey(),
    taskId: bigint("task_id", { mode: "number" })
      .notNull()
      .references(() => tasks.id),
    try: integer("try").notNull(),
    at: instant("at").notNull().defaultNow(),
    /** debug | info | warn | error */
    level: text("level").notNull(),
    message: text("message").notNull(),
    fields: jsonb("fields"),
  },
  (table) => [index("task_logs_by_task").on(table.taskId, table.id)],
);

export const datasetEvents = barline.table(
  "dataset_events",
  {
    id: identity("id").primaryKey(),
    dataset: text("dataset").notNull(),
    /** The run and task that produced it. */
    runId: bigint("run_id", { mode: "number" })
      .notNull()
      .references(() => runs.id),
    taskId: bigint("task_id", { mode: "number" })
      .notNull()
      .references(() => tasks.id),
    payload: jsonb("payload").notNull().default({}),
    createdAt: instant("created_at").notNull().defaultNow(),
  },
  (table) => [
    index("dataset_events_by_dataset").on(table.dataset, table.id),
    index("dataset_events_by_run").on(table.runId),
  ],
);

/** Which run of a job took an event. The key is what keeps an event from being claimed twice. */
export const eventClaims = barline.table(
  "event_claims",
  {
    jobId: text("job_id").notNull(),
    eventId: bigint("event_id", { mode: "number" })
      .notNull()
      .references(() => datasetEvents.id),
    runId: bigint("run_id", { mode: "number" })
      .notNull()
      .references(() => runs.id),
    claimedAt: instant("claimed_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.eventId] }), index("event_claims_by_run").on(table.runId)],
);

/** Calls to a limited service: when each may go out. Shared, so that processes and restarts together keep to one limit. */
export const rateLimitCalls = barline.table(
  "rate_limit_calls",
  {
    id: identity("id").primaryKey(),
    name: text("name").notNull(),
    at: instant("at").notNull(),
  },
  (table) => [index("rate_limit_calls_by_name").on(table.name, table.at)],
);

/** Unadjusted daily bars, as the vendor last stated them. `inserted_at` moves only when a value changes. */
export const stockBarsDaily = pgTable(
  "source_polygon_stock_bars_daily",
  {
    ticker: code("ticker").notNull(),
    tradeDate: date("trade_date", { mode: "string" }).notNull(),
    open: numeric("open").notNull(),
    high: numeric("high").notNull(),
    low: numeric("low").notNull(),
    close: numeric("close").notNull(),
    /** Shares; fractional. */
    volume: numeric("volume").notNull(),
    vwap: numeric("vwap"),
    transactions: bigint("transactions", { mode: "number" }),
    insertedAt: instant("inserted_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.ticker, table.tradeDate] }),
    index("source_polygon_stock_bars_daily_inserted_at").using("brin", table.insertedAt),
    check("source_polygon_stock_bars_daily_high_low", sql`high >= low`),
  ],
);

/** Where a load's batches land before the one merge. Made UNLOGGED by its migration: a crash empties it and the batches are redone. */
export const stagingStockBars = barline.table("staging_stock_bars", {
  runId: bigint("run_id", { mode: "number" }).notNull(),
  /** Number of the batch; a batch that is redone first deletes what it left. */
  batch: integer("batch").notNull(),
  /** Position of the manifest among those of the run: a later answer wins over an earlier one for the same bar. */
  sequence: bigint("sequence", { mode: "number" }).notNull(),
  /** True where the ticker was asked for by name, which puts it in the universe. */
  requested: boolean("requested").notNull(),
  ticker: code("ticker").notNull(),
  tradeDate: date("trade_date", { mode: "string" }).notNull(),
  open: numeric("open").notNull(),
  high: numeric("high").notNull(),
  low: numeric("low").notNull(),
  close: numeric("close").notNull(),
  volume: numeric("volume").notNull(),
  vwap: numeric("vwap"),
  transactions: bigint("transactions", { mode: "number" }),
});

/** Rows that failed a check, with the reason and the raw object they came from. */
export const rejects = barline.table(
  "rejects",
  {
    id: identity("id").primaryKey(),
    runId: bigint("run_id", { mode: "number" })
      .notNull()
      .references(() => runs.id),
    batch: integer("batch").notNull(),
    ticker: text("ticker"),
    tradeDate: text("trade_date"),
    reason: text("reason").notNull(),
    lakeKey: text("lake_key").notNull(),
    row: jsonb("row").notNull(),
    createdAt: instant("created_at").notNull().defaultNow(),
  },
  (table) => [index("rejects_by_run").on(table.runId, table.id), index("rejects_by_key").on(table.lakeKey)],
);

/** The universe: what each ticker is. */
export const tickers = pgTable("source_polygon_tickers", {
  ticker: code("ticker").primaryKey(),
  name: text("name").notNull(),
  /** The vendor's type code: CS, ETF, ADRC … */
  type: text("type"),
  active: boolean("active").notNull(),
  primaryExchange: text("primary_exchange"),
  delistedOn: date("delisted_on", { mode: "string" }),
  insertedAt: instant("inserted_at").notNull(),
});

/** Stock splits: `split_from` old shares become `split_to` new ones before the open of `execution_date`. */
export const splits = pgTable(
  "source_polygon_splits",
  {
    ticker: code("ticker").notNull(),
    executionDate: date("execution_date", { mode: "string" }).notNull(),
    splitFrom: numeric("split_from").notNull(),
    splitTo: numeric("split_to").notNull(),
    /** False once the vendor no longer lists it; kept so that the models see the change. */
    active: boolean("active").notNull().default(true),
    insertedAt: instant("inserted_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.ticker, table.executionDate] }),
    index("source_polygon_splits_inserted_at").on(table.insertedAt),
    check("source_polygon_splits_ratio", sql`split_from > 0 and split_to > 0`),
  ],
);

/** Cash dividends, by the day the share trades without them. A day may have several: a regular and a special one. */
export const dividends = pgTable(
  "source_polygon_dividends",
  {
    ticker: code("ticker").notNull(),
    exDividendDate: date("ex_dividend_date", { mode: "string" }).notNull(),
    /** Dollars a share, as declared (not split-adjusted). */
    cashAmount: numeric("cash_amount").notNull(),
    currency: text("currency"),
    frequency: integer("frequency"),
    payDate: date("pay_date", { mode: "string" }),
    active: boolean("active").notNull().default(true),
    insertedAt: instant("inserted_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.ticker, table.exDividendDate, table.cashAmount] })],
);

/** What of the reference data (tickers, splits, dividends) has been read, and when. */
export const referenceReads = barline.table("reference_reads", {
  kind: text("kind").primaryKey(),
  /** First date covered; null for lists without one. */
  coversFrom: date("covers_from", { mode: "string" }),
  readAt: instant("read_at").notNull(),
  rows: integer("rows").notNull(),
  calls: integer("calls").notNull(),
});

/** How each model of a transform run went. */
export const modelResults = barline.table(
  "model_results",
  {
    runId: bigint("run_id", { mode: "number" })
      .notNull()
      .references(() => runs.id),
    name: text("name").notNull(),
    /** view | table | incremental */
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

/** How each data test of a transform run went. */
export const testResults = barline.table(
  "test_results",
  {
    runId: bigint("run_id", { mode: "number" })
      .notNull()
      .references(() => runs.id),
    name: text("name").notNull(),
    /** The model or source that it tests. */
    subject: text("subject").notNull(),
    /** pass | warn | fail | error | skipped */
    status: text("status").notNull(),
    /** error | warn */
    severity: text("severity").notNull(),
    failures: bigint("failures", { mode: "number" }).notNull(),
    /** Up to 20 failing rows. */
    sample: jsonb("sample"),
    message: text("message"),
    durationMs: doublePrecision("duration_ms").notNull(),
    finishedAt: instant("finished_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.name] })],
);
