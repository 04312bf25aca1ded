import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { openPool, type PoolRole, type Sql } from "../db/client.ts";
import { lockDataDir } from "../db/data-dir.ts";
import type { Distribution } from "../db/distribution/types.ts";
import { startEmbeddedPostgres } from "../db/embedded.ts";
import { StartError } from "../db/errors.ts";
import { migrateDatabase } from "../db/migrate.ts";
import { lockEmbeddedServer } from "../db/queries/operations/owner.ts";
import { hasRuns } from "../db/queries/pipeline/read-runs.ts";
import { createAlerts } from "../jobs/alerts/alerts.ts";
import type { Alerts } from "../jobs/alerts/types.ts";
import { createDrift } from "../jobs/drift/drift.ts";
import type { Drift } from "../jobs/drift/types.ts";
import { createHousekeeping } from "../jobs/housekeeping/housekeeping.ts";
import type { Housekeeping } from "../jobs/housekeeping/types.ts";
import { createPipeline } from "../jobs/index.ts";
import { openLake, prepareLake } from "../jobs/lake/open.ts";
import { demoApiKey, startDemoExchange } from "../jobs/market/demo/server.ts";
import { readUniverse } from "../jobs/market/universe.ts";
import type { Pipeline } from "../jobs/pipeline.ts";
import type { PipelineSettings } from "../jobs/settings.ts";
import { prepareWorkspace } from "../jobs/workspace/scaffold.ts";
import packageJson from "../package.json" with { type: "json" };
import type { Config } from "./config.ts";
import { openDistribution, requireServer } from "./distribution/open.ts";
import { createGuard, type Guard } from "./http/guard.ts";
import { adoptPasswords } from "./http/password.ts";
import { lakeOf } from "./lake-config.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { createDataReader } from "./market/data-alert-reader.ts";
import type { Metrics } from "./metrics/metrics.ts";

export type Startup = {
  config: Config;
  log: Logger;
  lifecycle: Lifecycle;
  metrics: Metrics;
  now(): Date;
  /** Whether to wait for a data folder that another process has. */
  wait: boolean;
  /** Aborted when somebody asks for the end, also of the start. */
  signal: AbortSignal;
};

/** A database that is ready for this version, and how to reach it; where its large tables lie on shards, what reaches them. */
export type Database = { url: string; asReader: boolean; distribution?: Distribution | undefined };

/** Opens the configured database, or the embedded one, and migrates it. */
export async function startDatabase(startup: Startup): Promise<Database> {
  const { config, log, lifecycle, now, wait, signal } = startup;
  const onWait = (holder: string) => log.warn({ holder }, "the start waits for a lock in the database");
  if (config.databaseUrl !== null) {
    await requireServer(config.databaseUrl, config);
    const { asReader } = await migrateDatabase(config.databaseUrl, { onWait, distributed: config.distribute !== null });
    if (!asReader)
      log.warn("the login may not make roles; the dashboard's pool is read-only by its session setting alone");
    return { url: config.databaseUrl, asReader, distribution: await openDistribution(config.databaseUrl, config, log) };
  }
  const dataDir = resolve(config.dataDir);
  const dataDirLock = await lockDataDir(dataDir, {
    now,
    signal,
    ...(wait && { onWait: (holder) => log.info({ dataDir, holder }, "another Barline runs; waiting until it stops") }),
  });
  lifecycle.onStop("data folder", () => dataDirLock.release());
  const onRestart = (error?: unknown) => {
    if (error) log.error({ error }, "the embedded PostgreSQL ended and does not start; it is tried again");
    else log.warn("the embedded PostgreSQL had ended unasked and was started again");
    // The lock went with the server.
    if (!error) void lockEmbeddedServer(owner).catch(() => {});
  };
  const embedded = await startEmbeddedPostgres({
    dataDir,
    onRestart,
    onWait: (reason) => log.info({ reason }, "the start waits"),
  });
  // Of the one role whose connections are never retired, as the lock would go with it.
  const owner = openPool(embedded.url, "lock", { name: "barline owner" });
  if (!(await becomesOwner(owner))) {
    await owner.end();
    // One of an earlier version, which does not lock the folder.
    throw new StartError(
      `Another Barline runs on ${dataDir}. Stop it, or give this one a DATA_DIR or a DATABASE_URL of its own.`,
    );
  }
  lifecycle.onStop("embedded PostgreSQL", async () => {
    await owner.end({ timeout: 1 });
    await embedded.stop();
  });
  const { asReader } = await migrateDatabase(embedded.url, { onWait });
  const file = join(dataDir, "postgres.url");
  // Whoever reads a terminal may read the file; a log that is collected goes further than that.
  if (process.stdout.isTTY) log.info({ url: embedded.url, file }, "PostgreSQL is ready for psql and BI tools");
  else log.info({ file }, "PostgreSQL is ready for psql and BI tools; its URL is in the file");
  return { url: embedded.url, asReader };
}

