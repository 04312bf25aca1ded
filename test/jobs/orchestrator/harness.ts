import pino from "pino";
import { type JsonValue, openPool, type Sql } from "../../../db/client.ts";
import { createOrchestrator, type OrchestratorOptions } from "../../../jobs/orchestrator/orchestrator.ts";
import type { WorkerPool } from "../../../jobs/orchestrator/pool-types.ts";
import type {
  BatchHandler,
  JobDefinition,
  Orchestrator,
  PlainTask,
  PlainTaskContext,
  TaskResult,
} from "../../../jobs/orchestrator/types.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";

export type ToyJob = Partial<JobDefinition> & { run?: PlainTask["run"] };

/** A toy job of one plain task, or of `tasks`. */
export function toyJob(given: ToyJob = {}): JobDefinition {
  const { run = async () => ({}), ...rest } = given;
  return {
    id: "toy",
    title: "Toy",
    description: "A job for tests.",
    tasks: [plain("only", run)],
    maxActiveRuns: 1,
    maxTries: 3,
    ...rest,
  };
}

export function plain(name: string, run: (context: PlainTaskContext) => Promise<TaskResult>): PlainTask {
  return { kind: "plain", name, description: "A task for tests.", run };
}

/** A job of two tasks: one that plans `batches`, and one that runs each with `handler`. */
export function batchJob(batches: JsonValue[], given: Partial<JobDefinition> = {}): JobDefinition {
  return toyJob({
    tasks: [
      plain("plan", async () => ({ batches })),
      { kind: "mapped", name: "work", description: "Batches for tests.", handler: "work" },
    ],
    ...given,
  });
}

/** Runs batches beside the orchestrator, with no worker. */
export function createFakePool(handlers: Record<string, BatchHandler> = {}, capacity = 4): WorkerPool {
  return {
    capacity,
    size: () => 0,
    async run(batch, listener, signal) {
      const handler = handlers[batch.handler];
      if (!handler) throw new Error(`No handler ${batch.handler}.`);
      const at = (level: "debug" | "info" | "warn" | "error") => (message: string) =>
        listener.log(level, message, null);
      const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
      return await handler({ ...batch, signal, log, progress: listener.progress });
    },
    close() {},
  };
}

/** Only what a test wants to see is kept: the messages of one orchestrator's own log. */
export type LogLines = { level: string; msg: string; [field: string]: unknown }[];

export function captureLog(lines: LogLines): OrchestratorOptions["log"] {
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ base: null, formatters }, { write: (line: string) => lines.push(JSON.parse(line)) });
}

type StartOptions = Partial<Omit<OrchestratorOptions, "sql" | "lockSql" | "jobs">> & { url?: string };

export type Harness = {
  database: TestDatabase;
  sql: Sql;
  /** Makes and starts one, as a process of its own would: with pools of its own. */
  start(jobs: JobDefinition[], options?: StartOptions): Promise<Orchestrator>;
  /** As `start`, but leaves starting to the test. */
  make(jobs: JobDefinition[], options?: StartOptions): Orchestrator;
  /** Stops what was started, and empties the tables for the next test. */
  reset(): Promise<void>;
  close(): Promise<void>;
};

/** The lease is as long as the real one: a busy machine that keeps us waiting must not make us lose a task. */
const quick = { pollMs: 100, heartbeatMs: 150, leaseMs: 15_000 };

/** A database of its own with toy orchestrators on it. */
export async function createHarness(): Promise<Harness> {
  const database = await createTestDatabase();
  const closers: (() => Promise<unknown>)[] = [];
  const make: Harness["make"] = (jobs, { url = database.url, ...options } = {}) => {
    const sql = openPool(url, "state");
    const lockSql = openPool(url, "lock");
    const orchestrator = createOrchestrator({
      ...quick,
      sql,
      lockSql,
      jobs,
      pool: createFakePool(),
      identity: { host: "test", pid: 1, version: "0.0.0", workers: 1, roles: ["web", "work"] },
      log: pino({ level: "silent" }),
      now: () => new Date(),
      random: Math.random,
      ...options,
    });
    closers.push(async () => {
      await orchestrator.stop(1000);
      await Promise.all([sql.end({ timeout: 0 }), lockSql.end({ timeout: 0 })]);
    });
    return orchestrator;
  };
  return {
    database,
    sql: database.sql,
    make,
    async start(jobs, options) {
      const orchestrator = make(jobs, options);
      await orchestrator.start();
      return orchestrator;
    },
    async reset() {
      await Promise.all(closers.splice(0).map((close) => close()));
      await emptyTables(database.sql);
    },
    close: () => database.drop(),
  };
}

