import { afterAll, beforeAll, expect, test } from "bun:test";
import { openPool } from "../../../db/client.ts";
import { bookCall } from "../../../db/queries/market/rate.ts";
import { createMarketLimiter } from "../../../jobs/market/shared-limiter.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test("two processes share one rate: no window holds more calls than the plan allows", async () => {
  const limit = { name: "shared", calls: 5, perMs: 300 };
  const processes = [openPool(database.url, "state"), openPool(database.url, "state")];
  const started = performance.now();
  const waits = await Promise.all(
    Array.from({ length: 24 }, (_, index) => bookCall(processes[index % 2] ?? database.sql, limit)),
  );
  await Promise.all(processes.map((pool) => pool.end()));
  const booked = await database.sql<{ at: number }[]>`
    select extract(epoch from at)::float8 * 1000 as at from barline.rate_limit_calls where name = 'shared' order by at`;
  const times = booked.map((row) => row.at);
  // What the booking cleans up is older than any window.
  for (let index = limit.calls; index < times.length; index += 1) {
    expect((times[index] ?? 0) - (times[index - limit.calls] ?? 0)).toBeGreaterThanOrEqual(limit.perMs - 0.01);
  }
  expect(Math.max(...waits)).toBeGreaterThan(3 * limit.perMs - (performance.now() - started));
  expect(waits.filter((wait) => wait === 0).length).toBeGreaterThanOrEqual(limit.calls);
});

test("a restart does not forget the calls that were made before it", async () => {
  const limit = { name: "restarted", calls: 2, perMs: 3_600_000 };
  const before = openPool(database.url, "state");
  expect([await bookCall(before, limit), await bookCall(before, limit)]).toEqual([0, 0]);
  await before.end();
  const after = openPool(database.url, "state");
  expect(await bookCall(after, limit)).toBeGreaterThan(3_000_000);
  await after.end();
});

test("the market's limiter waits for the plan's minute, and a wait can be given up", async () => {
  const limiter = createMarketLimiter(database.sql, 5);
  for (let call = 0; call < 5; call += 1) await limiter.acquire();
  const impatient = AbortSignal.timeout(50);
  expect(
    await limiter.acquire(impatient).then(
      () => "granted",
      () => "given up",
    ),
  ).toBe("given up");
});

test("an unlimited plan books nothing", async () => {
  const limiter = createMarketLimiter(database.sql, null);
  await database.sql`truncate barline.rate_limit_calls`;
  for (let call = 0; call < 50; call += 1) await limiter.acquire();
  expect(await database.sql`select 1 from barline.rate_limit_calls`).toHaveLength(0);
});
