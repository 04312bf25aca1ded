import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { TransactionSql } from "../../../db/client.ts";
import { distributeRawTables } from "../../../db/distribution/distribute.ts";
import { lockRawTables } from "../../../db/queries/market/raw-lock.ts";
import type { Transform } from "../../../jobs/transform/transform.ts";
import { type Bar, bar, openTransform } from "../../jobs/transform/support.ts";
import { createCitusDatabase } from "../../support/citus.ts";
import type { TestDatabase } from "../../support/database.ts";
import { createRandom } from "../../support/random.ts";

const coordinator = process.env.CITUS_URL;
const tickers = Array.from({ length: 24 }, (_, index) => `T${index}`);
const builds = 3;

/** There is no snapshot of several servers: without a lock, what commits while a build begins is seen on one worker and not on another. */
describe.skipIf(coordinator === undefined)("loads that go on while builds begin", () => {
  let database: TestDatabase;
  let transform: Transform;
  const now = () => new Date("2030-01-02T21:30:00Z");

  beforeAll(async () => {
    database = await createCitusDatabase(coordinator ?? "");
    const distribution = await distributeRawTables(database.sql, 4);
    transform = openTransform(database.sql, { now, distribution });
  }, 120_000);
  afterAll(async () => {
    await database?.drop();
  });

  const write = async (transaction: TransactionSql, bars: Bar[], at: Date) => {
    await transaction`
      insert into source_polygon_stock_bars_daily (ticker, trade_date, open, high, low, close, volume, vwap, inserted_at)
      select item ->> 'ticker', (item ->> 'date')::date, (item ->> 'open')::numeric, (item ->> 'high')::numeric,
        (item ->> 'low')::numeric, (item ->> 'close')::numeric, (item ->> 'volume')::numeric, null, ${at}::timestamptz
      from jsonb_array_elements(${transaction.json(bars)}::jsonb) as item
      on conflict (ticker, trade_date) do update set close = excluded.close, open = excluded.open, high = excluded.high,
        low = excluded.low, inserted_at = excluded.inserted_at`;
  };

  test("are seen whole by that build or by the next one: no mark skips a row", async () => {
    const random = createRandom(4);
    let session = 30;
    await database.sql.begin(async (transaction) => {
      const first = tickers.flatMap((ticker) => Array.from({ length: session }, (_, day) => bar(ticker, day)));
      await write(transaction, first, await lockRawTables(transaction));
    });
    let building = true;
    const load = async () => {
      let loads = 0;
      while (building) {
        const day = random() < 0.5 ? session++ : Math.floor(random() * session);
        const revised = tickers.filter(() => random() < 0.6).map((ticker) => bar(ticker, day, loads + 1));
        if (revised.length > 0) {
          await database.sql.begin(async (transaction) => {
            await write(transaction, revised, await lockRawTables(transaction));
          });
        }
        loads += 1;
      }
      return loads;
    };
    const loading = load();
    for (let build = 0; build < builds; build++) expect((await transform.build()).published).toBe(true);
    building = false;
    expect(await loading).toBeGreaterThan(builds);
    await transform.build();
    const seen = await rows();
    await transform.build({ fullRefresh: true });
    expect(seen).toEqual(await rows());
  }, 3_600_000);

  test("wait until every worker has its snapshot, however long one of them takes", async () => {
    const { sql } = database;
    const waiting = async (kind: "advisory" | "shards") => {
      const isWaiting = async () => {
        const [row] = await (kind === "advisory"
          ? sql<{ found: boolean }[]>`
              select exists (select from pg_locks where locktype = 'advisory' and not granted) as found`
          : sql<{ found: boolean }[]>`
              select exists (select from citus_lock_waits where blocked_statement like '%shards%') as found`);
        return row?.found === true;
      };
      while (!(await isWaiting())) await Bun.sleep(20);
    };
    await transform.build();
    // Whoever holds the first worker's row holds up the build there: the others have no snapshot yet.
    const held = Promise.withResolvers<void>();
    const holding = Promise.withResolvers<void>();
    const holder = sql.begin(async (transaction) => {
      await transaction`update barline.shards set number = number where number = 0`;
      holding.resolve();
      await held.promise;
      await transaction`rollback`;
    });
    await holding.promise;
    const building = transform.build();
    await waiting("shards");
    let isLoaded = false;
    const loading = sql.begin(async (transaction) => {
      const bars = tickers.map((ticker) => bar(ticker, 200, 9));
      await write(transaction, bars, await lockRawTables(transaction));
    });
    void loading.then(() => {
      isLoaded = true;
    });
    await Promise.race([waiting("advisory"), loading]);
    expect(isLoaded).toBe(false);
    held.resolve();
    await Promise.all([holder, building, loading]);
    await transform.build();
    const seen = await rows();
    const latest = await sql`select ticker, trade_date from fct_polygon__latest_session order by ticker`;
    await transform.build({ fullRefresh: true });
    expect(seen).toEqual(await rows());
    expect([...latest]).toEqual([
      ...(await sql`select ticker, trade_date from fct_polygon__latest_session order by ticker`),
    ]);
  }, 600_000);

  const rows = async () =>
    (await database.sql`select * from fct_polygon__stock_bars_performance`)
      .map(({ breadth_changed_at: _, ...row }) => JSON.stringify(row))
      .sort();
});
