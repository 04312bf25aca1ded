import type { Hono } from "hono";
import { Hono as HonoApp } from "hono";
import type { Sql } from "../../db/client.ts";
import type { AlertDesk } from "../../jobs/alerts/types.ts";
import type { Drift } from "../../jobs/drift/types.ts";
import type { Housekeeping } from "../../jobs/housekeeping/types.ts";
import type { JobDefinition, Orchestrator } from "../../jobs/orchestrator/types.ts";
import { jobIds, type Pipeline } from "../../jobs/pipeline.ts";
import type { WorkspaceView } from "../../jobs/workspace/view.ts";
import { createApp } from "../../server/app.ts";
import { readConfig } from "../../server/config.ts";
import type { AppContext } from "../../server/context.ts";
import type { AppEnv } from "../../server/http/environment.ts";
import { createGuard } from "../../server/http/guard.ts";
import { createSnapshots } from "../../server/http/snapshots.ts";
import { createKept } from "../../server/kept.ts";
import { createLogger } from "../../server/log.ts";
import { createMetrics } from "../../server/metrics/metrics.ts";
import { createPublishedLogins, type PublishedLogins } from "../../server/operations/published-logins.ts";
import { type Backtests, runHere } from "../../server/research/backtests/elsewhere.ts";
import { createSqlConsole, type SqlConsole } from "../../server/research/sql/console.ts";
import type { Sweeps } from "../../server/research/sweeps/sweeps.ts";
import type { OwnStrategies } from "../../server/research/workspace/found.ts";

export const manifests = "s3://test/manifests";
export const rawBars = "postgres_dwh://public/source_polygon_stock_bars_daily";

const job = (id: string, triggeredBy: string[] = []): JobDefinition => ({
  id,
  title: id,
  description: "",
  tasks: [],
  triggeredBy,
  maxActiveRuns: 1,
  maxTries: 1,
});

const jobs = [job(jobIds.ingest), job(jobIds.load, [manifests]), job(jobIds.transform, [rawBars])];

const unexpected = (name: string) => () => Promise.reject(new Error(`${name} was not expected`));

/** A pipeline whose calls fail the test unless it says what they do. */
export function fakePipeline(
  calls: Partial<Omit<Pipeline, "orchestrator">> & { orchestrator?: Partial<Orchestrator> } = {},
): Pipeline {
  const { orchestrator, ...own } = calls;
  return {
    previewBackfill: unexpected("previewBackfill"),
    createBackfill: unexpected("createBackfill"),
    createRun: unexpected("createRun"),
    decideSplit: unexpected("decideSplit"),
    models: unexpected("models"),
    project: unexpected("project"),
    workspace: unexpected("workspace"),
    workspaceWatch: { start: () => {}, stop: async () => {} },
    quarantine: { release: unexpected("quarantine.release"), drop: unexpected("quarantine.drop") },
    lakeViewer: {
      stored: unexpected("lake.stored"),
      text: unexpected("lake.text"),
      findBar: unexpected("lake.findBar"),
    },
    exports: {
      place: "s3://test/marts/",
      standing: unexpected("exports.standing"),
      change: unexpected("exports.change"),
      current: unexpected("exports.current"),
      file: unexpected("exports.file"),
    },
    ...own,
    orchestrator: {
      jobs,
      owner: "1",
      start: unexpected("start"),
      stop: unexpected("stop"),
      wake: () => {},
      subscribe: unexpected("subscribe"),
      createRun: unexpected("orchestrator.createRun"),
      selectPartitions: unexpected("selectPartitions"),
      createBackfill: unexpected("orchestrator.createBackfill"),
      retryRun: unexpected("retryRun"),
      cancelRun: unexpected("cancelRun"),
      clearRun: unexpected("clearRun"),
      changeRuns: unexpected("changeRuns"),
      cancelBackfill: unexpected("cancelBackfill"),
      markRun: unexpected("markRun"),
      retryTask: unexpected("retryTask"),
      clearTask: unexpected("clearTask"),
      markTask: unexpected("markTask"),
      retryBackfill: unexpected("retryBackfill"),
      updateBackfill: unexpected("updateBackfill"),
      setPaused: unexpected("setPaused"),
      ...orchestrator,
    },
  };
}

/** A housekeeping whose calls fail the test unless it says what they do. */
const fakeHousekeeping = (calls: Partial<Housekeeping> = {}): Housekeeping => ({
  start: () => {},
  stop: async () => {},
  readRetention: unexpected("readRetention"),
  checkRetention: () => {},
  changeRetention: unexpected("changeRetention"),
  preview: unexpected("housekeeping.preview"),
  begin: unexpected("housekeeping.begin"),
  runIfDue: unexpected("runIfDue"),
  ...calls,
});

/** A drift check that nobody asks for. */
export const noDrift: Drift = {
  start: () => {},
  stop: async () => {},
  begin: unexpected("drift.begin"),
  runIfDue: unexpected("drift.runIfDue"),
};

