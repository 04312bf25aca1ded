import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPool, type Sql } from "../../../db/client.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../../db/embedded.ts";
import { migrateDatabase } from "../../../db/migrate.ts";
import { lockProcess } from "../../../db/queries/pipeline/leases.ts";
import type { JobDefinition } from "../../../jobs/orchestrator/types.ts";
import { endWithThisProcess } from "../../support/server-guard.ts";
import { until } from "../../support/until.ts";
import {
  batchJob,
  captureLog,
  createFakePool,
  createGate,
  createHarness,
  type Harness,
  type LogLines,
  plain,
  runReaches,
  tasksOf,
  toyJob,
} from "./harness.ts";

setDefaultTimeout(60_000);

/** A server of its own, as these tests stop and kill it. */
let server: EmbeddedPostgres;
let harness: Harness;
/** One connection that looks on, and one of a task. */
let sql: Sql;
let taskSql: Sql;
const dataDir = mkdtempSync(join(tmpdir(), "barline-outage-"));
const settings = { fsync: "off", shared_buffers: "16MB" };

beforeAll(async () => {
  chmodSync(dataDir, 0o755);
  endWithThisProcess(dataDir);
  server = await startEmbeddedPostgres({ dataDir, settings });
  await migrateDatabase(server.url);
  harness = await createHarness();
  sql = openPool(server.url, "work", { max: 1 });
  taskSql = openPool(server.url, "work", { max: 1 });
});
// Closes its pools too: a connection that listens comes back by itself after an outage.
afterEach(() => harness.reset());
afterAll(async () => {
  await harness.close();
  await Promise.all([sql.end({ timeout: 0 }), taskSql.end({ timeout: 0 })]);
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Stops the server while `meanwhile` runs, and starts it again where clients look for it. */
async function whileAway(meanwhile: () => Promise<void>): Promise<void> {
  const { port } = new URL(server.url);
  await server.stop();
  try {
    await meanwhile();
  } finally {
    server = await startEmbeddedPostgres({ dataDir, settings: { ...settings, port } });
  }
}

describe("the lock that shows that a process lives", () => {
  test("does not wait for a connection of its own that the server still believes in", async () => {
    const [lost, fresh] = [openPool(server.url, "lock"), openPool(server.url, "lock")];
    await lockProcess(lost, 77);
    await lockProcess(lost, 77);
    await lockProcess(fresh, 77);
    await lost.end();
    await until("the fresh connection has it", async () => {
      await lockProcess(fresh, 77);
      const locks = await sql`select 1 from pg_locks where locktype = 'advisory' and classid = 4207002 and objid = 77`;
      return locks.length === 1;
    });
    await fresh.end();
  });

  test("is held by a connection that the driver never retires", async () => {
    const { options, end } = openPool(server.url, "lock");
    expect([options.max, options.max_lifetime, options.idle_timeout]).toEqual([1, null, null]);
    await end();
  });
});

describe("a database that goes away in the middle of a run", () => {
  test("stops nothing: what was done meanwhile is recorded when it is back, and the run goes on", async () => {
    const lines: LogLines = [];
    const working = createGate();
    const mayEnd = createGate();
    const job: JobDefinition = batchJob(["a", "b"], { runsWithoutEvents: true, maxTries: 1 });
    job.tasks.push(plain("after", async (context) => ({ summary: await context.outputsOf("work") })));
    const pool = createFakePool({
      work: async ({ input, log }) => {
        working.open();
        await mayEnd.opened;
        log.info("done while nobody could write it down");
        return { output: input };
      },
    });
    const orchestrator = await harness.start([job], { url: server.url, pool, log: captureLog(lines) });
    const runId = await orchestrator.createRun("toy", {});
    await working.opened;
    await whileAway(async () => {
      mayEnd.open();
      await until("the outage is in the log", () => lines.some((line) => line.level === "warn"));
    });
    const run = await runReaches(sql, runId, "success", "failed");
    expect(run).toMatchObject({ state: "success", summary: ["a", "b"] });
    const tasks = await tasksOf(sql, runId);
    expect(tasks.map((task) => task.failures)).toEqual([0, 0, 0, 0]);
    await until("all connections are back", () => lines.at(-1)?.msg === "the database answers again");
    await until("its log is there", async () => {
      const kept = await sql`select 1 from barline.task_logs where message like 'done while%'`;
      return kept.length === 2;
    });
    const said = lines.filter((line) => line.msg.includes("database")).map((line) => line.msg);
    expect(said[0]).toBe("the database does not answer; work waits for it");
    expect(said.at(-1)).toBe("the database answers again");
    // Each of the five connections may notice the outage late, and say so once more; never is it a line for every failed call.
    expect(said).toEqual(said.map((_, index) => said[index % 2] ?? ""));
    expect(said.length).toBeLessThanOrEqual(2 * 5);
    expect(lines.filter((line) => line.level === "error")).toEqual([]);
    await orchestrator.stop(1000);
  });

  test("does not leave an idle orchestrator asleep, deaf or unlocked", async () => {
    const job = toyJob({ id: "idle", runsWithoutEvents: true });
    const lines: LogLines = [];
    const orchestrator = await harness.start([job], { url: server.url, log: captureLog(lines), pollMs: 250 });
    await whileAway(async () => {
      await until("the outage is in the log", () => lines.some((line) => line.level === "warn"));
    });
    await until("it is back", () => lines.some((line) => line.msg === "the database answers again"));
    const [row] = await sql<{ id: number }[]>`
      insert into barline.runs (job_id, trigger) values ('idle', 'manual') returning id`;
    await runReaches(sql, row?.id ?? 0, "success");
    await until("it shows again that it lives", async () => {
      const locks = await sql`select 1 from pg_locks where locktype = 'advisory' and classid = 4207002`;
      return locks.length === 1;
    });
    await until("it listens again", async () => {
      const listening = await sql`select 1 from pg_stat_activity where query ilike 'listen%'`;
      return listening.length === 1;
    });
    await orchestrator.stop(1000);
  });

  test("makes a task that was asking it something try again, and counts no failure", async () => {
    const asking = createGate();
    const lines: LogLines = [];
    let tries = 0;
    const job = toyJob({
      id: "asking",
      runsWithoutEvents: true,
      maxTries: 1,
      run: async () => {
        tries++;
        asking.open();
        await taskSql`select pg_sleep(${tries === 1 ? 30 : 0}::float8)`;
        return {};
      },
    });
    const orchestrator = await harness.start([job], { url: server.url, log: captureLog(lines) });
    const runId = await orchestrator.createRun("asking", {});
    await asking.opened;
    await until("the server runs the query", async () => {
      const active = await sql`select 1 from pg_stat_activity where state = 'active' and query like 'select pg_sleep%'`;
      return active.length > 0;
    });
    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`;
    await runReaches(sql, runId, "success", "failed");
    const [task] = await tasksOf(sql, runId);
    expect(task).toMatchObject({ state: "success", failures: 0 });
    expect(task?.history.at(-1)).toBe("success");
    await orchestrator.stop(1000);
  });

  test("does not keep a stop from ending by its deadline", async () => {
    const lines: LogLines = [];
    const orchestrator = await harness.start([toyJob({ id: "last" })], { url: server.url, log: captureLog(lines) });
    await whileAway(async () => {
      await until("the outage is in the log", () => lines.some((line) => line.level === "warn"));
      // While the database is away nothing else would end it: a stop that waited for it would wait for ever.
      await orchestrator.stop(500);
    });
  });
});
