import type { TransactionSql } from "../../../db/client.ts";
import type { Distribution, Run } from "../../../db/distribution/types.ts";
import { lockKeys } from "../../../db/locks.ts";

/** What makes a transaction roll back where nothing is wrong with it. */
export class RollbackRequest extends Error {}

/** What the shards have of the session's settings; their planners do the rest by their servers' own. */
const shardSettings = { work_mem: "256MB", jit: "off", datestyle: "ISO", timezone: "UTC", search_path: "public" };

/**
 * Touches every shard, which then sees what is committed by now, and gives it the build's time: a worker's clock is another one, and what
 * rows are stamped with has to rise from build to build.
 */
export async function beginOnShards(run: Run, distribution: Distribution, today: string | undefined): Promise<void> {
  const [clock] = await run(`
    select now()::text as now, (statement_timestamp() at time zone 'America/New_York')::date::text as today`);
  await distribution.begin(run, {
    ...shardSettings,
    "barline.now": String(clock?.now),
    "barline.today": today ?? String(clock?.today),
  });
}

/** Keeps loads from committing until every shard has its snapshot: there is no snapshot of several servers. Answers how to let them go on. */
export async function holdRawTables(holder: TransactionSql): Promise<() => Promise<void>> {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let done: Promise<void> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    done = holder
      .savepoint(async (inner) => {
        await inner`select pg_advisory_xact_lock(${lockKeys.rawTables}::bigint)`;
        resolve();
        await released;
        // Which lets go of the lock.
        throw new RollbackRequest();
      })
      .then(() => {})
      .catch((error: unknown) => {
        if (!(error instanceof RollbackRequest)) reject(error);
      });
  });
  return async () => {
    release();
    await done;
  };
}
