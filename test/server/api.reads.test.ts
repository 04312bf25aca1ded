import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jobIds } from "../../jobs/pipeline.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { addClaim, addEvent, addRun, addTask, ask, createMart, publishBar } from "./api-support.ts";
import { createTestApp, fakePipeline, manifests, type TestApp } from "./support.ts";

const { ingest, load } = jobIds;
let database: TestDatabase;
let app: TestApp;
let ingested: number;
let loaded: number;
let backfill: number;

const plan = {
  strategy: "grouped",
  calls: 2,
  sessions: 2,
  skipped: [{ date: "2026-01-01", reason: "New Year's Day" }],
  minutes: 0,
  alternative: null,
  dates: ["2026-01-02", "2026-01-05"],
};

beforeAll(async () => {
  database = await createTestDatabase();
  const { sql } = database;
  app = createTestApp({ read: sql, pipeline: fakePipeline() });
  const [row] = await sql<[{ id: number }]>`
    insert into barline.backfills (job_id, state, from_partition, to_partition, reprocess, plan)
    values (${ingest}, 'running', '2026-01-01', '2026-01-05', 'missing', ${sql.json(plan)})
    returning id`;
  backfill = row.id;
  const success = { jobId: ingest, state: "success", backfillId: backfill, summary: { calls: 1 } };
  ingested = await addRun(sql, { ...success, partition: "2026-01-02", finishedAt: "2026-03-02T10:01:00Z" });
  const error = { name: "PermanentError", message: "Wrong key.", advice: "Set it.", stack: "at secret.ts" };
  await addRun(sql, { jobId: ingest, state: "failed", partition: "2026-01-05", backfillId: backfill, error });
  const fetched = await addTask(sql, { runId: ingested, jobId: ingest, name: "fetch", mapIndex: 1, state: "success" });
  await sql`insert into barline.tries (task_id, number, state, owner, error) values
    (${fetched}, 1, 'retry', 'p1/w1', ${sql.json({ name: "RetryableError", message: "502" })}), (${fetched}, 2, 'success', 'p1/w2', null)`;
  const event = await addEvent(sql, { dataset: manifests, runId: ingested, taskId: fetched });
  loaded = await addRun(sql, { jobId: load, state: "success", finishedAt: "2026-03-02T10:02:00Z" });
  await addClaim(sql, { jobId: load, eventId: event, runId: loaded });
  await sql`insert into public.source_polygon_tickers (ticker, name, type, active, inserted_at) values
    ('A', 'Agilent Technologies', 'CS', true, now()), ('AAPL', 'Apple Inc.', 'CS', true, now()),
    ('AA', 'Alcoa', 'CS', true, now()), ('PCT', '100% Pure_Cycle', null, false, now())`;
});
afterAll(() => database.drop());

describe("GET /api/runs", () => {
  const ids = async (query: string) =>
    (await ask(app, "GET", `/api/runs${query}`)).body.map((run: { id: number }) => run.id);

  test("lists the newest first, filtered and paged", async () => {
    expect(await ids("")).toEqual([ingested + 2, ingested + 1, ingested]);
    expect(await ids(`?job=${ingest}`)).toEqual([ingested + 1, ingested]);
    expect(await ids("?state=failed")).toEqual([ingested + 1]);
    expect(await ids(`?job=${load}&state=failed`)).toEqual([]);
    expect(await ids("?limit=1")).toEqual([ingested + 2]);
    expect(await ids(`?limit=1&before=${ingested + 2}`)).toEqual([ingested + 1]);
  });

  test("tells each run's session, summary and error, without a stack", async () => {
    const { body } = await ask(app, "GET", `/api/runs?job=${ingest}`);
    expect(body[0]).toMatchObject({
      job: ingest,
      state: "failed",
      session: "2026-01-05",
      backfillId: backfill,
      error: { name: "PermanentError", message: "Wrong key.", advice: "Set it." },
      finishedAt: null,
    });
    expect(body[1]).toMatchObject({
      session: "2026-01-02",
      trigger: "backfill",
      summary: { calls: 1 },
      startedAt: "2026-03-02T10:00:00.000Z",
      finishedAt: "2026-03-02T10:01:00.000Z",
    });
    expect(JSON.stringify(body)).not.toContain("secret.ts");
  });

  const bad: [query: string, field: string, says: string][] = [
    ["?limit=0", "limit", "a whole number from 1 to 1000"],
    ["?limit=1001", "limit", "a whole number from 1 to 1000"],
    ["?limit=1e2", "limit", "a whole number from 1 to 1000"],
    ["?limit=", "limit", "a whole number from 1 to 1000"],
    ["?limit=5&limit=6", "limit", "2 times"],
    ["?state=done", "state", "queued, running, success, failed, cancelled"],
    ["?before=-1", "before", "a whole number"],
    ["?before=99999999999999999999", "before", "a whole number"],
    ["?sort=id", "sort", "known are job, state, limit, trigger, from, to, alike, before"],
    ["?__proto__=1", "__proto__", "not known"],
  ];
  test.each(bad)("refuses %s by the name of the parameter", async (query, field, says) => {
    const { status, body } = await ask(app, "GET", `/api/runs${query}`);
    expect(status).toBe(422);
    expect(body.error).toMatchObject({ code: "invalid", field });
    expect(body.error.message).toContain(says);
  });

  test("names the jobs where there is no such one", async () => {
    const { status, body } = await ask(app, "GET", "/api/runs?job=x';drop table barline.runs;--");
    expect(status).toBe(404);
    expect(body.error.message).toContain(ingest);
  });
});

