import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { openPool, type Sql } from "../../db/client.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import { claimEvents } from "../../db/queries/pipeline/events.ts";
import { createHousekeeping } from "../../jobs/housekeeping/housekeeping.ts";
import { openLake } from "../../jobs/lake/open.ts";
import { registerJobs } from "../../jobs/orchestrator/register.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { tellKeptPlan } from "../../server/backfills/reasons.ts";
import { createDashboardRoutes } from "../../server/pages.ts";
import { ask } from "../server/api-support.ts";
import { fakeJobs, fakePipeline } from "../server/fake-pipeline.ts";
import { createTestApp, type TestApp } from "../server/support.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { addFirstReleaseRows, type FirstReleaseRows, migrateToFirstRelease } from "./first-release.ts";

type Row = Record<string, unknown>;

const jobs = fakeJobs("2020-01-02", "2020-01-09");
let database: TestDatabase;
let before: Map<string, Row[]>;
let rows: FirstReleaseRows;
/** As the dashboard reads: by a role that has to be allowed to. */
let reader: Sql;
let app: TestApp;

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
  await migrateToFirstRelease(database.url);
  rows = await addFirstReleaseRows(database.sql);
  before = await everyRow(database.sql);
  // Asked again, as the next start does.
  await migrateDatabase(database.url);
  const { asReader } = await migrateDatabase(database.url);
  reader = openPool(database.url, "read", { asReader });
  const { pipeline } = fakePipeline(jobs);
  const lake = openLake({ kind: "folder", root: join(tmpdir(), "barline-no-lake"), bucket: "test" });
  app = createTestApp({
    environment: { START_DATE: "2020-01-02" },
    read: reader,
    pipeline,
    housekeeping: createHousekeeping({
      sql: database.sql,
      lake,
      log: pino({ level: "silent" }),
      now: () => new Date(),
    }),
    dashboard: createDashboardRoutes,
  });
  app.clock.now = new Date("2020-01-10T03:00:00Z");
});
afterAll(async () => {
  await reader.end();
  await database.drop();
});

async function tablesOf(sql: Sql): Promise<string[]> {
  const tables = await sql<{ name: string }[]>`
    select table_schema || '.' || table_name as name from information_schema.tables
    where table_schema in ('public', 'barline') and table_type = 'BASE TABLE' order by name`;
  return tables.map(({ name }) => name);
}

/** Every row of every table, as its columns read. */
async function everyRow(sql: Sql): Promise<Map<string, Row[]>> {
  const all = new Map<string, Row[]>();
  for (const table of await tablesOf(sql)) {
    const found = await sql<{ row: Row }[]>`select to_jsonb(one) as row from ${sql(table)} as one order by one::text`;
    all.set(
      table,
      found.map(({ row }) => row),
    );
  }
  return all;
}

