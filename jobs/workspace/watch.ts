import { createHash } from "node:crypto";
import { watch } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** When something is done later. Injected, so that tests need not wait. Answers how to call it off. */
export type Later = (what: () => void, ms: number) => () => void;

export type WatchOptions = {
  /** The folder with all below it; it may come and go. */
  dir: string;
  /** Called once for the first look and after each change, never twice at once. What it throws is told to `failed`. */
  changed(): Promise<void>;
  failed(error: unknown): void;
  later?: Later;
};

export type Watch = {
  /** Looks now; resolves when what was found has been seen to. */
  look(): Promise<void>;
  /** Resolves once nothing is under way. */
  stop(): Promise<void>;
};

/** Network and container file systems tell of no changes: what nobody told of is seen after so long. */
const everyMs = 2000;
/** An editor writes a file in several steps; the last of them counts. */
const settleMs = 100;

/** By the clock. */
export const byTimer: Later = (what, ms) => {
  // Watching keeps no process from ending.
  const handle = setTimeout(what, ms).unref();
  return () => clearTimeout(handle);
};

/**
 * Tells when any file of a folder changes: by what the system tells at once, and by a fingerprint of names, sizes and times that is taken
 * every two seconds.
 */
export function watchFolder({ dir, changed, failed, later = byTimer }: WatchOptions): Watch {
  let seen: string | undefined;
  let isStopped = false;
  let looking = Promise.resolve();
  let callOff = () => {};

  const look = (): Promise<void> => {
    looking = looking.then(async () => {
      try {
        const now = await fingerprintOf(dir);
        if (isStopped || now === seen) return;
        seen = now;
        await changed();
      } catch (error) {
        failed(error);
      }
    });
    return looking;
  };
  const lookIn = (ms: number) => {
    callOff();
    if (isStopped) return;
    callOff = later(() => void look().then(() => lookIn(everyMs)), ms);
  };
  const closeEvents = tellOfEvents(dir, () => lookIn(settleMs));
  lookIn(0);
  return {
    look,
    stop: async () => {
      isStopped = true;
      callOff();
      closeEvents();
      await looking;
    },
  };
}

/** The system's word on changes, where it gives any; answers how to have no more of it. */
function tellOfEvents(dir: string, tell: () => void): () => void {
  try {
    const watcher = watch(dir, { recursive: true, persistent: false }, tell);
    watcher.on("error", () => watcher.close());
    return () => watcher.close();
  } catch {
    // A folder that is not there yet, or a system that has no watches left: the fingerprint is enough.
    return () => {};
  }
}

/** Names, sizes and times of all files below a folder; of one that is not there, a text as well. */
export async function fingerprintOf(dir: string): Promise<string> {
  const names = await readdir(dir, { recursive: true }).catch(() => []);
  const told = await Promise.all(
    names.toSorted().map(async (name) => {
      // Gone since it was listed.
      const found = await stat(join(dir, name)).catch(() => null);
      return found?.isFile() ? `${name}\0${found.size}\0${found.mtimeMs}\0${found.ino}\n` : "";
    }),
  );
  return createHash("sha256").update(told.join("")).digest("hex");
}
