import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { Hono } from "hono";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createMetrics, type Metrics } from "../../../server/metrics/metrics.ts";
import { parseExposition, readSample } from "../../support/exposition.ts";
import { type FaultyMarket, startFaultyMarket } from "../../support/faulty-market.ts";
import { startTestPipeline, type TestPipeline } from "../../support/pipeline.ts";
import { countStatements } from "../../support/statements.ts";
import { until } from "../../support/until.ts";
import { marketSize } from "../../support/warehouse.ts";
import { openAccess, password } from "../http/access.ts";
import { createTestApp, noDatabase } from "../support.ts";

setDefaultTimeout(60_000);
const { ingest, load, transform } = jobIds;
const tuesday = "2018-09-04";
/** The morning after the session that is fetched first; the next one settles in the evening. */
const wednesday = new Date("2018-09-05T14:00:00Z");

const read = async (metrics: Metrics) => parseExposition(await metrics.text());

describe("the metrics of a pipeline at work", () => {
  const clock = { now: wednesday };
  let market: FaultyMarket;
  let pipeline: TestPipeline;
  let metrics: Metrics;

  beforeAll(async () => {
    market = await startFaultyMarket({ tickers: marketSize });
    metrics = createMetrics({ version: "1.2.3", now: () => clock.now });
    const settings = { startDate: tuesday };
    pipeline = await startTestPipeline({ market, settings, observer: metrics.observer, now: () => clock.now });
    metrics.watch({ read: pipeline.sql, jobs: Object.values(jobIds), startDate: tuesday });
  }, 60_000);
  afterAll(async () => {
    metrics.close();
    await pipeline.close();
    await market.stop();
  });

  test("begin at nothing, with a lag of every session wanted", async () => {
    const samples = await read(metrics);
    expect(readSample(samples, "barline_build_info", { version: "1.2.3" })).toBe(1);
    expect(readSample(samples, "barline_runs", { job: ingest, state: "success" })).toBe(0);
    expect(readSample(samples, "barline_rows_loaded_total")).toBe(0);
    expect(readSample(samples, "barline_sessions_behind")).toBe(1);
    // Settled five hours after the close, at one in the morning UTC.
    expect(readSample(samples, "barline_session_lag_seconds")).toBe(13 * 3600);
    expect(readSample(samples, "barline_worker_batches_capacity")).toBe(3);
    expect(readSample(samples, "barline_processes_alive")).toBe(1);
    expect(readSample(samples, "process_resident_memory_bytes")).toBeGreaterThan(1e7);
  });

  test("count what waits while a job is paused", async () => {
    await pipeline.orchestrator.setPaused(load, true);
    await pipeline.createRun(ingest, { session: tuesday });
    await until(
      "it has landed",
      async () => readSample(await read(metrics), "barline_events_waiting", { job: load }) === 1,
    );
    await pipeline.orchestrator.setPaused(load, false);
    await pipeline.settle();
  });

  test("tell runs, tasks, rows, calls of the workers and waits once a session is published", async () => {
    await until("the last end is told", async () =>
      readSample(await read(metrics), "barline_run_duration_seconds_count", { job: transform, state: "success" }),
    );
    const samples = await read(metrics);
    for (const job of [ingest, load, transform]) {
      expect(readSample(samples, "barline_runs", { job, state: "success" })).toBe(1);
      expect(readSample(samples, "barline_run_duration_seconds_count", { job, state: "success" })).toBe(1);
    }
    const fetch = { job: ingest, task: "fetch", outcome: "success" };
    expect(readSample(samples, "barline_task_tries_total", fetch)).toBe(1);
    expect(readSample(samples, "barline_task_duration_seconds_sum", fetch)).toBeGreaterThan(0);
    expect(readSample(samples, "barline_api_calls_total", { endpoint: "grouped", outcome: "success" })).toBe(1);
    expect(readSample(samples, "barline_api_call_duration_seconds_sum", { endpoint: "grouped" })).toBeGreaterThan(0);
    expect(readSample(samples, "barline_rate_limit_wait_seconds_count")).toBeGreaterThanOrEqual(2);
    expect(readSample(samples, "barline_rows_loaded_total")).toBeGreaterThan(10);
    expect(readSample(samples, "barline_events_waiting", { job: load })).toBe(0);
    expect(readSample(samples, "barline_worker_batches_running")).toBe(0);
    expect(readSample(samples, "barline_sessions_behind")).toBe(0);
    expect(readSample(samples, "barline_session_lag_seconds")).toBe(0);
  });

  test("count rejected rows, failed calls and tries, and fall behind as sessions settle", async () => {
    clock.now = new Date("2018-09-07T14:00:00Z");
    expect(readSample(await read(metrics), "barline_sessions_behind")).toBe(2);
    market.revise = (rows) => [...rows, { T: "BAD" }];
    market.refusal = { status: 404, message: "not here", routes: ["grouped"] };
    const run = await pipeline.createRun(ingest, { session: "2018-09-05" });
    await pipeline.settle();
    await until("the failure is told", async () =>
      readSample(await read(metrics), "barline_run_duration_seconds_count", { job: ingest, state: "failed" }),
    );
    expect(readSample(await read(metrics), "barline_api_calls_total", { outcome: "refused" })).toBe(1);
    expect(readSample(await read(metrics), "barline_task_tries_total", { task: "fetch", outcome: "failed" })).toBe(1);
    market.refusal = undefined;
    await pipeline.orchestrator.retryRun(run);
    await pipeline.settle();
    await until("the load is told", async () => readSample(await read(metrics), "barline_rows_rejected_total") === 1);
    expect(readSample(await read(metrics), "barline_sessions_behind")).toBe(1);
  });

  test("ask the database twice at each scrape, which makes it cheap", async () => {
    const { read: counted, statements } = countStatements(pipeline.sql);
    const scraped = createMetrics({ version: "1.2.3", now: () => clock.now });
    scraped.watch({ read: counted, jobs: Object.values(jobIds), startDate: tuesday });
    for (let scrape = 1; scrape <= 5; scrape += 1) {
      expect(readSample(await read(scraped), "barline_database_up")).toBe(1);
      expect(statements()).toBe(2 * scrape);
    }
    scraped.close();
  });
});