describe("a database of the first release that is migrated to today's", () => {
  test("had rows in every table, and keeps each with its values", async () => {
    const after = await everyRow(database.sql);
    expect([...before].filter(([, kept]) => kept.length === 0)).toEqual([]);
    for (const [table, kept] of before) {
      const columns = Object.keys(kept[0] ?? {});
      const now = (after.get(table) ?? [])
        .map((row) => Object.fromEntries(columns.map((name) => [name, row[name]])))
        // The reasons of a plan are data by now, and say the same.
        .map((row) => (table === "barline.backfills" ? { ...row, plan: tellKeptPlan(row.plan) } : row));
      expect({ table, rows: now }).toEqual({ table, rows: kept });
    }
  });

  test("has the tables, columns, indexes, constraints, functions and triggers of a fresh one", async () => {
    const fresh = await createTestDatabase();
    try {
      const [upgraded, made] = await Promise.all([describeSchema(database.sql), describeSchema(fresh.sql)]);
      expect(made.length).toBeGreaterThan(200);
      expect(upgraded).toEqual(made);
    } finally {
      await fresh.drop();
    }
  });

  test("shows what it holds on every page", async () => {
    const { runs, task, waitingEvent, backfill } = rows;
    const paths = [
      ...[
        "/",
        "/about",
        "/activity",
        "/alerts",
        "/backfills",
        `/backfills/${backfill}`,
        "/calendar",
        "/datasets",
        "/export",
      ],
      ...[`/datasets/${encodeURIComponent("s3://test/manifests")}`, `/events/${waitingEvent}`, "/graph", "/grid"],
      ...[`/jobs/${jobIds.ingest}`, `/jobs/${jobIds.load}`, `/jobs/${jobIds.transform}`, "/market", "/quality"],
      ...["/quality/coverage", "/quality/drift", "/quality/lineage?ticker=AAPL&date=2020-01-02", "/quality/rejects"],
      ...["/quality/tests/not_null_fct_performance_ticker", "/quality/models/fct_performance", "/scenarios"],
      ...["/screener", "/strategies", "/sweeps", "/system", "/tickers", "/tickers/AAPL", "/backtest"],
      ...[...Object.values(runs), rows.load, rows.transform].flatMap((id) => [`/runs/${id}`, `/runs/${id}/log`]),
      `/runs/${runs.published}/tasks/${task}`,
    ];
    const answers = await Promise.all(paths.map(async (path) => ({ path, status: (await app.get(path)).status })));
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    const page = await (await app.get(`/backfills/${backfill}`)).text();
    expect(page).toContain("Wed 1 Jan 2020: closed, New Year");
    expect(page).toMatch(/class="s failed" [^>]*title="Mon 6 Jan 2020: failed, run \d+"/);
    const overview = await (await app.get("/")).text();
    expect(overview).toContain("Thu 2 Jan 2020: published");
    expect(overview).toContain("Fri 3 Jan 2020: fetched");
    expect(await (await app.get(`/runs/${runs.failed}`)).text()).toContain("The key is wrong.");
  });

  test("answers for it through the API", async () => {
    const { backfill, runs, task } = rows;
    expect(await ask(app, "GET", `/api/backfills/${backfill}`)).toMatchObject({
      status: 200,
      body: { paused: false, order: "oldest", runs: { queued: 1, running: 1, success: 2, failed: 1, cancelled: 1 } },
    });
    expect((await ask(app, "GET", `/api/backfills/${backfill}/sessions`)).body).toEqual(
      expect.arrayContaining([
        { date: "2019-12-31", state: "skipped", runId: 9, reason: "run 9 already ran: succeeded" },
        { date: "2020-01-01", state: "closed", runId: null, reason: "New Year’s Day" },
        { date: "2020-01-06", state: "failed", runId: runs.failed, reason: null },
      ]),
    );
    for (const path of [
      ...["/api/backfills", "/api/calendar", "/api/datasets", "/api/events"],
      ...["/api/runs", "/api/rejects", "/api/status", "/api/actions", "/api/alerts", "/api/quality/tests"],
      ...[`/api/runs/${runs.published}`, `/api/runs/${runs.running}`, `/api/tasks/${task}`],
      ...[`/api/jobs/${jobIds.ingest}/grid`, `/api/jobs/${jobIds.ingest}/schedule`, "/api/tickers"],
    ])
      expect({ path, status: (await ask(app, "GET", path)).status }).toEqual({ path, status: 200 });
  });

  test("lets an event that waited then wake its job, and one that was claimed do nothing", async () => {
    const pending = () => database.sql<{ job: string; event: number }[]>`
      select job_id as job, event_id as event from barline.pending_events`;
    await registerJobs(database.sql, jobs);
    expect([...(await pending())]).toEqual([{ job: jobIds.load, event: rows.waitingEvent }]);
    const claim = { jobId: jobIds.load, runId: rows.load, limit: 10 };
    expect(await database.sql.begin((transaction) => claimEvents(transaction, claim))).toBe(1);
    expect([...(await pending())]).toEqual([]);
  });

  test("keeps what the vendor restates from then on", async () => {
    await database.sql`
      update source_polygon_stock_bars_daily set close = 300.36, inserted_at = '2020-01-10T02:00Z' where ticker = 'AAPL'`;
    const kept = await database.sql`select close::text from source_polygon_stock_bars_restatements`;
    expect([...kept]).toEqual([{ close: "300.35" }]);
  });
});

/** Everything of the two schemas that a migration makes, a line each. */
async function describeSchema(sql: Sql): Promise<string[]> {
  const lines = await sql<{ line: string }[]>`
    select concat_ws(' ', 'column', table_schema, table_name, ordinal_position, column_name, data_type, is_nullable,
      column_default, collation_name, is_identity, identity_generation) as line
    from information_schema.columns where table_schema in ('public', 'barline')
    union all
    select concat_ws(' ', 'table', relnamespace::regnamespace, relname, relpersistence) from pg_class
    where relkind = 'r' and relnamespace in ('public'::regnamespace, 'barline'::regnamespace)
    union all
    select 'index ' || indexdef from pg_indexes where schemaname in ('public', 'barline')
    union all
    select concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint
    where connamespace in ('public'::regnamespace, 'barline'::regnamespace)
    union all
    select 'trigger ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
    union all
    select 'function ' || pg_get_functiondef(oid) from pg_proc
    where pronamespace in ('public'::regnamespace, 'barline'::regnamespace)
    order by line`;
  return lines.map(({ line }) => line);
}
