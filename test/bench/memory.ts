import { readFile } from "node:fs/promises";

/** Highest and latest memory of processes, in bytes; null where the system does not tell (no /proc). */
export type MemoryWatch = { peak(): number | null; latest(): number | null; stop(): void };

const kibibyte = 1024;

/** Watches a figure that is read every `intervalMs`. */
export function watchMemory(read: () => Promise<number | null>, intervalMs: number): MemoryWatch {
  let peak: number | null = null;
  let latest: number | null = null;
  let reading = false;
  const look = async () => {
    if (reading) return;
    reading = true;
    const bytes = await read();
    reading = false;
    if (bytes === null) return;
    latest = bytes;
    peak = Math.max(peak ?? 0, bytes);
  };
  void look();
  const timer = setInterval(look, intervalMs);
  return { peak: () => peak, latest: () => latest, stop: () => clearInterval(timer) };
}

/** Resident memory of one process. */
export async function residentBytes(pid: number): Promise<number | null> {
  return await kibibytesOf(`/proc/${pid}/status`, "VmRSS");
}

/** Memory of a process and its children, pages that they share counted once in all: their proportional set sizes. */
export async function treeBytes(pid: number): Promise<number | null> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const pids = [pid, ...children.trim().split(" ").filter(Boolean).map(Number)];
  const sizes = await Promise.all(pids.map((one) => kibibytesOf(`/proc/${one}/smaps_rollup`, "Pss")));
  // A child may end while it is looked at.
  const known = sizes.filter((size) => size !== null);
  return known.length === 0 ? null : known.reduce((sum, size) => sum + size, 0);
}

async function kibibytesOf(path: string, field: string): Promise<number | null> {
  const text = await readFile(path, "utf8").catch(() => "");
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1];
  return found === undefined ? null : Number(found) * kibibyte;
}

/** The most memory that a process has had resident since it began. */
export async function highestResidentBytes(pid: number): Promise<number | null> {
  return await kibibytesOf(`/proc/${pid}/status`, "VmHWM");
}
