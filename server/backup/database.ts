import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { openPool } from "../../db/client.ts";
import { lockDataDir } from "../../db/data-dir.ts";
import { startEmbeddedPostgres } from "../../db/embedded.ts";
import { requireSessionPooling } from "../../db/session-pooling.ts";
import type { Config } from "../config.ts";

/** A database that can be asked now; `close` ends the server where it was started for this. */
export type OpenDatabase = { url: string; close(): Promise<void> };

/** Opens the configured database: the embedded one of a Barline that runs, or else its server is started meanwhile. */
export async function openDatabase({
  databaseUrl,
  dataDir,
}: Pick<Config, "databaseUrl" | "dataDir">): Promise<OpenDatabase> {
  if (databaseUrl !== null) await requireSessionPooling(databaseUrl);
  const running = databaseUrl ?? (await findRunning(dataDir));
  if (running !== undefined) return { url: running, close: () => Promise.resolve() };
  const folder = resolve(dataDir);
  // A Barline that is just starting has the folder, and is not to lose its server when this is done.
  const lock = await lockDataDir(folder, { now: () => new Date() });
  try {
    const embedded = await startEmbeddedPostgres({ dataDir: folder });
    return {
      url: embedded.url,
      async close() {
        await embedded.stop();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The URL of the embedded server where it answers. */
async function findRunning(dataDir: string): Promise<string | undefined> {
  const url = (await readFile(join(resolve(dataDir), "postgres.url"), "utf8").catch(() => "")).trim();
  if (url === "") return undefined;
  const sql = openPool(url, "work", { max: 1, name: "barline look" });
  try {
    await sql`select 1`;
    return url;
  } catch {
    return undefined;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
