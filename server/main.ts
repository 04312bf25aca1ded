import { jobIds } from "../jobs/pipeline.ts";
import { ConfigError, readConfig } from "./config.ts";
import { createLifecycle } from "./lifecycle.ts";
import { configSecrets, createLogger } from "./log.ts";
import { reportProgress } from "./progress.ts";
import { startDatabase, startPipeline, startWeb } from "./start.ts";

/** Exit codes: what a supervisor should make of the end. */
const exitCodes = { stopped: 0, failed: 1, badConfiguration: 2 } as const;
const closePatienceMs = 4000;

const now = () => new Date();

function configuration() {
  try {
    return readConfig(process.env, now());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(exitCodes.badConfiguration);
  }
}

const config = configuration();
const log = createLogger({ level: config.logLevel, pretty: process.stdout.isTTY, secrets: configSecrets(config) });
const lifecycle = createLifecycle({ log, closePatienceMs });

const stop = async (code: number) => {
  await lifecycle.stop();
  process.exit(code);
};
let asked = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // Whoever asks a second time does not want to wait.
    if (asked) process.exit(exitCodes.failed);
    asked = true;
    log.info({ signal }, "stopping; the work goes on at the next start");
    void stop(exitCodes.stopped);
  });
}

try {
  const startup = { config, log, lifecycle, now };
  const database = await startDatabase(startup);
  const pipeline = await startPipeline(startup, database);
  const url = await startWeb(startup, database, pipeline);
  await pipeline.orchestrator.start();
  lifecycle.onStop("progress", reportProgress({ url: database.url, log, now, jobs: Object.values(jobIds) }));
  log.info(
    { source: config.market.source, universe: config.universe, startDate: config.startDate },
    `Barline is at ${url}`,
  );
} catch (error) {
  if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
  else log.fatal({ error }, "Barline could not start");
  await stop(error instanceof ConfigError ? exitCodes.badConfiguration : exitCodes.failed);
}
