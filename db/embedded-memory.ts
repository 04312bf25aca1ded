import { readdir, readFile } from "node:fs/promises";
import { readLockFile } from "./embedded-server.ts";

/**
 * Bytes of memory that the server on `cluster` has with all of its processes, what they share counted once. Null where none runs, or
 * where the system does not tell: it takes Linux, and the server's user or root.
 */
export async function readServerMemory(cluster: string): Promise<number | null> {
  const { pid } = await readLockFile(cluster);
  if (pid === undefined) return null;
  const processes = [pid, ...(await readChildren(pid))];
  const shares = await Promise.all(processes.map(readShare));
  const known = shares.filter((share) => share !== null);
  return known.length === 0 ? null : known.reduce((sum, share) => sum + share, 0);
}

async function readChildren(parent: number): Promise<number[]> {
  const names = await readdir("/proc").catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      if (!/^\d+$/.test(name)) return [];
      const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
      // After the name, which may hold anything, come the state and the parent (proc(5)).
      const [, parentOf] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(parentOf) === parent ? [Number(name)] : [];
    }),
  );
  return found.flat();
}

/** A process's own pages and its share of those that it shares: the kernel's Pss. */
async function readShare(pid: number): Promise<number | null> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(text)?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}
