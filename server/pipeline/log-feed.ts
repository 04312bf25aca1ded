import type { Sql } from "../../db/client.ts";
import { logsChannel } from "../../db/queries/pipeline/journal.ts";

/** Tells readers of a run's log, in this process, that any process may have written to it. */
export type LogFeed = {
  /** Undefined where as many are listening as one process serves. */
  follow(runId: number): LogFollower | undefined;
};

export type LogFollower = {
  /** Resolves at the first change since it last did, or since it began to follow, and after `longestMs` at the latest. */
  changed(longestMs: number): Promise<void>;
  close(): void;
};

/** Each costs a query every other second and a socket; a forgotten script must not take them all. */
const mostFollowers = 200;

/** One a pool: it listens on a connection of its own from the first reader on. */
export function createLogFeed(sql: Sql): LogFeed {
  const followers = new Map<symbol, { runId: number; wake(): void }>();
  let isListening = false;

  const tell = (payload: string) => {
    const runs = payload === "*" ? null : new Set(payload.split(",").map(Number));
    for (const { runId, wake } of followers.values()) if (runs === null || runs.has(runId)) wake();
  };
  const listen = () => {
    if (isListening) return;
    isListening = true;
    // Without it, readers look by themselves every now and then; the next one tries again.
    sql.listen(logsChannel, tell).catch(() => {
      isListening = false;
    });
  };

  return {
    follow(runId) {
      if (followers.size >= mostFollowers) return undefined;
      listen();
      const key = Symbol("follower");
      const waiter = createWaiter();
      followers.set(key, { runId, wake: waiter.wake });
      return {
        changed: waiter.wait,
        close() {
          followers.delete(key);
          waiter.wake();
        },
      };
    },
  };
}

/** Remembers a wake that comes while nobody waits. */
function createWaiter(): { wait(longestMs: number): Promise<void>; wake(): void } {
  let woken = false;
  let resolve: (() => void) | undefined;
  return {
    async wait(longestMs) {
      const waiting = Promise.withResolvers<void>();
      resolve = waiting.resolve;
      if (woken) waiting.resolve();
      const timer = setTimeout(waiting.resolve, longestMs);
      await waiting.promise;
      clearTimeout(timer);
      woken = false;
      resolve = undefined;
    },
    wake() {
      woken = true;
      resolve?.();
    },
  };
}

const feeds = new WeakMap<Sql, LogFeed>();

/** The feed of a pool, which pages and API share. */
export function logFeedOf(sql: Sql): LogFeed {
  const feed = feeds.get(sql) ?? createLogFeed(sql);
  feeds.set(sql, feed);
  return feed;
}
