import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import pino from "pino";
import { createHousekeeping } from "../../jobs/housekeeping/housekeeping.ts";
import { openLake } from "../../jobs/lake/open.ts";
import type { WorkspaceView } from "../../jobs/workspace/view.ts";
import { readConfig } from "../../server/config.ts";
import type { AppContext } from "../../server/context.ts";
import type { AppEnv } from "../../server/http/environment.ts";
import { handleError } from "../../server/http/errors.ts";
import { createSnapshots } from "../../server/http/snapshots.ts";
import { createKept } from "../../server/kept.ts";
import { createMetrics } from "../../server/metrics/metrics.ts";
import { createPublishedLogins } from "../../server/operations/published-logins.ts";
import { createAssetRoutes, createDashboardRoutes } from "../../server/pages.ts";
import { runHere } from "../../server/research/backtests/elsewhere.ts";
import { createSqlConsole } from "../../server/research/sql/console.ts";
import { createSweepPool } from "../../server/research/sweeps/pool.ts";
import { createTestDatabase } from "../support/database.ts";
import { fakeJobs, fakePipeline } from "./fake-pipeline.ts";
import { openSweeps } from "./research/sweeps/open.ts";
import { noAlerts, noDrift, noOwnStrategies } from "./support.ts";

/** Thursday evening in New York: the session of 9 January 2020 has settled. */
export const now = new Date("2020-01-10T03:00:00Z");

/** The first database of a process starts a server, which takes more than a hook's five seconds on a busy machine. */
export const openingMs = 60_000;

/** The dashboard over a database of its own, with a pipeline that only notes what it was asked. */
export async function openDashboard(
  environment: Record<string, string> = {},
  own = noOwnStrategies,
  workspace?: WorkspaceView,
) {
  const database = await createTestDatabase();
  const config = readConfig({ START_DATE: "2020-01-02", ...environment }, now);
  const jobs = fakeJobs("2020-01-02", "2020-01-09", config.catchup);
  const { pipeline, asked } = fakePipeline(jobs, { backfill: 7, run: 9 });
  const log = pino({ level: "silent" });
  const lake = openLake({ kind: "folder", root: join(tmpdir(), "barline-no-lake"), bucket: "test" });
  const sweeps = openSweeps(database.sql, { pool: createSweepPool({ size: 1, idleMs: 1000 }) });
  const context: AppContext = {
    config,
    guard: null,
    read: database.sql,
    pipeline: workspace ? { ...pipeline, workspace: async () => workspace } : pipeline,
    alerts: noAlerts,
    housekeeping: createHousekeeping({ sql: database.sql, lake, log, now: () => now }),
    drift: noDrift,
    sweeps,
    backtests: runHere(database.sql),
    ownStrategies: own,
    ...createKept({ sql: database.sql, read: database.sql, now: () => now }),
    publishedLogins: createPublishedLogins({ sql: database.sql, url: database.url, now: () => now }),
    sqlConsole: createSqlConsole({ url: database.url, sql: database.sql, log, now: () => now }),
    // What a test writes itself, it sees at once.
    snapshots: createSnapshots({ keepMs: 0, now: () => now }),
    metrics: createMetrics({ version: "0.0.0", now: () => now }),
    isReady: async () => true,
    log,
    now: () => now,
  };
  const app = new Hono<AppEnv>();
  app.onError(handleError);
  app.use(async (c, next) => {
    c.set("log", log);
    c.set("requestId", "test");
    c.set("access", "admin");
    c.set("actor", { name: "local user", via: "dashboard" });
    await next();
  });
  app.route("/", createAssetRoutes());
  app.route("/", createDashboardRoutes(context));
  /** Asks as htmx does, for one part of a page. */
  const fragment = (path: string, target: string, body?: Record<string, string>) =>
    app.request(path, {
      headers: { "HX-Request": "true", "HX-Target": target },
      ...(body && { method: "POST", body: new URLSearchParams(body) }),
    });
  const post = (path: string, body: Record<string, string> = {}) =>
    app.request(path, { method: "POST", body: new URLSearchParams(body) });
  const close = async () => {
    await sweeps.stop();
    await database.drop();
  };
  return { app, context, sql: database.sql, pipeline, asked, sweeps, fragment, post, close };
}

export type Dashboard = Awaited<ReturnType<typeof openDashboard>>;
