import { StartError } from "../db/errors.ts";
import { jobIds } from "../jobs/pipeline.ts";
import packageJson from "../package.json" with { type: "json" };
import { ConfigError, readConfig } from "./config.ts";
import { createLifecycle } from "./lifecycle.ts";
import { configSecrets, createLogger } from "./log.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { reportProgress } from "./progress.ts";
import { openAlerts, openDrift, openHousekeeping, startDatabase, startGuard, startPipeline } from "./start.ts";
import { openOwnStrategies, openResearch } from "./start-research.ts";
import { openReader, startWeb } from "./start-web.ts";

/** Exit codes: what a supervisor should make of the end. The same start is refused again until somebody changes something. */
const exitCodes = { stopped: 0, failed: 1, refused: 2 } as const;
const closePatienceMs = 4000;
/** The first start makes the database's files, which takes some seconds. */
const startPatienceMs = 3000;
/** A terminal sends its Ctrl-C to the whole group, and `bun run` and npm pass theirs on: signals this close are one wish. */
const sameWishMs = 1000;

const now = () => new Date();

// The lake and dbt's artifacts are for this user and its group.
process.umask(0o027);

/** `--wait` is the one argument: wait for a data folder that another process has, as the new one of a rolling update does. */
function readArguments(): { wait: boolean } {
  const given = process.argv.slice(2);
  const unknown = given.find((argument) => argument !== "--wait");
  if (unknown !== undefined) throw new ConfigError(`${unknown} is not known; the only argument is --wait.`);
  return { wait: given.length > 0 };
}

function configuration() {
  try {
    return { ...readArguments(), ...readConfig(process.env, now()) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(exitCodes.refused);
  }
}

const { wait, adminPassword, viewerPassword, ...config } = configuration();
const secrets = configSecrets({ ...config, adminPassword, viewerPassword });
const log = createLogger({ level: config.logLevel, pretty: process.stdout.isTTY, secrets });
const lifecycle = createLifecycle({ log, closePatienceMs });

const metrics = createMetrics({ version: packageJson.version, now });
lifecycle.onStop("metrics", () => metrics.close());

const stopping = new AbortController();
const startup = { config, log, lifecycle, metrics, now, wait, signal: stopping.signal };
let asked = false;
let askedAtMs = 0;

/** Opens everything, unless somebody asks it to stop in between. */
async function start(): Promise<void> {
  const database = await startDatabase(startup);
  if (asked) return;
  const guard = await startGuard(startup, database, { admin: adminPassword, viewer: viewerPassword });
  const pipeline = await startPipeline(startup, database);
  const read = openReader(startup, database);
  const alerts = openAlerts(startup, database, pipeline);
  const housekeeping = openHousekeeping(startup, database);
  const drift = openDrift(startup, database);
  const research = openResearch(startup, database, { read, owner: pipeline.orchestrator.owner });
  const ownStrategies = await openOwnStrategies(startup);
  let isWorking = false;
  const parts = { read, pipeline, alerts, housekeeping, drift, ...research, ownStrategies, guard };
  // The pages first, so that they can be looked at meanwhile; ready is who also takes requests for work.
  const url = await startWeb(startup, database, { ...parts, isWorking: () => isWorking });
  if (asked) return;
  await pipeline.orchestrator.start();
  // After the process's lock is there, by which others know that it lives.
  await research.sweeps.start();
  isWorking = true;
  const chores = config.roles.includes("schedule") ? [housekeeping, drift, alerts, pipeline.workspaceWatch] : [];
  for (const service of chores) await service.start();
  if (config.roles.includes("work")) {
    lifecycle.onStop("progress", reportProgress({ url: database.url, log, now, jobs: Object.values(jobIds) }));
  }
  log.info(
    { source: config.market.source, universe: config.universe, startDate: config.startDate, roles: config.roles },
    `Barline is at ${url}`,
  );
}

// Before the start, which may wait for somebody: a signal then is a wish as well.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // Whoever asks a second time does not want to wait.
    if (asked && performance.now() - askedAtMs > sameWishMs) process.exit(exitCodes.failed);
    if (asked) return;
    asked = true;
    askedAtMs = performance.now();
    stopping.abort();
    log.info({ signal }, "stopping; the work goes on at the next start");
    void stop(exitCodes.stopped);
  });
}

const started = start();

/** Closes what is open. What is just opening is waited for: a database server that is left behind would run on. */
async function stop(code: number): Promise<never> {
  await Promise.race([started.catch(() => {}), Bun.sleep(startPatienceMs)]);
  await lifecycle.stop();
  process.exit(code);
}

// A library that loses a promise in an outage must not end the work: what it means shows in the tasks that need it.
process.on("unhandledRejection", (error) => log.error({ error }, "a promise failed that nobody waited for"));

try {
  await started;
} catch (error) {
  // A terminal's Ctrl-C reaches the programs that are being started as well: their end is no news then.
  if (!asked) {
    const isRefused = error instanceof ConfigError || error instanceof StartError;
    if (isRefused) process.stderr.write(`${error.message}\n`);
    else log.fatal({ error }, "Barline could not start");
    await stop(isRefused ? exitCodes.refused : exitCodes.failed);
  }
}