describe("GET /api/runs/{id}", () => {
  test("tells tasks with progress and tries, and the events that were produced", async () => {
    const { body } = await ask(app, "GET", `/api/runs/${ingested}`);
    expect(body.tasks).toHaveLength(1);
    expect(body.tasks[0]).toMatchObject({
      name: "fetch",
      batch: 1,
      state: "success",
      progress: { done: 3, total: 10, unit: "calls" },
      tries: [
        { number: 1, state: "retry", owner: "p1/w1", error: { name: "RetryableError", message: "502" } },
        { number: 2, state: "success", owner: "p1/w2", error: null },
      ],
    });
    expect(body.claimedEvents).toEqual([]);
    expect(body.producedEvents).toMatchObject([
      { dataset: manifests, runId: ingested, payload: { keys: 2 }, claims: [{ job: load, runId: loaded }] },
    ]);
  });

  test("tells the events that were claimed, and whose they are", async () => {
    const { body } = await ask(app, "GET", `/api/runs/${loaded}`);
    expect(body.claimedEvents).toMatchObject([{ dataset: manifests, runId: ingested, payload: { keys: 2 } }]);
    expect(body.producedEvents).toEqual([]);
    expect(body.error).toBeNull();
  });

  test("is a 404 for a run that is not there, and a 422 for what is no id", async () => {
    expect((await ask(app, "GET", "/api/runs/999999")).status).toBe(404);
    for (const id of ["x", "0", "1.5", "-1", "9007199254740992", "1%01"]) {
      const { status, body } = await ask(app, "GET", `/api/runs/${id}`);
      expect({ id, status, field: body.error.field }).toEqual({ id, status: 422, field: "id" });
    }
  });
});

