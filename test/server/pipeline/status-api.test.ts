import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Sql } from "../../../db/client.ts";
import { registerJobs } from "../../../jobs/orchestrator/register.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createWarehouseCounter } from "../../../server/pipeline/warehouse-counter.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { addClaim, addEvent, addRawBar, addRun, addTask, ask, createMart, publishBar } from "../api-support.ts";
import { createTestApp, fakePipeline, manifests, type TestApp } from "../support.ts";

const { ingest, load, transform } = jobIds;
let database: TestDatabase;
let app: TestApp;

beforeEach(async () => {
  database = await createTestDatabase();
  app = createTestApp({ read: database.sql, pipeline: fakePipeline() });
});
afterEach(() => database.drop());

const status = async () => (await ask(app, "GET", "/api/status")).body;
const untouched = { paused: false, queued: 0, running: 0, failed: 0, lastSuccess: null };

describe("GET /api/status", () => {
  test("is idle and empty at the very first", async () => {
    expect(await status()).toEqual({
      source: "demo",
      idle: true,
      jobs: [ingest, load, transform].map((id) => ({ id, ...untouched })),
      warehouse: { bars: 0, tickers: 0, firstDate: null, lastDate: null },
    });
  });

  test("names the source by the key", async () => {
    app = createTestApp({ read: database.sql, environment: { POLYGON_API_KEY: "key" } });
    expect((await status()).source).toBe("polygon");
  });

  test("counts the runs of each job, and tells its last success and whether it is paused", async () => {
    const { sql } = database;
    await addRun(sql, { jobId: ingest, state: "success", finishedAt: "2026-03-02T12:00:00Z" });
    // A retried older run may end after a newer one.
    await addRun(sql, { jobId: ingest, state: "success", finishedAt: "2026-03-02T11:00:00Z" });
    for (const state of ["queued", "queued", "running", "failed", "cancelled"]) {
      await addRun(sql, { jobId: ingest, state });
    }
    await sql`insert into barline.jobs (id, paused) values (${load}, true)`;
    const { jobs, idle } = await status();
    expect(idle).toBe(false);
    expect(jobs).toEqual([
      { id: ingest, paused: false, queued: 2, running: 1, failed: 1, lastSuccess: "2026-03-02T12:00:00.000Z" },
      { ...untouched, id: load, paused: true },
      { ...untouched, id: transform },
    ]);
  });

  test("is not idle until the job that waits for an event has claimed it", async () => {
    const { sql } = database;
    await registerJobs(sql, fakePipeline().orchestrator.jobs);
    const runId = await addRun(sql, { jobId: ingest, state: "success" });
    const taskId = await addTask(sql, { runId, jobId: ingest, name: "record", state: "success" });
    const eventId = await addEvent(sql, { dataset: manifests, runId, taskId });
    expect((await status()).idle).toBe(false);
    await addClaim(sql, { jobId: transform, eventId, runId });
    expect((await status()).idle).toBe(false);
    const claiming = await addRun(sql, { jobId: load, state: "success" });
    await addClaim(sql, { jobId: load, eventId, runId: claiming });
    expect((await status()).idle).toBe(true);
  });

  test("stays idle over an event that no job waits for", async () => {
    const { sql } = database;
    const runId = await addRun(sql, { jobId: transform, state: "success" });
    const taskId = await addTask(sql, { runId, jobId: transform, name: "publish", state: "success" });
    await addEvent(sql, { dataset: "elsewhere", runId, taskId });
    expect((await status()).idle).toBe(true);
  });

  test("counts what is published, exactly, after each publish", async () => {
    const { sql } = database;
    await createMart(sql);
    await publishBar(sql, "AAPL", "2026-01-02", 100);
    await publishBar(sql, "AAPL", "2026-01-05", 100);
    await publishBar(sql, "BRK.B", "2025-12-31", 100);
    await addRawBar(sql, "MSFT", "2026-01-06", 100);
    const first = await addRun(sql, { jobId: transform, state: "success", finishedAt: "2026-03-02T10:00:00Z" });
    const before = { bars: 3, tickers: 2, firstDate: "2025-12-31", lastDate: "2026-01-05" };
    expect((await status()).warehouse).toEqual(before);
    await publishBar(sql, "TSLA", "2026-01-06", 100);
    // The transform that publishes has not ended: the count before it holds.
    expect((await status()).warehouse).toEqual(before);
    // A retry of the same run, as well as a new one, publishes anew.
    await sql`update barline.runs set finished_at = '2026-03-02T10:05:00Z' where id = ${first}`;
    expect((await status()).warehouse).toEqual({ ...before, bars: 4, tickers: 3, lastDate: "2026-01-06" });
  });
});

describe("the warehouse counter", () => {
  const clock = { ms: 0 };
  const counter = (sql: Sql) => createWarehouseCounter({ read: sql, now: () => new Date(clock.ms) });
  /** Counting takes `tookMs` by the injected clock. */
  const slowed = (sql: Sql, tookMs: number): Sql =>
    Object.assign(((...parts: Parameters<Sql>) => sql(...parts)) as Sql, {
      begin: async (...parts: Parameters<Sql["begin"]>) => {
        const answer = await sql.begin(...parts);
        clock.ms += tookMs;
        return answer;
      },
    });

  test("lags behind while work goes on, for ten times what a count takes, and never when idle", async () => {
    const { sql } = database;
    await createMart(sql);
    await publishBar(sql, "AAPL", "2026-01-02", 100);
    const counting = counter(slowed(sql, 100));
    expect((await counting.size("1", true)).bars).toBe(1);
    await publishBar(sql, "AAPL", "2026-01-05", 100);
    clock.ms += 999;
    expect((await counting.size("2", true)).bars).toBe(1);
    clock.ms += 1;
    expect((await counting.size("2", true)).bars).toBe(2);
    await publishBar(sql, "AAPL", "2026-01-06", 100);
    expect((await counting.size("3", true)).bars).toBe(2);
    expect((await counting.size("3", false)).bars).toBe(3);
  });

  test("shares one count between requests that come at once", async () => {
    const { sql } = database;
    await createMart(sql);
    let counts = 0;
    const read = Object.assign((() => {}) as unknown as Sql, {
      begin: (...parts: Parameters<Sql["begin"]>) => {
        counts += 1;
        return sql.begin(...parts);
      },
    });
    const counting = counter(read);
    await Promise.all([counting.size("1", false), counting.size("1", false), counting.size("1", true)]);
    expect(counts).toBe(1);
  });

  test("tries again after a failed count", async () => {
    const { sql } = database;
    await createMart(sql);
    const begins: (() => Promise<unknown>)[] = [() => Promise.reject(new Error("lost"))];
    const read = Object.assign((() => {}) as unknown as Sql, {
      begin: (...parts: Parameters<Sql["begin"]>) => begins.shift()?.() ?? sql.begin(...parts),
    }) as Sql;
    const counting = counter(read);
    expect(counting.size("1", false)).rejects.toThrow("lost");
    expect((await counting.size("1", false)).bars).toBe(0);
  });
});