describe("without a database", () => {
  test("what the process counts itself is told, and that the database is away", async () => {
    const metrics = createMetrics({ version: "1", now: () => wednesday });
    metrics.watch({ read: noDatabase, jobs: [ingest], startDate: tuesday });
    metrics.observer.waited(2);
    const samples = await read(metrics);
    metrics.close();
    expect(readSample(samples, "barline_database_up")).toBe(0);
    expect(readSample(samples, "barline_rate_limit_wait_seconds_sum")).toBe(2);
    expect(readSample(samples, "barline_runs")).toBeUndefined();
    expect(readSample(samples, "barline_sessions_behind")).toBeUndefined();
  });
});

describe("GET /metrics", () => {
  test("is behind the password where one is set, and takes it as a bearer token", async () => {
    const access = await openAccess();
    const app = access.guarded();
    const refused = await app.get("/metrics");
    expect(refused.status).toBe(401);
    expect(refused.headers.get("WWW-Authenticate")).toStartWith("Bearer");
    expect(await refused.text()).not.toContain("barline_");
    const scraped = await app.get("/metrics", { Authorization: `Bearer ${password}` });
    expect(scraped.status).toBe(200);
    parseExposition(await scraped.text());
    await access.drop();
  });

  const dashboard = new Hono();
  dashboard.get("/tickers/:ticker", (c) => c.text(c.req.param("ticker")));
  dashboard.get("/broken", () => {
    throw new Error("broken");
  });

  test("counts requests by the pattern of their route, never by the path", async () => {
    const app = createTestApp({ dashboard });
    for (const ticker of ["AAPL", "MSFT", 'EVIL"\n{}']) await app.get(`/tickers/${encodeURIComponent(ticker)}`);
    await app.get("/broken");
    await app.get("/no/such/page");
    await app.get("/no/such/other");
    await app.send("DELETE", "/tickers/AAPL");
    const response = await app.get("/metrics");
    expect(response.headers.get("Content-Type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const text = await response.text();
    expect(text).not.toContain("AAPL");
    const samples = parseExposition(text);
    const requests = (labels: Record<string, string>) => readSample(samples, "barline_http_requests_total", labels);
    expect(requests({ route: "/tickers/:ticker", method: "GET", status: "200" })).toBe(3);
    expect(requests({ route: "/broken", status: "500" })).toBe(1);
    expect(requests({ route: "none", method: "GET", status: "404" })).toBe(2);
    expect(requests({ method: "DELETE", status: "405" })).toBe(1);
    expect(readSample(samples, "barline_http_request_duration_seconds_count", { route: "/tickers/:ticker" })).toBe(3);
  });
});
