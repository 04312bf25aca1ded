import { afterAll, beforeAll, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { openPool } from "../../db/client.ts";
import { createHousekeeping } from "../../jobs/housekeeping/housekeeping.ts";
import { openLake } from "../../jobs/lake/open.ts";
import { createDashboardRoutes } from "../../server/pages.ts";
import { openTransform, writeBars } from "../jobs/transform/support.ts";
import { judge } from "../support/citus-rules.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { recordStatements } from "../support/statements.ts";
import { barsBetween, openMarket, season } from "../support/warehouse.ts";
import { fakeJobs, fakePipeline } from "./fake-pipeline.ts";
import { createTestApp, type TestApp } from "./support.ts";

let database: TestDatabase;
let opened: TestApp;
let sent: string[];
let close: () => Promise<void>;

/** A warehouse that was built, read by a process that takes its large tables to lie on shards; the forms for these run on one server too. */
beforeAll(async () => {
  database = await createTestDatabase({ raw: "whole" });
  const bars = barsBetween(openMarket(), season.from, season.to);
  await writeBars(database.sql, bars, new Date("2018-11-05T22:00:00Z"));
  const transform = openTransform(database.sql, { now: () => new Date("2018-11-06T01:00:00Z") });
  expect((await transform.build({ exclude: ["resource_type:test"] })).published).toBe(true);
  const pool = openPool(database.url, "read", { distributed: true });
  const recorded = recordStatements(pool);
  sent = recorded.sent;
  const now = () => new Date("2018-11-06T01:00:00Z");
  const lake = openLake({ kind: "folder", root: join(tmpdir(), "barline-no-lake"), bucket: "test" });
  opened = createTestApp({
    read: recorded.read,
    housekeeping: createHousekeeping({ sql: database.sql, lake, log: pino({ level: "silent" }), now }),
    pipeline: fakePipeline(fakeJobs("2018-11-01", "2018-11-05")).pipeline,
    dashboard: createDashboardRoutes,
  });
  close = () => pool.end();
}, 120_000);
afterAll(async () => {
  await close?.();
  await database?.drop();
});

const of = "LYST";
/** Of each kind of question one that finds something. */
const questions = [
  `/tickers/${of}`,
  `/tickers/${of}?on=2018-09-03`,
  `/tickers?q=${of}`,
  "/screener?date=2018-10-01&sort=volume",
  "/screener?date=2018-10-01&min_return_21d=0&columns=distance_from_avg_20d",
  `/backtest?ticker=${of}&strategy=momentum&params.shortWindow=5&params.longWindow=20`,
  "/backtest?strategy=cross_sectional_momentum&params.lookback=17&params.skip=5&params.holdings=2",
  `/api/bars/${of}`,
  `/api/bars/${of}?adjusted=false`,
  `/api/bars?tickers=${of},QSXE`,
  `/api/facts?tickers=${of},QSXE&columns=close_price,rsi_14`,
  "/api/screener?date=2018-10-01&columns=return_21d",
  "/api/universe?date=2018-10-01",
  `/api/lineage?ticker=${of}&date=2018-10-25`,
];

/** What asks Citus' own catalogs for sizes, which one server has not; and the console, whose login this process has not. */
const ofCluster = ["/", "/api/graph", "/api/system", "/graph", "/sql", "/system"];

test("nothing that pages and the API ask of distributed tables has a form that Citus refuses", async () => {
  const paths = opened.app.routes
    .filter(({ method, path }) => method === "GET" && !/[:*]/.test(path) && !path.startsWith("/assets/"))
    .map(({ path }) => path);
  const broken: string[] = [];
  for (const path of new Set([...paths, ...questions])) {
    const response = await opened.get(path);
    if (response.status >= 500) broken.push(path);
    else await response.text();
    if (questions.includes(path)) expect({ path, status: response.status }).toEqual({ path, status: 200 });
  }
  expect(broken.sort()).toEqual(ofCluster);
  const refused: { statement: string; reasons: string[] }[] = [];
  let judged = 0;
  for (const statement of new Set(sent)) {
    if (/stock_bars/.test(statement)) judged += 1;
    const reasons = [...(await judge(statement))];
    if (reasons.length > 0) refused.push({ statement, reasons });
  }
  expect(refused).toEqual([]);
  expect(judged).toBeGreaterThan(15);
}, 120_000);