const ownerPatienceMs = 5000;

/** The server needs a moment to notice that a killed owner is gone. */
async function becomesOwner(sql: Sql): Promise<boolean> {
  const deadline = performance.now() + ownerPatienceMs;
  while (!(await lockEmbeddedServer(sql))) {
    if (performance.now() > deadline) return false;
    await Bun.sleep(100);
  }
  return true;
}

/** Connections that one part has for itself, and that carry its name; closed after the part, as it is opened upon them. */
export function openOwnPool(
  lifecycle: Lifecycle,
  database: Database,
  part: string,
  { role = "state", max = 2 }: { role?: PoolRole; max?: number } = {},
): Sql {
  const asReader = role === "read" && database.asReader;
  const distributed = database.distribution !== undefined;
  const sql = openPool(database.url, role, { max, name: `barline ${part}`, asReader, distributed });
  lifecycle.onStop(`${part} pool`, () => sql.end({ timeout: 0.5 }));
  return sql;
}

/** Keeps the passwords' hashes and guards with them; null where none is set. The passwords are not needed again. */
export async function startGuard(
  { config, log, lifecycle, now }: Startup,
  database: Database,
  { admin, viewer }: { admin: string | null; viewer: string | null },
): Promise<Guard | null> {
  if (admin === null) return null;
  // Sign-ins are looked up at every request, and must not wait for what the pipeline does.
  const sql = openOwnPool(lifecycle, database, "access");
  await adoptPasswords(sql, { admin, viewer }, now());
  return createGuard({ sql, log, now, trustedProxies: config.trustedProxies, publicUrl: config.alerts.publicUrl });
}

/** The pipeline, its market and its lake. Nothing runs before its orchestrator is started. */
export async function startPipeline(startup: Startup, database: Database): Promise<Pipeline> {
  const { config, log, lifecycle, metrics, now } = startup;
  const lakeOptions = lakeOf(config);
  const lake = openLake(lakeOptions);
  lifecycle.onStop("lake", () => lake.close());
  const outage = await prepareLake(lake);
  if (outage) log.warn({ reason: outage.message, advice: outage.advice }, "the lake is away; runs wait for it");
  const { universe, warning } = readUniverse(config.universe);
  if (warning !== undefined) log.warn(warning);
  const distributed = database.distribution !== undefined;
  const pools = {
    state: openPool(database.url, "state", { distributed }),
    work: openPool(database.url, "work", { distributed }),
    lock: openPool(database.url, "lock"),
  };
  for (const [name, pool] of Object.entries(pools)) lifecycle.onStop(`${name} pool`, () => pool.end({ timeout: 0.5 }));
  const isFirstLook = config.market.source === "demo" && !(await hasRuns(pools.state));
  const settings: PipelineSettings = {
    lake: lakeOptions,
    market: startMarket(startup, isFirstLook),
    databaseUrl: database.url,
    source: config.market.source,
    callsPerMinute: config.market.callsPerMinute,
    universe,
    startDate: config.startDate,
    catchup: config.catchup,
    recheckSessions: config.recheckSessions,
    exportMode: config.exportMode,
    isFirstLook,
  };
  const folder = resolve(config.workspaceDir);
  prepareWorkspace(folder, log);
  const pool = openOwnPool(lifecycle, database, "workspace", { role: "work", max: 3 });
  const pipeline = createPipeline({
    settings,
    pools,
    lake,
    ...{ distribution: database.distribution, workers: config.workers },
    roles: config.roles,
    version: packageJson.version,
    dbt: { artifactsDir: join(resolve(config.dataDir), "dbt"), environment: config.dbtEnvironment },
    workspace: { folder, pool, modelLimitMs: config.workspaceModelSeconds * 1000 },
    log,
    observer: metrics.observer,
    now,
    random: Math.random,
  });
  lifecycle.onStop("workspace", () => pipeline.workspaceWatch.stop());
  lifecycle.onStop("orchestrator", () => pipeline.orchestrator.stop(orchestratorPatienceMs));
  return pipeline;
}

