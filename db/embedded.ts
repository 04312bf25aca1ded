import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import postgres from "postgres";
import { connectionOptions } from "./client.ts";
import { makeDataDir } from "./data-dir.ts";
import { initialize, readOrMakePassword, requireAccess } from "./embedded-files.ts";
import { databaseOwner, prepareOwner } from "./embedded-roles.ts";
import { isRunning, readLockFile, start } from "./embedded-server.ts";
import { findBinaries, run, serverOwner, writePrivately } from "./embedded-system.ts";
import { isTransientDatabaseError, StartError } from "./errors.ts";
import { supervise } from "./supervise.ts";

/** A PostgreSQL server that this process started, or found running from an earlier start. */
export type EmbeddedPostgres = {
  url: string;
  /** Process id of the server, for memory figures. */
  pid: number;
  stop(): Promise<void>;
};

export type EmbeddedOptions = {
  /** Folder for the server's files and its `postgres.url`. */
  dataDir: string;
  /** Further server settings; tests turn fsync off, or name the `port`. */
  settings?: Record<string, string>;
  /** Where given, a server that ends unasked is started again on its port; told of each attempt, and of its error. */
  onRestart?: (error?: unknown) => void;
  /** Told once, and of what, where an earlier server on the files has to be waited for. */
  onWait?: (reason: string) => void;
};

/** Makes the owner, and does nothing else. */
const superuser = "barline";
/** Somebody else may have the port while the server is away: who cannot prove to know the password is not told it. */
const ownServerOnly = "?sslmode=disable&require_auth=scram-sha-256";
const database = "barline";
const adoptPatienceMs = 60_000;
/** An earlier server that is adopted at once is no news. */
const silentWaitMs = 1000;
/** A shutdown's checkpoint may take longer after heavy writes; it then ends by itself, and the next start waits for it. */
const stopPatienceSeconds = 3;

/**
 * Starts PostgreSQL on a free loopback port with its files in `dataDir`, or adopts the server that a killed process
 * left running there. Writes the connection string to `postgres.url`, readable by the owner only.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const cluster = join(dataDir, "postgres");
  makeDataDir(dataDir);
  const binaries = await findBinaries();
  const owner = await serverOwner();
  await requireAccess(cluster, owner);
  const password = await readOrMakePassword(dataDir, "postgres.password");
  const ownerPassword = await readOrMakePassword(dataDir, "postgres.owner-password");
  if (!(await Bun.file(join(cluster, "PG_VERSION")).exists()))
    await initialize(binaries.initdb, cluster, { user: superuser, password }, owner);

  const adminUrlAt = (port: number, name = "postgres") =>
    `postgres://${superuser}:${password}@127.0.0.1:${port}/${name}${ownServerOnly}`;
  const port =
    (await adopt(cluster, adminUrlAt, options.onWait)) ??
    (await start(binaries.pg_ctl, cluster, options.settings ?? {}, owner));
  await prepareOwner((name) => adminUrlAt(port, name), { database, password: ownerPassword });
  const url = `postgres://${databaseOwner}:${ownerPassword}@127.0.0.1:${port}/${database}`;
  const urlFile = join(dataDir, "postgres.url");
  await writePrivately(urlFile, `${url}\n`);
  const { onRestart } = options;
  const endSupervision =
    onRestart &&
    supervise({
      isRunning: async () => isRunning(cluster, await readLockFile(cluster)),
      start: () => start(binaries.pg_ctl, cluster, { ...options.settings, port: String(port) }, owner),
      onRestart,
    });
  return {
    url: `${url}${ownServerOnly}`,
    pid: (await readLockFile(cluster)).pid ?? 0,
    stop: async () => {
      await endSupervision?.();
      // Whoever takes the port next would be told the password by a program that still goes by the file.
      await rm(urlFile, { force: true });
      const stopping = run(
        [binaries.pg_ctl, "stop", "-D", cluster, "-m", "fast", "-t", String(stopPatienceSeconds)],
        owner,
      );
      await stopping.catch((error) => {
        if (!String(error).includes("does not shut down")) throw error;
      });
    },
  };
}

/** Port of a server that is there already. One that is still shutting down or recovering is waited for. */
async function adopt(
  cluster: string,
  urlAt: (port: number) => string,
  onWait: EmbeddedOptions["onWait"] = () => {},
): Promise<number | undefined> {
  const started = performance.now();
  let told = false;
  for (;;) {
    const lockFile = await readLockFile(cluster);
    if (!isRunning(cluster, lockFile)) return undefined;
    const { port } = lockFile;
    if (port !== undefined && (await answers(urlAt(port)))) return port;
    const waitedMs = performance.now() - started;
    if (waitedMs > silentWaitMs && !told) onWait(`an earlier PostgreSQL on ${cluster} that does not answer yet`);
    told ||= waitedMs > silentWaitMs;
    if (waitedMs > adoptPatienceMs) {
      throw new StartError(
        `A PostgreSQL server runs on ${cluster}, and none answers on 127.0.0.1:${port ?? "?"}: it may be in another container, or ` +
          "hang. Stop it first; two servers on the same files destroy them.",
      );
    }
    await Bun.sleep(100);
  }
}

/** Whether the server is there for us. Throws where it is not ours, or wants another password. */
async function answers(url: string): Promise<boolean> {
  const sql = postgres({ ...connectionOptions(url, "barline embedded"), max: 1 });
  try {
    await sql`select 1`;
    return true;
  } catch (error) {
    if (!isTransientDatabaseError(error)) throw error;
    return false;
  } finally {
    await sql.end();
  }
}
