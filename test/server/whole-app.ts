import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { openPool, type Sql } from "../../db/client.ts";
import { replaceCredential } from "../../db/queries/operations/access.ts";
import { readConfig } from "../../server/config.ts";
import { adoptPasswords } from "../../server/http/password.ts";
import { createKept } from "../../server/kept.ts";
import { createLifecycle } from "../../server/lifecycle.ts";
import { createMetrics } from "../../server/metrics/metrics.ts";
import { createPublishedLogins } from "../../server/operations/published-logins.ts";
import { createAssetRoutes, createDashboardRoutes } from "../../server/pages.ts";
import { createSqlConsole } from "../../server/research/sql/console.ts";
import { openAlerts, openDrift, openHousekeeping, startPipeline } from "../../server/start.ts";
import { openResearch } from "../../server/start-research.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { password } from "./http/access.ts";
import { addBacktestSample } from "./research/backtests/sample.ts";
import { addPipelineSample, registerJobs } from "./sample.ts";
import { createTestApp, type TestApp } from "./support.ts";

/** The app over its real parts, put together as the process does. */
export type WholeApp = TestApp & { database: TestDatabase; close(): Promise<void> };

/** What is there once before anybody asks, so that those who ask for it by its number find it. */
const first: [path: string, body: unknown][] = [
  ["/api/jobs/stocks_polygon_ingest/backfills", { from: "2024-01-02", to: "2024-01-05" }],
  ["/api/scenarios", { name: "One", request: { ticker: "TEN", strategy: "buy_and_hold" } }],
  ["/api/scenarios", { name: "Two", request: { ticker: "TEN", strategy: "momentum" } }],
  ["/api/sweeps", { ticker: "TEN", strategy: "momentum", params: { shortWindow: [10, 20], longWindow: [40, 50] } }],
  ["/api/watchlists", { name: "One" }],
  ["/api/screens", { name: "Low", query: "rsi_14_max=30" }],
  ["/api/data-alerts", { name: "Low", screen: 1 }],
  ["/api/tokens", { name: "somebody", scope: "read" }],
  ["/api/database-logins", { name: "some program" }],
];

/**
 * Opens it on a database that has a little of everything, or on one that is empty, behind a password that is sent with each request. Runs are queued and not
 * done, as the orchestrator is not started.
 */
export async function openWholeApp({ isEmpty = false } = {}): Promise<WholeApp> {
  const database = await createTestDatabase();
  await registerJobs(database.sql);
  if (!isEmpty) await addSamples(database.sql);
  const hash = await Bun.password.hash(password, { algorithm: "argon2id", memoryCost: 64, timeCost: 2 });
  await replaceCredential(database.sql, { name: "admin", hash, changedAt: new Date("2026-03-01T00:00:00Z") });
  await adoptPasswords(database.sql, { admin: password, viewer: null }, new Date("2026-03-01T00:00:00Z"));
  const dataDir = mkdtempSync(join(tmpdir(), "barline-whole-"));
  const log = pino({ level: "silent" });
  const lifecycle = createLifecycle({ log, closePatienceMs: 4000 });
  const now = () => new Date("2026-03-02T15:00:00Z");
  const metrics = createMetrics({ version: "0.0.0", now });
  lifecycle.onStop("metrics", () => metrics.close());
  const environment = {
    ...{ DATABASE_URL: database.url, DATA_DIR: dataDir, START_DATE: "2020-01-02", WORKERS: "1" },
    ...{ HOST: "0.0.0.0", ADMIN_PASSWORD: password },
  };
  const { adminPassword: _, viewerPassword: __, ...config } = readConfig(environment, now());
  const startup = { config, log, lifecycle, metrics, now, wait: false, signal: new AbortController().signal };
  const reached = { url: database.url, asReader: true };
  const read = openPool(database.url, "read", { asReader: true });
  lifecycle.onStop("read pool", () => read.end());
  const pipeline = await startPipeline(startup, reached);
  const { sweeps } = openResearch(startup, reached, { read, owner: pipeline.orchestrator.owner });
  const app = createTestApp({
    ...{ environment, read, access: database.sql, pipeline, sweeps },
    alerts: openAlerts(startup, reached, pipeline),
    housekeeping: openHousekeeping(startup, reached),
    drift: openDrift(startup, reached),
    kept: createKept({ sql: database.sql, read, now }),
    publishedLogins: createPublishedLogins({ sql: database.sql, url: database.url, now }),
    sqlConsole: createSqlConsole({ url: database.url, sql: database.sql, log, now }),
    dashboard: createDashboardRoutes,
    assets: await createAssetRoutes(),
  });
  const authorization = { Authorization: `Bearer ${password}` };
  const whole: WholeApp = {
    ...app,
    database,
    get: (path, headers) => app.get(path, { ...authorization, ...headers }),
    send: (method, path, body, headers) => app.send(method, path, body, { ...authorization, ...headers }),
    async close() {
      await lifecycle.stop();
      await database.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  for (const [path, body] of isEmpty ? [] : first) {
    const { status } = await whole.send("POST", path, body);
    if (status !== 201) throw new Error(`${path} was answered ${status}.`);
  }
  await sweeps.idle();
  return whole;
}

async function addSamples(sql: Sql): Promise<void> {
  const { load } = await addPipelineSample(sql);
  await addBacktestSample(sql);
  await addDoubtfulSample(sql, load);
}

/** A bar in quarantine, and a split that is set aside. */
async function addDoubtfulSample(sql: Sql, runId: number): Promise<void> {
  await sql`
    insert into barline.quarantines (ticker, since, test, reason, run_id, state)
    values ('TEN', '2020-01-10T02:00:00Z', 'a_test', 'volume is negative', ${runId}, 'held')`;
  await sql`
    insert into barline.quarantined_bars (quarantine_id, ticker, trade_date, open, high, low, close, volume, vwap, test, reason,
      lake_key, run_id, held_at)
    select id, ticker, '2020-01-09', 1.5, 2, 1, 1.75, -1, 1.6, test, reason, 'raw/daily/2020-01-09/abc.json.gz', run_id, since
    from barline.quarantines`;
  await sql`
    insert into public.source_polygon_splits (ticker, execution_date, split_from, split_to, adjustment_type, set_aside, inserted_at)
    values ('TEN', '2020-01-07', 1, 3, 'forward_split', 'prices', '2020-01-08T01:00Z')`;
}
