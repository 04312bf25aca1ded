import { RateLimiterPostgres, type RateLimiterRes } from "rate-limiter-flexible";
import type { Sql } from "../../db/client.ts";

/** Counts attempts to sign in by where they come from, and all together: once for all processes on a database. */
export type Attempts = {
  /** Seconds until `client` may try again; 0 where it may now. */
  blockedSeconds(client: string): Promise<number>;
  /**
   * Counts an attempt as failed before it is checked, so that many at once are no more than one after the other. Answers the
   * seconds to wait where it may not be checked now, 0 where it may, and which of the client's failures it then is.
   */
  begin(client: string): Promise<{ waitSeconds: number; failures: number }>;
  /** Takes back what was counted for `client`. */
  succeed(client: string): Promise<void>;
};

const windowSeconds = 10 * 60;
export const allowedFailures = 10;

/** Bounds what attackers with many addresses can make us hash, 60 × 40 ms being 4 % of a core, and the rows they leave. */
const checkedEachMinute = 60;
const minuteSeconds = 60;
const everybody = "everybody";

/**
 * Ten failures in ten minutes block a client for the rest of them: about 1,440 guesses a day. All clients together have
 * sixty failures a minute; who is signed in needs none. Rejects while the database behind `sql` is away.
 */
export function createAttempts(sql: Sql): Attempts {
  const ofOne = limiterOf(sql, "client", allowedFailures, windowSeconds);
  const ofAll = limiterOf(sql, "all", checkedEachMinute, minuteSeconds);

  return {
    async blockedSeconds(client) {
      const failed = await ofOne.get(client);
      return failed !== null && failed.consumedPoints >= allowedFailures ? secondsUntilNext(failed) : 0;
    },
    async begin(client) {
      // Looked at before anything is written: a flood from many addresses leaves no row for each of them.
      const together = await ofAll.get(everybody);
      if (together !== null && together.consumedPoints >= checkedEachMinute) return refusedBy(together);
      // The client's own first: one that has no more attempts takes none of the others'.
      const own = await ofOne.penalty(client);
      if (own.consumedPoints > allowedFailures) return refusedBy(own);
      const all = await ofAll.penalty(everybody);
      if (all.consumedPoints > checkedEachMinute) return refusedBy(all);
      return { waitSeconds: 0, failures: own.consumedPoints };
    },
    async succeed(client) {
      await Promise.all([ofOne.delete(client), ofAll.reward(everybody)]);
    },
  };
}

const secondsUntilNext = ({ msBeforeNext }: RateLimiterRes) => Math.max(1, Math.ceil(msBeforeNext / 1000));
const refusedBy = (result: RateLimiterRes) => ({ waitSeconds: secondsUntilNext(result), failures: 0 });

/** Counts in one upsert, so that however many count at once, each gets a number of its own. */
const limiterOf = (sql: Sql, keyPrefix: string, points: number, durationSeconds: number) =>
  new RateLimiterPostgres({
    ...{ keyPrefix, points, duration: durationSeconds },
    storeClient: queryable(sql),
    storeType: "client",
    schemaName: "barline",
    tableName: "sign_in_attempts",
    // By a migration. What no longer counts goes with the housekeeping, not by a timer in each process.
    tableCreated: true,
    clearExpiredByTimeout: false,
  });

/** As much of a node-postgres client as the library asks for. */
function queryable(sql: Sql) {
  return {
    async query({ text, values }: { text: string; values: (string | number | null)[] }) {
      // The text is the library's own constant, what varies is in the values. Without its `name` nothing is prepared that
      // would have to be found again on the same connection, which a pooler between does not promise.
      const rows = await sql.unsafe(text, values);
      return { rows, rowCount: rows.count };
    },
  };
}