/** Deleting a handful of rows takes a tenth of the time of a new database. */
async function emptyTables(sql: Sql): Promise<void> {
  const tables = [
    "actions",
    "pending_events",
    "subscriptions",
    "processes",
    "event_claims",
    "dataset_events",
    "task_logs",
    "tries",
    "tasks",
    "run_partitions",
    "recheck_rounds",
    "runs",
    "backfills",
    "jobs",
  ];
  for (const table of tables) await sql`delete from ${sql(`barline.${table}`)}`;
}

export type RunSeen = {
  id: number;
  jobId: string;
  state: string;
  trigger: string;
  partition: string | null;
  partitionTo: string | null;
  error: { name: string; message: string; advice?: string } | null;
  summary: JsonValue;
};

export async function runsOf(sql: Sql, jobId = "toy"): Promise<RunSeen[]> {
  return await sql<RunSeen[]>`
    select id, job_id as "jobId", state, trigger, partition, partition_to as "partitionTo", error, summary
    from barline.runs where job_id = ${jobId}::text order by id`;
}

export type TaskSeen = {
  id: number;
  name: string;
  mapIndex: number;
  state: string;
  tries: number;
  failures: number;
  output: JsonValue;
  error: { name: string; message: string; advice?: string } | null;
  progressDone: number | null;
  leaseOwner: string | null;
  /** States of its tries, oldest first. */
  history: string[];
};

export async function tasksOf(sql: Sql, runId: number): Promise<TaskSeen[]> {
  return await sql<TaskSeen[]>`
    select id, name, map_index as "mapIndex", state, tries, failures, output, error, progress_done as "progressDone",
      lease_owner as "leaseOwner",
      (select coalesce(array_agg(tries.state order by number), '{}') from barline.tries where task_id = tasks.id) as history
    from barline.tasks where run_id = ${runId}::bigint order by step, map_index`;
}

/** The one task of a run that has one. */
export async function taskOf(sql: Sql, runId: number): Promise<TaskSeen> {
  const [task] = await tasksOf(sql, runId);
  if (!task) throw new Error(`Run ${runId} has no task.`);
  return task;
}

/** Waits until a run is in one of `states`. */
export async function runReaches(sql: Sql, runId: number, ...states: string[]): Promise<RunSeen> {
  return await until(`run ${runId} is ${states.join(" or ")}`, async () => {
    const [run] = await sql<RunSeen[]>`
      select id, job_id as "jobId", state, trigger, partition, partition_to as "partitionTo", error, summary
      from barline.runs where id = ${runId}::bigint`;
    return run && states.includes(run.state) && run;
  });
}

/** Waits until a job has `count` runs and none of them is active. */
export async function allEnded(sql: Sql, count: number, jobId = "toy"): Promise<RunSeen[]> {
  return await until(`${count} runs of ${jobId} have ended`, async () => {
    const runs = await runsOf(sql, jobId);
    return runs.length >= count && runs.every((run) => run.state !== "queued" && run.state !== "running") && runs;
  });
}

export type EventSeen = { id: number; producer: number; claimedBy: number | null };

/** Every event of a dataset with the run of `jobId` that claimed it. */
export async function eventsOf(sql: Sql, dataset: string, jobId: string): Promise<EventSeen[]> {
  return await sql<EventSeen[]>`
    select events.id, events.run_id as producer, claims.run_id as "claimedBy"
    from barline.dataset_events events
    left join barline.event_claims claims on claims.event_id = events.id and claims.job_id = ${jobId}::text
    where dataset = ${dataset}::text order by events.id`;
}

/** A gate that tasks wait at until a test opens it. */
export function createGate(): { opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** Rejects when the signal aborts, as a well-behaved task does. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new Error("aborted"));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return promise;
}
