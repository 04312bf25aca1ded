import { openPool, type Sql } from "../db/client.ts";
import { createApp } from "./app.ts";
import type { AppContext } from "./context.ts";
import { createAssetRoutes } from "./http/assets.ts";
import { createSnapshots } from "./http/snapshots.ts";
import { createKept } from "./kept.ts";
import { listen } from "./listen.ts";
import { openPublishedLogins } from "./operations/published-logins.ts";
import { createDashboardRoutes } from "./pages.ts";
import { createProbes } from "./probes.ts";
import { createSqlConsole } from "./research/sql/console.ts";
import { type Database, openOwnPool, type Startup } from "./start.ts";

/** Connections that read what is published, for pages and for what sweeps run on. */
export function openReader({ lifecycle }: Startup, database: Database): Sql {
  const { asReader, distribution } = database;
  const read = openPool(database.url, "read", { asReader, distributed: distribution !== undefined });
  lifecycle.onStop("read pool", () => read.end({ timeout: 0.5 }));
  return read;
}

/** No page asks for itself more often, and nobody sees an older one. */
const snapshotMs = 1000;

type WebParts = Pick<
  AppContext,
  "read" | "pipeline" | "alerts" | "housekeeping" | "drift" | "sweeps" | "backtests" | "ownStrategies" | "guard"
> & { isWorking(): boolean };

/** Serves the dashboard and the API, or without the role for them the probes alone. Answers the URL. */
export async function startWeb(startup: Startup, database: Database, parts: WebParts): Promise<string> {
  const { config, log, lifecycle, metrics } = startup;
  const { read, pipeline, guard } = parts;
  const isReady = async () => {
    await read`select 1`;
    return parts.isWorking();
  };
  const jobs = pipeline.orchestrator.jobs.map((job) => job.id);
  metrics.watch({ read, jobs, startDate: config.startDate });
  const app = config.roles.includes("web")
    ? await openDashboard(startup, database, { ...parts, isReady })
    : createProbes({ config, guard, metrics, log, isReady });
  const server = listen(config, app.fetch);
  lifecycle.onStop("web", () => server.stop(true));
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  return `http://${host}:${server.port}`;
}

async function openDashboard(
  startup: Startup,
  database: Database,
  parts: Omit<WebParts, "isWorking"> & Pick<AppContext, "isReady">,
) {
  const { config, log, lifecycle, metrics, now } = startup;
  const { read } = parts;
  const state = openOwnPool(lifecycle, database, "scenarios");
  const kept = createKept({ sql: state, read, backtests: parts.backtests, now });
  const { url } = database;
  const logins = {
    sqlConsole: createSqlConsole({ url, sql: state, log, now }),
    publishedLogins: openPublishedLogins(startup, { url, sql: state }),
  };
  const snapshots = createSnapshots({ keepMs: snapshotMs, now });
  const { distribution } = database;
  const context = { config, ...parts, distribution, ...kept, ...logins, snapshots, metrics, log, now };
  return createApp(context, { dashboard: createDashboardRoutes(context), assets: await createAssetRoutes() });
}
