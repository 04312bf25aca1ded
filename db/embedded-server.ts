import { readFileSync, statfsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { availableParallelism, platform, totalmem } from "node:os";
import { join } from "node:path";
import { type Owner, run } from "./embedded-system.ts";
import { tryLockFile } from "./file-lock.ts";

const mebibyte = 1024 * 1024;

/** What the server's own lock file says; the port only once it listens. */
export type LockFile = { pid: number | undefined; port: number | undefined };

/** Reads it; nothing in it where it is not there. */
export async function readLockFile(cluster: string): Promise<LockFile> {
  const lines = (await readFile(lockFileOf(cluster), "utf8").catch(() => "")).split("\n");
  return { pid: Number(lines[0]) || undefined, port: Number(lines[3]) || undefined };
}

const lockFileOf = (cluster: string) => join(cluster, "postmaster.pid");
/** Every process of a server that we start has this file open and locked, and lets go of it with its end only. */
const serverLockOf = (cluster: string) => `${cluster}.lock`;

/** Whether a process of a server is there, in whichever container: the system knows, not the numbers in a file. */
export function isRunning(cluster: string, lockFile: LockFile): boolean {
  const lock = tryLockFile(serverLockOf(cluster));
  if (!lock) return true;
  lock.release();
  // One that an earlier version of Barline started holds no lock.
  return lockFile.pid !== undefined && servesCluster(lockFile.pid, cluster);
}

function servesCluster(pid: number, cluster: string): boolean {
  try {
    return isAlive(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(cluster);
  } catch {
    // Without /proc, or of a process that ended this instant: PostgreSQL itself looks again.
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Starts the server on `cluster`, on the port of `settings` or a free one; answers the port when it accepts connections. */
export async function start(
  pgCtl: string,
  cluster: string,
  settings: Record<string, string>,
  owner: Owner,
): Promise<number> {
  const port = Number(settings.port ?? freePort());
  const flags = Object.entries({ ...serverSettings(), ...settings, port: String(port) });
  const log = join(cluster, "server.log");
  const lock = tryLockFile(serverLockOf(cluster));
  if (!lock) throw new Error(`A PostgreSQL server runs on ${cluster} already.`);
  try {
    // A number that some program has, in this container or after a restart, would keep PostgreSQL from starting. That it is no
    // server's is what the lock says, which is held here.
    const { pid } = await readLockFile(cluster);
    if (pid !== undefined && isAlive(pid)) await rm(lockFileOf(cluster), { force: true });
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
      { inherited: lock.fd },
    );
  } catch (error) {
    const tail = (await readFile(log, "utf8").catch(() => "")).trim().split("\n").slice(-5).join("\n");
    throw new Error(`The embedded PostgreSQL did not start. The end of ${log}:\n${tail}`, { cause: error });
  } finally {
    // The server has it now, if it runs.
    lock.release();
  }
  return port;
}

/** What parallel queries need at times. */
const enoughSharedMemory = 512 * mebibyte;

/** Containers have 64 MB of it by default, where a parallel query then fails: files are as good on any machine with a cache. */
function dynamicSharedMemory(): "posix" | "mmap" {
  try {
    const { blocks, bsize } = statfsSync("/dev/shm");
    return blocks * bsize < enoughSharedMemory ? "mmap" : "posix";
  } catch {
    return platform() === "linux" ? "mmap" : "posix";
  }
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
    dynamic_shared_memory_type: dynamicSharedMemory(),
    maintenance_work_mem: "256MB",
    effective_cache_size: `${Math.floor(totalmem() / mebibyte / 2)}MB`,
    // No replicas: tables that are made and filled in one transaction need no WAL.
    wal_level: "minimal",
    max_wal_senders: "0",
    // What has been used stays for use again. With 4 GB a full-market year left 1.7 GB of it beside 1.4 GB of data.
    max_wal_size: "1GB",
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
