import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { bar, openTransform, weekday, writeBars, writeDividends } from "../../../../jobs/transform/support.ts";
import { createTestDatabase, type TestDatabase } from "../../../../support/database.ts";

setDefaultTimeout(120_000);

const now = new Date("2020-03-02T22:00:00Z");
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);
afterAll(() => database.drop());

test("factors have twelve decimals whatever is paid, so that it does not matter which of equal ones counts", async () => {
  const { sql } = database;
  const bars = Array.from({ length: 12 }, (_, session) => bar("AAPL", session));
  await writeBars(sql, bars, now);
  const paid = (session: number, amount: number, active = true) => ({
    ...{ ticker: "AAPL", date: weekday(session), amount, active },
  });
  await writeDividends(sql, [paid(2, 1, false), paid(4, 0), paid(6, 1)], now);
  expect((await openTransform(sql, { now: () => now }).build()).published).toBe(true);
  const factors = await sql<{ date: string; factor: string }[]>`
    select trade_date as date, dividend_factor::text as factor from int_polygon__dividend_factors order by 1`;
  const close = bars[6]?.close ?? Number.NaN;
  expect(factors.map(({ date, factor }) => [date, factor])).toEqual([
    [weekday(2), "1.000000000000"],
    [weekday(4), "1.000000000000"],
    [weekday(6), (1 + 1 / close).toFixed(12)],
  ]);
});
