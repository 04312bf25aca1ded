import { openPool, type Sql } from "../../db/client.ts";
import { countCores, explainRefusal, readLayout, requireCluster } from "../../db/distribution/cluster.ts";
import { distributeRawTables } from "../../db/distribution/distribute.ts";
import type { Distribution } from "../../db/distribution/types.ts";
import { StartError } from "../../db/errors.ts";
import { requireSessionPooling } from "../../db/session-pooling.ts";
import type { Config } from "../config.ts";

type Settings = Pick<Config, "distribute" | "distributeShards">;
type Log = Record<"info" | "warn", (fields: object, message: string) => void>;

/** Sees whether a server is one to work on, before anything is made there. Throws a {@link StartError} that says why it is not. */
export async function requireServer(url: string, { distribute }: Pick<Settings, "distribute">): Promise<void> {
  await requireSessionPooling(url);
  if (distribute === null) return;
  const sql = openPool(url, "work", { max: 1, name: "barline distribution" });
  try {
    await requireCluster(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/**
 * Opens the warehouse as it lies and as DISTRIBUTE says: undefined where one server has all of it. A warehouse without bars is
 * distributed here; nothing else is ever changed by a start. Throws a {@link StartError} where the two differ, or the servers lack something.
 */
export async function openDistribution(url: string, settings: Settings, log: Log): Promise<Distribution | undefined> {
  const sql = openPool(url, "work", { max: 2, name: "barline distribution" });
  try {
    const layout = await readLayout(sql);
    if (settings.distribute === null) {
      if (!layout.isDistributed) return undefined;
      throw new StartError(
        "The warehouse lies on Citus' shards, and DISTRIBUTE is not set. Start with DISTRIBUTE=citus, or bring the warehouse back to one server first: `bun run distribute --undo`.",
      );
    }
    if (!layout.isDistributed && layout.hasBars) {
      throw new StartError(
        "DISTRIBUTE is set, and the warehouse holds bars that lie on one server. Run `bun run distribute`: it copies them to the shards while the warehouse goes on serving.",
      );
    }
    const cluster = await requireCluster(sql);
    const shards = await chooseShards(sql, cluster, settings, log);
    const distribution = await distributeRawTables(sql, shards).catch((error: unknown) => {
      throw explainRefusal(error);
    });
    const lying = distribution.shards;
    if (lying !== shards && settings.distributeShards !== null)
      log.warn({ shards: lying, asked: shards }, "the warehouse keeps the shards that it has");
    log.info({ shards: lying, workers: cluster.workers, citus: cluster.version }, "the warehouse is distributed");
    return distribution;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** As many shards as are asked for, or as the workers have processors: each is built by one, and costs by itself. */
export async function chooseShards(
  sql: Sql,
  cluster: Parameters<typeof countCores>[1],
  { distributeShards }: Settings,
  log: Pick<Log, "info">,
): Promise<number> {
  if (distributeShards !== null) return distributeShards;
  const { cores, areTold } = await countCores(sql, cluster);
  if (!areTold)
    log.info(
      { workers: cluster.workers, shards: cores },
      "the workers do not tell their processors; two are counted for each",
    );
  return cores;
}
