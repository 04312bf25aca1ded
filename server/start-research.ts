import { join, resolve } from "node:path";
import type { Sql } from "../db/client.ts";
import packageJson from "../package.json" with { type: "json" };
import { answerBacktest, type Backtests, runElsewhere, runHere } from "./research/backtests/elsewhere.ts";
import { createSweepPool } from "./research/sweeps/pool.ts";
import { prepareSweep } from "./research/sweeps/prepare.ts";
import { createSweeps, type Sweeps } from "./research/sweeps/sweeps.ts";
import { writeStrategyFolder } from "./research/workspace/first-start.ts";
import type { OwnStrategies } from "./research/workspace/found.ts";
import { createOwnStrategies } from "./research/workspace/own.ts";
import { type Database, openOwnPool, type Startup } from "./start.ts";

/** The strategies of the workspace. They are looked for at once, and nobody waits for them. */
export async function openOwnStrategies({ config, log, lifecycle, now }: Startup): Promise<OwnStrategies> {
  const dir = join(resolve(config.workspaceDir), "strategies");
  await writeStrategyFolder(dir, log);
  const ownStrategies = createOwnStrategies({ dir, log, now });
  lifecycle.onStop("strategies of the workspace", () => ownStrategies.stop());
  return ownStrategies;
}

/** Sweeps, and where backtests are run. */
export type Research = { sweeps: Sweeps; backtests: Backtests };

/**
 * What runs sweeps and backtests over the universe, or has those run that have the role; on workers and connections of its own. It takes
 * nothing before it is started, and no worker is started before the first sweep. `owner` is by which leases name this process.
 */
export function openResearch(
  { config, log, lifecycle }: Startup,
  database: Database,
  { read, owner }: { read: Sql; owner: string },
): Research {
  const sql = openOwnPool(lifecycle, database, "sweeps");
  const isTaking = config.roles.includes("sweep");
  const sweeps = createSweeps({
    ...{ sql, log, owner, version: packageJson.version },
    pool: isTaking ? createSweepPool({ size: config.workers, idleMs: sweepWorkersIdleMs }) : null,
    prepare: (request) => prepareSweep(read, request),
    runBacktest: (piece) => answerBacktest(piece, { sql, read, owner, log }),
  });
  lifecycle.onStop("sweeps", () => sweeps.stop());
  return { sweeps, backtests: isTaking ? runHere(read) : runElsewhere({ sql, read }) };
}

/** Who searches usually searches again; after that their memory is given back. */
const sweepWorkersIdleMs = 60_000;
