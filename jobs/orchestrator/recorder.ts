import type { Sql } from "../../db/client.ts";
import { isTransientDatabaseError } from "../../db/errors.ts";
import type { Journal } from "./journal.ts";
import { type Recorded, recordSuccesses, type Success } from "./record.ts";

/** Records successes in groups: those that come while one group is being committed make up the next. */
export type Recorder = {
  /** Resolves when it is durable; rejects with what the database said. */
  success(success: Success): Promise<Recorded>;
};

export type RecorderOptions = { sql: Sql; owner: string; journal: Journal };

/** A transaction is not to hold the locks of more runs than this. */
const largestGroup = 64;

type Waiting = Success & { resolve(recorded: Recorded): void; reject(error: unknown): void };

/**
 * Makes a recorder. A commit and the statements before it cost as much for many tasks as for one, so the more is going on, the
 * less each costs; where nothing else is, a success is recorded at once.
 */
export function createRecorder({ sql, owner, journal }: RecorderOptions): Recorder {
  const waiting: Waiting[] = [];
  let committing = false;

  const commit = async (group: Waiting[]): Promise<void> => {
    try {
      // Lines first, so that whoever sees an ended task sees its log.
      await journal.flush();
      const recorded = await recordSuccesses(sql, owner, group);
      for (const [index, one] of group.entries()) one.resolve(recorded[index] ?? { advance: "lost" });
    } catch (error) {
      if (group.length === 1 || isTransientDatabaseError(error)) for (const one of group) one.reject(error);
      // One of them has what the database refuses for good: it alone is to fail.
      else for (const one of group) await commit([one]);
    }
  };

  const commitAll = async (): Promise<void> => {
    committing = true;
    while (waiting.length > 0) await commit(waiting.splice(0, largestGroup));
    committing = false;
  };

  return {
    success(success) {
      const { promise, resolve, reject } = Promise.withResolvers<Recorded>();
      waiting.push({ ...success, resolve, reject });
      if (!committing) void commitAll();
      return promise;
    },
  };
}