/** Sweeps that nobody asks for. */
const noSweeps: Sweeps = {
  begin: unexpected("sweeps.begin"),
  cancel: unexpected("sweeps.cancel"),
  start: async () => {},
  idle: async () => {},
  stop: async () => {},
};

/** A folder without models. */
export const noWorkspace: WorkspaceView = {
  ...{ folder: "/data/workspace", problem: null, readAt: null, isCurrent: true, groups: [] },
};

/** A workspace without strategies. */
export const noOwnStrategies: OwnStrategies = { list: () => [], look: async () => {}, stop: async () => {} };

/** Alerts with no channel, which nobody asks for anything. */
export const noAlerts: AlertDesk = { channels: [], test: unexpected("test"), retry: unexpected("retry") };

/** As a query of postgres.js, which fails where somebody waits for it; a part of another query is nobody's wait. */
class UnexpectedQuery extends Promise<never> {
  // biome-ignore lint/suspicious/noThenProperty: only who waits asks the database
  override then<A, B = never>(
    fulfil?: null,
    reject?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return Promise.reject(new Error("the database was not expected")).then(fulfil, reject);
  }
}

/** A database that must not be asked. */
export const noDatabase = Object.assign(() => new UnexpectedQuery(() => {}), {
  options: { database: "none" },
}) as unknown as Sql;

export type TestApp = {
  app: Hono<AppEnv>;
  /** Every log line, as fields. */
  logged: Record<string, unknown>[];
  clock: { now: Date };
  /** Fetches a path as a browser or script on this machine would. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Sends `body` as JSON, or as it is where it is a string. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
};

/** The whole app without a port, over what a test gives. */
export function createTestApp(
  options: {
    environment?: Record<string, string>;
    read?: Sql;
    /** Where sign-ins are kept, for those who set ADMIN_PASSWORD and adopted it there. */
    access?: Sql;
    pipeline?: Pipeline;
    alerts?: AlertDesk;
    housekeeping?: Housekeeping;
    drift?: Drift;
    sweeps?: Sweeps;
    backtests?: Backtests;
    kept?: ReturnType<typeof createKept>;
    publishedLogins?: PublishedLogins;
    sqlConsole?: SqlConsole;
    isReady?: () => Promise<boolean>;
    /** How long what many read is kept; not at all by default, so that a test sees at once what it writes itself. */
    snapshotMs?: number;
    /** Made by itself, or from the context that the app is given. */
    dashboard?: Hono | ((context: AppContext) => Hono);
    assets?: Hono;
  } = {},
): TestApp {
  const clock = { now: new Date("2026-03-02T15:00:00Z") };
  const logged: Record<string, unknown>[] = [];
  const now = () => clock.now;
  const log = createLogger({ level: "debug", pretty: false, write: (line) => logged.push(JSON.parse(line)) });
  const { adminPassword, viewerPassword: _, ...config } = readConfig(options.environment ?? {}, clock.now);
  const guardOptions = { log, now, trustedProxies: config.trustedProxies, publicUrl: config.alerts.publicUrl };
  const guard = adminPassword === null ? null : createGuard({ ...guardOptions, sql: options.access ?? noDatabase });
  const context: AppContext = {
    config,
    guard,
    read: options.read ?? noDatabase,
    pipeline: options.pipeline ?? fakePipeline(),
    alerts: options.alerts ?? noAlerts,
    housekeeping: options.housekeeping ?? fakeHousekeeping(),
    drift: options.drift ?? noDrift,
    sweeps: options.sweeps ?? noSweeps,
    backtests: options.backtests ?? runHere(options.read ?? noDatabase),
    ownStrategies: noOwnStrategies,
    ...(options.kept ?? createKept({ sql: options.read ?? noDatabase, read: options.read ?? noDatabase, now })),
    publishedLogins:
      options.publishedLogins ??
      createPublishedLogins({ sql: options.access ?? options.read ?? noDatabase, url: "postgres://nowhere", now }),
    sqlConsole: options.sqlConsole ?? createSqlConsole({ url: "postgres://nowhere", sql: noDatabase, log, now }),
    snapshots: createSnapshots({ keepMs: options.snapshotMs ?? 0, now }),
    metrics: createMetrics({ version: "0.0.0", now }),
    isReady: options.isReady ?? (() => Promise.resolve(true)),
    log,
    now,
  };
  const { dashboard: given } = options;
  const dashboard = typeof given === "function" ? given(context) : (given ?? new HonoApp());
  const parts = { dashboard, assets: options.assets ?? new HonoApp() };
  const app = createApp(context, parts);
  const origin = "http://localhost:3000";
  return {
    app,
    logged,
    clock,
    get: async (path, headers = {}) => await app.request(`${origin}${path}`, { headers }),
    send: async (method, path, body, headers = {}) =>
      await app.request(`${origin}${path}`, {
        method,
        headers: { "Content-Type": "application/json", ...headers },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
  };
}
