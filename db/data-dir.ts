import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { StartError } from "./errors.ts";
import { type FileLock, tryLockFile } from "./file-lock.ts";

/** Who holds a data folder: enough to find it from another machine or container. */
type Holder = { host: string; pid: number; since: string };

const lookAgainMs = 200;

/**
 * Takes `dataDir` for this process until it ends: two servers on the same files destroy them. Process ids say nothing here, as
 * another container counts its own. Where another Barline has it: throws {@link StartError}, or with `onWait` waits until
 * that one is gone, having told once who has it; `signal` ends the waiting.
 */
export async function lockDataDir(
  dataDir: string,
  options: { now(): Date; onWait?: (holder: string) => void; signal?: AbortSignal },
): Promise<FileLock> {
  makeDataDir(dataDir);
  const path = join(dataDir, "barline.lock");
  let told = false;
  for (;;) {
    const lock = inDataDir(dataDir, () => tryLockFile(path));
    if (lock) {
      const holder: Holder = { host: hostname(), pid: process.pid, since: options.now().toISOString() };
      writeFileSync(path, `${JSON.stringify(holder)}\n`);
      return lock;
    }
    const holder = holderOf(path);
    if (!options.onWait) {
      throw new StartError(
        `Another Barline runs on ${dataDir}: ${holder}. Stop it, give this one a DATA_DIR or a DATABASE_URL of its own, or ` +
          "start it with --wait, to take over when that one stops.",
      );
    }
    if (!told) options.onWait(holder);
    told = true;
    options.signal?.throwIfAborted();
    await Bun.sleep(lookAgainMs);
  }
}

/** Makes the folder where it is missing. Throws {@link StartError} where this user may not, or may not write in it. */
export function makeDataDir(dataDir: string): void {
  inDataDir(dataDir, () => {
    const first = mkdirSync(dataDir, { recursive: true });
    if (first === undefined || process.getuid?.() !== 0) return;
    // As root another user runs the server: who has to pass through, and need not see what else is there.
    for (let made = dataDir; made.length >= first.length; made = dirname(made)) chmodSync(made, 0o751);
  });
}

/** What systems say of a folder that cannot be used as it is. */
const unusable = ["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST"];

function inDataDir<T>(dataDir: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (!unusable.includes(code)) throw cause;
    throw new StartError(
      `DATA_DIR ${dataDir} is no folder that user ${process.getuid?.() ?? "?"} may write in (${code}). Give it to that user or ` +
        "to its group, or name another folder.",
      { cause },
    );
  }
}

/** The holder writes right after it locks, so whoever comes in between finds the one before, or nothing. */
function holderOf(path: string): string {
  try {
    const { host, pid, since } = JSON.parse(readFileSync(path, "utf8")) as Holder;
    return `process ${pid} on host ${host}, since ${since}`;
  } catch {
    return "it started this instant";
  }
}
