import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { registerProcess } from "../../../db/queries/pipeline/processes.ts";
import { createHousekeeping } from "../../../jobs/housekeeping/housekeeping.ts";
import { openLake } from "../../../jobs/lake/open.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";
import { addRun, addTask, ask } from "../api-support.ts";
import { createTestApp, type TestApp } from "../support.ts";

let database: TestDatabase;
let app: TestApp;
let folder: string;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), "barline-system-"));
  const lake = openLake({ kind: "folder", root: folder, bucket: "test" });
  await lake.ensureReady();
  await lake.put("raw/stocks/daily/date=2025-01-02/a.json.gz", new Uint8Array(10));
  await lake.put("manifests/job=x/date=2025-01-02/run-1.json", new Uint8Array(3));
  const log = pino({ level: "silent" });
  const housekeeping = createHousekeeping({ sql: database.sql, lake, log, now: () => new Date() });
  app = createTestApp({ read: database.sql, housekeeping, environment: { DATA_DIR: folder } });
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const defaults = {
  logsDays: 90,
  triesDays: 365,
  eventsDays: 365,
  rejectsDays: 365,
  resultsDays: 365,
  alertsDays: 365,
  lakeDays: null,
};

describe("GET /api/system", () => {
  test("tells who lives, who was lost, and what each holds", async () => {
    const { sql } = database;
    for (const owner of ["1", "2", "3"])
      await registerProcess(sql, owner, {
        host: "box",
        pid: Number(owner),
        version: "1.0.0",
        workers: 2,
        roles: ["web", "work"],
      });
    await sql`update barline.processes set heartbeat_at = now() - interval '1 minute' where owner = '2'`;
    await sql`update barline.processes set stopped_at = now() where owner = '3'`;
    const runId = await addRun(sql, { jobId: jobIds.ingest, state: "running" });
    const taskId = await addTask(sql, { runId, jobId: jobIds.ingest, name: "fetch", state: "running" });
    await sql`update barline.tasks set lease_owner = '1' where id = ${taskId}`;
    const { body } = await ask(app, "GET", "/api/system");
    expect(body.processes).toMatchObject([
      { owner: "1", state: "alive", tasks: 1, runs: [runId] },
      { owner: "2", state: "lost", tasks: 0, runs: [] },
      { owner: "3", state: "stopped" },
    ]);
  });

  test("tells sizes: tables by group, what landed by the runs, the disk", async () => {
    const { sql } = database;
    const summary = { manifest: "manifests/x.json", calls: 2, bytes: 1000 };
    await addRun(sql, { jobId: jobIds.ingest, state: "success", summary, finishedAt: "2026-03-02T10:00:00Z" });
    const { body } = await ask(app, "GET", "/api/system");
    expect(body.database.bytes).toBeGreaterThan(1_000_000);
    const names = body.database.groups.map((group: { name: string }) => group.name);
    for (const name of ["Raw bars", "Logs", "Tries", "Events", "Rejected rows", "Runs and tasks", "Alerts", "Staging"])
      expect(names).toContain(name);
    expect(body.lake).toEqual({ asOf: null, parts: [], since: { objects: 2, bytes: 1000 } });
    expect(body.disk.freeBytes).toBeGreaterThan(0);
    expect(body.disk.freeBytes).toBeLessThanOrEqual(body.disk.totalBytes);
    expect(body.memory.processBytes).toBeGreaterThan(10_000_000);
  });
});

describe("/api/retention", () => {
  test("has defaults, and changes what is named only", async () => {
    expect((await ask(app, "GET", "/api/retention")).body).toMatchObject({ ...defaults, changedBy: null });
    const { status, body } = await ask(app, "PATCH", "/api/retention", { logsDays: 30, triesDays: null });
    expect(status).toBe(200);
    expect(body).toMatchObject({ ...defaults, logsDays: 30, triesDays: null, changedBy: "local user" });
    expect((await ask(app, "GET", "/api/retention")).body).toEqual(body);
    const [action] = await database.sql`select kind, via, details from barline.actions`;
    expect(action).toEqual({ kind: "retention.change", via: "api", details: { logsDays: 30, triesDays: null } });
  });

  test.each([
    [{ logsDays: 0 }, "logsDays"],
    [{ lakeDays: "30" }, "lakeDays"],
    [{ eventsDays: 1.5 }, "eventsDays"],
    [{ alertsDays: 1e9 }, "alertsDays"],
    [{ logDays: 3 }, "logDays"],
  ])("refuses %p by the field's name", async (change, field) => {
    const { status, body } = await ask(app, "PATCH", "/api/retention", change);
    expect(status).toBe(422);
    expect(body.error).toMatchObject({ code: "invalid", field });
  });
});

describe("POST /api/housekeeping", () => {
  test("counts with dryRun, removes without, and tells what went and what the lake holds", async () => {
    const { sql } = database;
    const runId = await addRun(sql, { jobId: jobIds.ingest, state: "success", finishedAt: "2020-03-02T10:00:00Z" });
    const taskId = await addTask(sql, { runId, jobId: jobIds.ingest, name: "fetch", state: "success" });
    await sql`insert into barline.task_logs (task_id, try, at, level, message) values (${taskId}, 1, '2020-03-02', 'info', 'x')`;
    const dry = await ask(app, "POST", "/api/housekeeping", { dryRun: true });
    expect(dry).toMatchObject({ status: 200, body: { counts: { logs: 1, tries: 0, lakeObjects: 0 }, most: 100_000 } });
    const begun = await ask(app, "POST", "/api/housekeeping");
    expect(begun).toMatchObject({ status: 201, body: { trigger: "manual" } });
    const system = await until("it has ended", async () => {
      const { body } = await ask(app, "GET", "/api/system");
      // Two queries of one answer: the lake may have been looked at just before the end.
      return body.housekeeping[0].state === "running" || body.lake.asOf === null ? null : body;
    });
    expect(system.housekeeping).toMatchObject([
      { id: begun.body.id, state: "success", removed: { logs: 1 }, error: null },
    ]);
    expect(system.lake.asOf).not.toBeNull();
    expect(system.lake.parts).toEqual([
      { prefix: "raw/stocks/daily", objects: 1, bytes: 10 },
      { prefix: "manifests", objects: 1, bytes: 3 },
    ]);
    expect(await sql`select from barline.task_logs`).toHaveLength(0);
  });

  test("refuses what it does not know", async () => {
    const { status, body } = await ask(app, "POST", "/api/housekeeping", { withNewest: "yes" });
    expect(status).toBe(422);
    expect(body.error.field).toBe("withNewest");
  });
});
