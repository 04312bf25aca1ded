import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Sql } from "../../../db/client.ts";
import { distributeRawTables } from "../../../db/distribution/distribute.ts";
import { RetryableError } from "../../../jobs/orchestrator/errors.ts";
import type { Transform } from "../../../jobs/transform/transform.ts";
import { bar, openTransform, writeBars } from "../../jobs/transform/support.ts";
import { createCitusDatabase, openWorkers } from "../../support/citus.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { createRandom } from "../../support/random.ts";

const coordinator = process.env.CITUS_URL;
const tickers = ["AAPL", "BRK.B", "KIMpL", "MSFT", "XOM", "ZZ"];
const sessions = 300;
const kills = Number(process.env.SOAK_CASES ?? 6);

describe.skipIf(coordinator === undefined)("a worker that is lost in the middle of a build", () => {
  let database: TestDatabase;
  let plain: TestDatabase;
  let workers: Sql[];
  let builds: { one: Transform; other: Transform };
  const clock = { now: new Date("2024-06-03T21:30:00Z") };
  const random = createRandom(17);

  beforeAll(async () => {
    database = await createCitusDatabase(coordinator ?? "");
    plain = await createTestDatabase();
    workers = await openWorkers(database);
    const distribution = await distributeRawTables(database.sql, 4);
    const now = () => clock.now;
    builds = { one: openTransform(plain.sql, { now }), other: openTransform(database.sql, { now, distribution }) };
  }, 120_000);
  afterAll(async () => {
    await Promise.all((workers ?? []).map((sql) => sql.end()));
    await database?.drop();
    await plain?.drop();
  });

  const arrive = async (from: number, to: number) => {
    clock.now = new Date(clock.now.getTime() + 86_400_000);
    const days = Array.from({ length: to - from }, (_, index) => from + index);
    const bars = tickers.flatMap((ticker) => days.map((day) => bar(ticker, day)));
    for (const { sql } of [database, plain]) await writeBars(sql, bars, clock.now);
  };
  const rowsOf = async ({ sql }: TestDatabase) =>
    (await sql`select * from fct_polygon__stock_bars_performance`)
      .map(({ breadth_changed_at: _, ...row }) => JSON.stringify(row))
      .sort();

  /** Ends what a worker does for the coordinator, as its crash would, as soon as it does something. */
  const killOnce = async (worker: Sql, delayMs: number, signal: AbortSignal): Promise<boolean> => {
    const until = performance.now() + delayMs;
    while (!signal.aborted) {
      const [row] = await worker<{ ended: number }[]>`
        select count(*) filter (where performed)::int as ended
        from (
          select pg_terminate_backend(pid) as performed from pg_stat_activity
          where datname = current_database() and application_name like 'citus_internal%' and pid <> pg_backend_pid()
            and ${performance.now() >= until}::boolean and state <> 'idle'
        ) as backends`;
      if ((row?.ended ?? 0) > 0) return true;
    }
    return false;
  };

  test("ends the build, publishes nothing of it, and the next try makes it whole", async () => {
    await arrive(0, sessions);
    await builds.one.build();
    await builds.other.build();
    let hit = 0;
    for (let round = 0; round < kills; round++) {
      await arrive(sessions + round, sessions + round + 1);
      const before = await rowsOf(database);
      const done = new AbortController();
      const worker = workers[round % workers.length];
      if (!worker) throw new Error("The coordinator has no worker.");
      const killed = killOnce(worker, random() * 1500, done.signal);
      const outcome = await builds.other.build({ fullRefresh: round % 2 === 1 }).catch((error: unknown) => error);
      done.abort();
      if (await killed) hit += 1;
      if (outcome instanceof Error) {
        expect(outcome).toBeInstanceOf(RetryableError);
        expect(await rowsOf(database)).toEqual(before);
        await builds.other.build({ fullRefresh: round % 2 === 1 });
      }
      await builds.one.build();
      expect(await rowsOf(database)).toEqual(await rowsOf(plain));
    }
    expect(hit).toBeGreaterThan(0);
    await database.sql`select recover_prepared_transactions()`;
    for (const worker of workers) {
      const left = await worker`
        select gid from pg_prepared_xacts where database = current_database()`;
      expect([...left]).toEqual([]);
      const orphans = await worker`
        select nspname, relname from pg_class inner join pg_namespace as namespace on namespace.oid = relnamespace
        where nspname like 'barline_build%' or relname like '%\\_v_' and nspname = 'barline_shared'`;
      expect([...orphans]).toEqual([]);
    }
  }, 3_600_000);
});
