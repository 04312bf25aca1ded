import { afterAll, beforeAll, expect, test } from "bun:test";
import pino from "pino";
import { createDashboardRoutes } from "../../../../server/pages.ts";
import { createSqlConsole } from "../../../../server/research/sql/console.ts";
import { fakeJobs, fakePipeline } from "../../fake-pipeline.ts";
import { type AccessHarness, form, openAccess, password } from "../../http/access.ts";
import { createTestApp, type TestApp } from "../../support.ts";

const viewerPassword = "only to look at";
const admin = { Authorization: `Bearer ${password}` };
const viewer = { Authorization: `Bearer ${viewerPassword}` };

let access: AccessHarness;
/** Where viewers may run queries, and where they may not. */
let shared: TestApp;
let closed: TestApp;

beforeAll(async () => {
  access = await openAccess();
  await access.adopt(password, viewerPassword);
  const { url, sql } = access;
  const options = { url, sql, log: pino({ level: "silent" }), now: () => new Date("2026-03-02T15:00:00Z") };
  const open = (environment: Record<string, string>) =>
    createTestApp({
      environment: { HOST: "0.0.0.0", ADMIN_PASSWORD: password, VIEWER_PASSWORD: viewerPassword, ...environment },
      ...{ access: sql, read: sql, sqlConsole: createSqlConsole(options) },
      pipeline: fakePipeline(fakeJobs("2026-02-20", "2026-02-27")).pipeline,
      dashboard: createDashboardRoutes,
    });
  shared = open({ SQL_FOR_VIEWERS: "true" });
  closed = open({});
}, 60_000);
afterAll(() => access.drop());

const ask = async (body: unknown, headers = admin, app = shared) => {
  const response = await app.send("POST", "/api/sql", body, headers);
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown> & { error?: { code: string } },
  };
};

test("answers rows with numbers where JSON holds them, and what was cut", async () => {
  const { status, body } = await ask({
    sql: "select n, 9007199254740993 as large, 0.1 as small, n = 1 as first, date '2025-01-02' as day, null as none, 'NaN'::float8 as odd from generate_series(1, 3) n",
    limit: 2,
  });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    rows: [
      [1, "9007199254740993", 0.1, true, "2025-01-02", null, "NaN"],
      [2, "9007199254740993", 0.1, false, "2025-01-02", null, "NaN"],
    ],
    ...{ cut: "rows", hasCutValues: false },
  });
});

test("tells a faulty statement as one, with its place", async () => {
  const { status, body } = await ask({ sql: "select nothing" });
  expect([status, body.error]).toMatchObject([
    422,
    { code: "statement", field: "sql", message: 'Column "nothing" does not exist. At character 8.' },
  ]);
  expect((await ask({ sql: "select 1", limit: 10_001 })).status).toBe(422);
  expect((await ask({ sql: "select 1", purpose: "plan" })).body.rows).toEqual([
    ["Result  (cost=0.00..0.01 rows=1 width=4)"],
  ]);
  expect((await shared.send("POST", "/api/sql/cancel", {}, admin)).status).toBe(422);
  const none = await shared.send("POST", "/api/sql/cancel", { id: 999 }, admin);
  expect(await none.json()).toEqual({ cancelled: false });
});

test("lists what may be read and what was run", async () => {
  const schema = (await (await shared.get("/api/sql/schema", admin)).json()) as { relations: { name: string }[] };
  expect(schema.relations.map(({ name }) => name)).toContain("source_polygon_splits");
  const history = (await (await shared.get("/api/sql/history?limit=1", admin)).json()) as { runs: { id: number }[] };
  expect(history.runs).toMatchObject([{ purpose: "plan", state: "success", actor: "API token" }]);
});

test("keeps queries by a name", async () => {
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await shared.send(method, path, body, admin);
    return [response.status, await response.json()];
  };
  expect(await send("POST", "/api/sql/queries", { name: "One", sql: "select 1" })).toMatchObject([
    201,
    { id: 1, sql: "select 1" },
  ]);
  expect(await send("PATCH", "/api/sql/queries/1", { name: "Two", sql: "select 2" })).toMatchObject([
    200,
    { name: "Two", sql: "select 2" },
  ]);
  expect(await send("DELETE", "/api/sql/queries/1")).toMatchObject([200, { deletedAt: "2026-03-02T15:00:00.000Z" }]);
  expect(await send("GET", "/api/sql/queries?deleted=true")).toMatchObject([200, { queries: [{ id: 1 }] }]);
  expect(await send("POST", "/api/sql/queries/1/restore")).toMatchObject([200, { deletedAt: null }]);
  expect((await send("DELETE", "/api/sql/queries/2"))[0]).toBe(404);
});

test("is for viewers where SQL_FOR_VIEWERS says so, who still save nothing", async () => {
  expect((await ask({ sql: "select 1" }, viewer)).status).toBe(200);
  expect((await ask({ sql: "select 1" }, viewer, closed)).status).toBe(403);
  expect(await (await closed.get("/sql", viewer)).text()).toContain("SQL_FOR_VIEWERS=true lets them in");
  for (const path of ["/api/sql/schema", "/api/sql/history", "/api/sql/queries", "/sql/history"])
    expect((await closed.get(path, viewer)).status).toBe(403);
  const ran = await shared.send("POST", "/sql", "sql=select+1", { ...form, ...viewer });
  expect(await ran.text()).toContain("1 row");
  const kept = await shared.send("POST", "/api/sql/queries", { name: "Mine", sql: "select 1" }, viewer);
  expect(kept.status).toBe(403);
  expect((await shared.send("POST", "/sql/queries", "name=Mine&sql=select+1", { ...form, ...viewer })).status).toBe(
    403,
  );
});