describe("GET /api/backfills/{id}", () => {
  test("counts the runs by state and repeats the plan", async () => {
    const { status, body } = await ask(app, "GET", `/api/backfills/${backfill}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: backfill,
      job: ingest,
      state: "running",
      from: "2026-01-01",
      to: "2026-01-05",
      reprocess: "missing",
      runs: { queued: 0, running: 0, success: 1, failed: 1, cancelled: 0 },
      plan,
    });
  });

  test("is a 404 for one that is not there", async () => {
    expect((await ask(app, "GET", "/api/backfills/999")).status).toBe(404);
  });
});

describe("GET /api/tickers", () => {
  const search = async (text: string) =>
    (await ask(app, "GET", `/api/tickers?search=${encodeURIComponent(text)}`)).body.map(
      (row: { ticker: string }) => row.ticker,
    );

  test("finds by the symbol's beginning and within the name, exact symbols first", async () => {
    expect(await search("a")).toEqual(["A", "AA", "AAPL"]);
    expect(await search("aapl")).toEqual(["AAPL"]);
    expect(await search("technolog")).toEqual(["A"]);
    expect(await search("")).toHaveLength(4);
  });

  test("takes signs with a meaning in SQL as they are", async () => {
    expect(await search("100%")).toEqual(["PCT"]);
    expect(await search("e_c")).toEqual(["PCT"]);
    expect(await search("%")).toEqual(["PCT"]);
    expect(await search("'; --")).toEqual([]);
    expect(await search("\\")).toEqual([]);
  });

  test("refuses control characters and endless text", async () => {
    expect((await ask(app, "GET", "/api/tickers?search=%01")).body.error.field).toBe("search");
    expect((await ask(app, "GET", `/api/tickers?search=${"x".repeat(101)}`)).status).toBe(422);
  });
});

describe("GET /api/bars/{ticker}", () => {
  test("says that nothing is published yet, before the first transform", async () => {
    const { status, body } = await ask(app, "GET", "/api/bars/AAPL");
    expect(status).toBe(404);
    expect(body.error.message).toContain("Nothing is published yet");
  });

  test("answers published bars, adjusted unless asked otherwise", async () => {
    const { sql } = database;
    await createMart(sql);
    await publishBar(sql, "AAPL", "2020-08-28", 500, 4);
    await publishBar(sql, "AAPL", "2020-08-31", 129);
    await publishBar(sql, "MSFT", "2020-08-28", 228);
    await sql`
      insert into public.source_polygon_stock_bars_daily
        (ticker, trade_date, open, high, low, close, volume, inserted_at)
      values ('AAPL', '2020-09-01', 133, 134, 132, 134, 5, now())`;
    const adjusted = await ask(app, "GET", "/api/bars/AAPL");
    expect(adjusted.body).toEqual([
      { date: "2020-08-28", ticker: "AAPL", open: 125, high: 126, low: 124, close: 125, volume: 4002, vwap: 125 },
      { date: "2020-08-31", ticker: "AAPL", open: 129, high: 130, low: 128, close: 129, volume: 1000.5, vwap: 129 },
    ]);
    expect((await ask(app, "GET", "/api/bars/AAPL?adjusted=true")).body).toEqual(adjusted.body);
    // The session of 1 September is loaded and not published.
    expect((await ask(app, "GET", "/api/bars/AAPL?adjusted=false")).body).toEqual([
      { date: "2020-08-28", ticker: "AAPL", open: 500, high: 501, low: 499, close: 500, volume: 1000.5, vwap: null },
      { date: "2020-08-31", ticker: "AAPL", open: 129, high: 130, low: 128, close: 129, volume: 1000.5, vwap: null },
    ]);
  });

  test("keeps to the asked dates, both included", async () => {
    const dates = async (query: string) =>
      (await ask(app, "GET", `/api/bars/AAPL${query}`)).body.map((bar: { date: string }) => bar.date);
    expect(await dates("?from=2020-08-28&to=2020-08-28")).toEqual(["2020-08-28"]);
    expect(await dates("?from=2020-08-29")).toEqual(["2020-08-31"]);
    expect(await dates("?to=2020-08-30&adjusted=false")).toEqual(["2020-08-28"]);
    expect(await dates("?from=2021-01-01")).toEqual([]);
  });

  test("is a 404 for a ticker without published bars; case counts", async () => {
    for (const ticker of ["NOPE", "aapl"]) {
      const { status, body } = await ask(app, "GET", `/api/bars/${ticker}`);
      expect(status).toBe(404);
      expect(body.error).toMatchObject({ code: "not_found", field: "ticker" });
      expect(body.error.message).toContain(ticker);
    }
  });

  const bad: [path: string, field: string, says: string][] = [
    ["AAPL?from=2020-13-01", "from", "a date such as"],
    ["AAPL?from=2020-02-30", "from", "a date such as"],
    ["AAPL?to=0000-01-01", "to", "a date such as"],
    ["AAPL?from=2020-01-02&to=2020-01-01", "from", "is after"],
    ["AAPL?adjusted=1", "adjusted", "true or false"],
    ["AAPL?form=2020-01-01", "form", "known are from, to, adjusted"],
    ["%01", "ticker", "a ticker such as"],
    ["A'%20or%201=1--", "ticker", "a ticker such as"],
    [`A${"A".repeat(40)}`, "ticker", "a ticker such as"],
  ];
  test.each(bad)("refuses %s by name", async (path, field, says) => {
    const { status, body } = await ask(app, "GET", `/api/bars/${path}`);
    expect(status).toBe(422);
    expect(body.error.field).toBe(field);
    expect(body.error.message).toContain(says);
  });
});

describe("readiness", () => {
  test("is told by /readyz, life by /healthz", async () => {
    const waiting = createTestApp({ isReady: () => Promise.resolve(false) });
    expect((await ask(waiting, "GET", "/healthz")).body).toEqual({ status: "ok" });
    const { status, body } = await ask(waiting, "GET", "/readyz");
    expect(status).toBe(503);
    expect(body.error.code).toBe("not_ready");
    // A database that is cut off neither answers nor closes.
    const cutOff = createTestApp({ isReady: () => new Promise<boolean>(() => {}) });
    expect(await ask(cutOff, "GET", "/readyz")).toMatchObject({ status: 503, body: { error: { code: "not_ready" } } });
    expect((await ask(createTestApp(), "GET", "/readyz")).body).toEqual({ status: "ready" });
  });
});
