import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openPool, type Sql } from "../../db/client.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import type { FaultyMarket } from "../support/faulty-market.ts";
import { season } from "../support/warehouse.ts";

/** Variables of a process that fetches from a test's market, and only what it is asked for. */
export const fetchingFrom = (market: FaultyMarket): Record<string, string> => ({
  POLYGON_API_KEY: market.apiKey,
  POLYGON_BASE_URL: market.url,
  START_DATE: season.from,
  CATCHUP: "none",
  WORKERS: "1",
});

export type Spawned = {
  process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  /** What it has printed, as far as it has been read. */
  output(): string;
  /** Resolves when it has ended, with all that it printed. */
  ended(): Promise<{ code: number; output: string }>;
};

/** A program that starts it, such as `unshare`, and what its command line says besides. */
export type SpawnOptions = { within?: readonly string[]; args?: readonly string[] };

/** Where one that printed this serves; undefined while it does not. */
export const addressOf = (output: string) => /Barline is at (http:\/\/[^"\s]+)/.exec(output)?.[1];

/** Starts `server/main.ts` without waiting for anything. */
export function spawnBarline(
  dataDir: string,
  variables: Record<string, string>,
  { within = [], args = [] }: SpawnOptions = {},
): Spawned {
  const { PATH = "", HOME = "" } = process.env;
  const child = Bun.spawn([...within, process.execPath, "server/main.ts", ...args], {
    cwd: join(import.meta.dir, "../.."),
    env: { PATH, HOME, PORT: "0", DATA_DIR: dataDir, ...variables },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let printed = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) printed += decoder.decode(chunk, { stream: true });
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  return {
    process: child,
    output: () => printed,
    async ended() {
      // Its last words may arrive after its end.
      const [code] = await Promise.all([child.exited, reading]);
      return { code, output: printed };
    },
  };
}

/** Starts it where it must not start; answers how it ended. */
export async function refusedStart(
  dataDir: string,
  variables: Record<string, string>,
  options?: SpawnOptions,
): Promise<{ code: number; output: string }> {
  return await spawnBarline(dataDir, variables, options).ended();
}

/** A pool on the embedded server of a data folder, as `postgres.url` tells people to open it. */
export async function openWarehouse(dataDir: string): Promise<Sql> {
  return openPool((await readFile(join(dataDir, "postgres.url"), "utf8")).trim(), "work", { max: 2 });
}

/** Queues a backfill over the API. */
export async function backfillByApi(
  url: string,
  from: string,
  to: string,
  reprocess: "missing" | "all" | "recheck" = "missing",
): Promise<void> {
  const body = JSON.stringify({ from, to, reprocess, strategy: "grouped" });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${url}/api/jobs/${jobIds.ingest}/backfills`, { method: "POST", headers, body });
  if (answer.status !== 201) throw new Error(`The backfill was answered ${answer.status}: ${await answer.text()}`);
}
