import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "./environment.ts";
import { isSafe } from "./origin.ts";

/** What many readers of this process look at, read for all of them at once. */
export type Snapshots = {
  /**
   * What `read` answers, or answered others under this name a moment ago: whoever asks while it reads gets the same. An error
   * is everybody's who waits for it, and is not kept.
   */
  of<Value>(name: string, read: () => Promise<Value>): Promise<Value>;
  /** Forgets them all, and what is being read: somebody has changed something, and wants to see it. */
  drop(): void;
};

type Snapshot = { value: Promise<unknown>; readAt: number; isRead: boolean };

/** Names may come from an address. */
const mostKept = 100;

/**
 * Makes the snapshots of one process. Each is answered until `keepMs` after its reading began, and to who asks while it is
 * being read however long that takes: of one name there is never more than one reading, but for the one that drop() forgot.
 */
export function createSnapshots({ keepMs, now }: { keepMs: number; now: () => Date }): Snapshots {
  const kept = new Map<string, Snapshot>();
  const clock = () => now().getTime();

  const begin = <Value>(name: string, read: () => Promise<Value>): Promise<Value> => {
    const value = read();
    const snapshot: Snapshot = { value, readAt: clock(), isRead: false };
    kept.set(name, snapshot);
    const [oldest] = kept.keys();
    if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest);
    value.then(
      () => {
        snapshot.isRead = true;
      },
      () => {
        if (kept.get(name) === snapshot) kept.delete(name);
      },
    );
    return value;
  };

  return {
    of<Value>(name: string, read: () => Promise<Value>): Promise<Value> {
      const snapshot = kept.get(name);
      if (snapshot === undefined) return begin(name, read);
      const ageMs = clock() - snapshot.readAt;
      // A clock that was set back says nothing of the age.
      const isFresh = !snapshot.isRead || (ageMs >= 0 && ageMs < keepMs);
      // A name stands for one reading: what is kept under it is what that answers.
      return isFresh ? (snapshot.value as Promise<Value>) : begin(name, read);
    },
    drop: () => kept.clear(),
  };
}

/** Lets who changed something see it at once, whether that went well or not. */
export function dropAfterChanges(snapshots: Snapshots): MiddlewareHandler<AppEnv> {
  return async function dropAfterChanges(c, next) {
    try {
      await next();
    } finally {
      if (!isSafe(c.req.method)) snapshots.drop();
    }
  };
}
