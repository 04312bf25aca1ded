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
  /** While set, none of its runs begins a task. */
  paused: boolean("paused").notNull().default(false),
  /** Runs of it at a time; null: as many as the job allows. */
  concurrency: integer("concurrency"),
  /** oldest | newest: which of its partitions goes first. */
  runOrder: text("run_order").notNull().default("oldest"),
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
    /** schedule | recheck | backfill | dataset | manual */
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
    /**
     * queued | running | success | failed | cancelled | cleared; a task is made when the one before it has succeeded.
     * A cleared one waits for an earlier task that is run again, and keeps its tries and logs.
     */
    state: text("state").notNull(),
    /** Whether a person said how it ended. It has no output then, and none is asked of it. */
    marked: boolean("marked").notNull().default(false),
    /** Tries begun so far. */
    tries: integer("tries").notNull().default(0),
    /** Tries that failed by themselves; those ended by an outage, a kill or a restart do not count. */
    failures: integer("failures").notNull().default(0),
    /** Tries in a row that ended with their process. A task that brings processes down is stopped by it. */
    losses: integer("losses").notNull().default(0),
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
  (table) => [
    primaryKey({ columns: [table.jobId, table.eventId] }),
    index("event_claims_by_run").on(table.runId),
    index("event_claims_by_event").on(table.eventId),
  ],
);

/** Which jobs an event of a dataset wakes, as the running version declares it. */
export const subscriptions = barline.table(
  "subscriptions",
  { jobId: text("job_id").notNull(), dataset: text("dataset").notNull() },
  (table) => [primaryKey({ columns: [table.dataset, table.jobId] })],
);

/** Events that wait for a run of a job. Each leaves as it is claimed, so that looking for work costs the same after years. */
export const pendingEvents = barline.table(
  "pending_events",
  {
    jobId: text("job_id").notNull(),
    eventId: bigint("event_id", { mode: "number" })
      .notNull()
      .references(() => datasetEvents.id),
  },
  (table) => [
    primaryKey({ columns: [table.jobId, table.eventId] }),
    index("pending_events_by_event").on(table.eventId),
  ],
);

/** One row a process that works on this database; it stays for a while after the process has gone. */
export const processes = barline.table("processes", {
  /** The owner that leases and tries name. */
  owner: text("owner").primaryKey(),
  host: text("host").notNull(),
  pid: integer("pid").notNull(),
  version: text("version").notNull(),
  workers: integer("workers").notNull(),
  /** Which of web, schedule, work, sweep it does; one of a version before roles does all. */
  roles: text("roles").array().notNull().default(sql`'{web,schedule,work,sweep}'`),
  /** Whether it is the one that looks at the schedules. */
  leader: boolean("leader").notNull().default(false),
  startedAt: instant("started_at").notNull().defaultNow(),
  heartbeatAt: instant("heartbeat_at").notNull().defaultNow(),
  stoppedAt: instant("stopped_at"),
});

/** What people did, and when; written in the transaction of the deed. */
export const actions = barline.table(
  "actions",
  {
    id: identity("id").primaryKey(),
    at: instant("at").notNull().defaultNow(),
    /** The name given at sign-in, or what else is known of who it was. */
    actor: text("actor").notNull(),
    /** dashboard | api | system */
    via: text("via").notNull(),
    /** Such as run.retry, task.mark, backfill.pause. */
    kind: text("kind").notNull(),
    jobId: text("job_id"),
    runId: bigint("run_id", { mode: "number" }).references(() => runs.id),
    taskId: bigint("task_id", { mode: "number" }).references(() => tasks.id),
    backfillId: bigint("backfill_id", { mode: "number" }).references(() => backfills.id),
    /** In the person's words. */
    reason: text("reason"),
    details: jsonb("details"),
  },
  (table) => [
    index("actions_by_run").on(table.runId),
    index("actions_by_backfill").on(table.backfillId),
    index("actions_by_job").on(table.jobId, table.id),
  ],
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
