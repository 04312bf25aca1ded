import type { Logger } from "pino";
import { isReadOnlyServer, isTransientDatabaseError } from "../../db/errors.ts";

/** Runs what must go on whatever happens. */
export type Watch = {
  /** Runs `work`; its error is logged, and `fallback` is answered instead. */
  guarded<T>(what: string, fallback: T, work: () => Promise<T>): Promise<T>;
  /** From now on errors are those of a process that stops: not worth a line. */
  close(): void;
};

/** A database that is away is logged once, and once again when it is back; other errors each time. */
export function createWatch(log: Logger): Watch {
  /** Kinds of work that met no database last time. They use different connections, which come back one by one. */
  const waiting = new Set<string>();
  let closed = false;
  return {
    async guarded(what, fallback, work) {
      try {
        const answer = await work();
        if (waiting.delete(what) && waiting.size === 0) log.info("the database answers again");
        return answer;
      } catch (error) {
        if (closed) return fallback;
        const transient = isTransientDatabaseError(error);
        if (!transient) log.error({ error, what }, "the orchestrator's loop raised an error");
        else if (waiting.size === 0) {
          const state = isReadOnlyServer(error) ? "takes no writes" : "does not answer";
          log.warn({ reason: String(error) }, `the database ${state}; work waits for it`);
        }
        if (transient) waiting.add(what);
        return fallback;
      }
    },
    close() {
      closed = true;
    },
  };
}