/** What notices problems and tells of them. It does nothing but send tests until it is started. */
export function openAlerts({ config, log, lifecycle, now }: Startup, database: Database, pipeline: Pipeline): Alerts {
  // Its own connections: a webhook must be told also when the pipeline's are all busy.
  const sql = openOwnPool(lifecycle, database, "alerts");
  const read = openOwnPool(lifecycle, database, "alert checks", { role: "read" });
  const alerts = createAlerts({
    sql,
    readData: createDataReader({ read, log, now }),
    settings: config.alerts,
    jobs: pipeline.orchestrator.jobs,
    startDate: config.startDate,
    catchup: config.catchup,
    version: packageJson.version,
    log,
    now,
    random: Math.random,
  });
  lifecycle.onStop("alerts", () => alerts.stop());
  return alerts;
}

/** What removes old records, on connections of its own. It does nothing before it is started. */
export function openHousekeeping({ config, log, lifecycle, now }: Startup, database: Database): Housekeeping {
  const lake = openLake(lakeOf(config));
  lifecycle.onStop("lake of the housekeeping", () => lake.close());
  const sql = openOwnPool(lifecycle, database, "housekeeping", { role: "work" });
  const housekeeping = createHousekeeping({ sql, lake, log, now });
  lifecycle.onStop("housekeeping", () => housekeeping.stop());
  return housekeeping;
}

/** What compares published rows with recomputed ones, on connections of its own. It does nothing before it is started. */
export function openDrift({ config, log, lifecycle, now }: Startup, database: Database): Drift {
  const sql = openOwnPool(lifecycle, database, "drift", { role: "work", max: 3 });
  const projectDir = fileURLToPath(new URL("../db/warehouse", import.meta.url));
  const drift = createDrift({ sql, projectDir, environment: config.dbtEnvironment, log, now });
  lifecycle.onStop("drift", () => drift.stop());
  return drift;
}

/** Of the five seconds that stopping may take; the database gets the rest. */
const orchestratorPatienceMs = 1500;

/** Where the market's data comes from: the real API, or the demo exchange, which is started where it is fetched from. */
function startMarket({ config, lifecycle, now }: Startup, isFirstLook: boolean): PipelineSettings["market"] {
  const { proxies } = config;
  const { source, apiKey, baseUrl, maxAnswerMegabytes } = config.market;
  if (source === "polygon" && apiKey !== null) return { baseUrl, apiKey, maxAnswerMegabytes, proxies };
  if (!config.roles.includes("work")) return { baseUrl, apiKey: demoApiKey, proxies };
  const exchange = startDemoExchange({ now, isFirstLook });
  lifecycle.onStop("demo exchange", () => exchange.stop());
  return { baseUrl: exchange.url, apiKey: demoApiKey, proxies };
}
