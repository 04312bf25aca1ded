import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  doublePrecision,
  index,
  integer,
  jsonb,
  primaryKey,
  text,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import { barline, identity, instant } from "./columns.ts";

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
