import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { parseBars } from "../../../jobs/market/bars.ts";
import { sessionsBetween } from "../../../jobs/market/calendar.ts";
import { parseDividends, parseSplits } from "../../../jobs/market/reference.ts";
import type { Transform } from "../../../jobs/transform/transform.ts";
import { openTransform, writeBars, writeDividends, writeSplits } from "../../jobs/transform/support.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

setDefaultTimeout(process.env.SOAK ? 7_200_000 : 120_000);

/**
 * What the checks of answers let through, at the corners of their bounds, goes through every model and every data test: no sum,
 * square, product or quotient of it overflows or divides by nothing, whole or session by session.
 */

const sessions = sessionsBetween("2023-03-01", "2024-05-31");
const clock = new Date("2024-05-31T23:00:00Z");
const minutesBefore = (minutes: number) => new Date(clock.getTime() - minutes * 60_000);

let database: TestDatabase;
let transform: Transform;
beforeAll(async () => {
  database = await createTestDatabase();
  transform = openTransform(database.sql, { now: () => clock });
}, 60_000);
afterAll(() => database.drop());

const price = fc.constantFrom(1e-8, 1.5e-8, 1e-4, 0.01, 17.23, 4999.99, 99_999_999, 99_999_999.12345678);
const volume = fc.constantFrom(0, 1e-6, 0.25, 1, 12_345, 1e9, 999_999_999_999_999);
const figures = fc.record({ low: price, high: price, volume }).map(({ low, high, volume: v }) => {
  const [l = 0, h = 0] = [low, high].sort((a, b) => a - b);
  return { o: l, h, l, c: h, v, vw: h, n: 999_999_999_999 };
});
const split = fc.record({
  session: fc.constantFrom(...sessions),
  ratio: fc.constantFrom<[number, number]>([1, 10_000], [10_000, 1], [1, 2], [3, 2], [1e-9, 1e-6], [1e8, 9e8]),
});
const dividend = fc.record({
  session: fc.constantFrom(...sessions),
  amount: fc.constantFrom(0, 1e-12, 0.25, 1000, 99_999_999),
});
const security = fc.record({
  /** Few different days, one after the other over again: neighbours at both ends of the bounds, and long runs at one. */
  days: fc.array(figures, { minLength: 1, maxLength: 4 }),
  stride: fc.constantFrom(1, 90),
  splits: fc.uniqueArray(split, { maxLength: 8, selector: ({ session }) => session }),
  dividends: fc.array(dividend, { maxLength: 6 }),
});
const market = fc.array(security, { minLength: 12, maxLength: 12 });
type Market = typeof market extends fc.Arbitrary<infer T> ? T : never;

/** What the checks make of it, as an answer of the vendor. */
function wiredBars(securities: Market, from: number, to: number) {
  return sessions.slice(from, to).flatMap((session, index) => {
    const results = securities.map(({ days, stride }, number) => ({
      T: `T${number}`,
      ...days[Math.floor((from + index) / stride) % days.length],
    }));
    const parsed = parseBars(JSON.stringify({ status: "OK", results }), { kind: "grouped", session });
    expect(parsed.rejects).toEqual([]);
    return parsed.bars.map(({ tradeDate, ...bar }) => ({ ...bar, date: tradeDate }));
  });
}

async function fill(securities: Market): Promise<void> {
  const { sql } = database;
  const listed = securities.flatMap(({ splits, dividends }, number) => ({
    splits: splits.map(({ session, ratio: [split_from, split_to] }) => ({
      ...{ ticker: `T${number}`, execution_date: session, split_from, split_to },
    })),
    dividends: dividends.map(({ session, amount }) => ({
      ...{ ticker: `T${number}`, ex_dividend_date: session, cash_amount: amount },
    })),
  }));
  const splits = parseSplits(listed.map((one) => ({ answer: { results: one.splits } })));
  const dividends = parseDividends(listed.map((one) => ({ answer: { results: one.dividends } })));
  expect([...splits.rejects, ...dividends.rejects]).toEqual([]);
  await writeSplits(
    sql,
    splits.rows.map((one) => ({
      ...{ ticker: one.ticker, date: one.executionDate, from: one.splitFrom, to: one.splitTo, active: true },
    })),
    minutesBefore(90),
  );
  await writeDividends(
    sql,
    dividends.rows.map((one) => ({
      ...{ ticker: one.ticker, date: one.exDividendDate, amount: one.cashAmount, active: true },
    })),
    minutesBefore(90),
  );
}

async function expectPublished(): Promise<void> {
  const result = await transform.build();
  expect(result.models.flatMap(({ name, error }) => (error === undefined ? [] : `${name}: ${error}`))).toEqual([]);
  const failing = result.tests.filter(({ status }) => status === "fail" || status === "error");
  expect(failing.map(({ name, sample }) => ({ name, sample: sample?.[0] }))).toEqual([]);
  expect(result.published).toBe(true);
}

test("nothing that the checks let through makes a model overflow", async () => {
  const { sql } = database;
  await fc.assert(
    fc.asyncProperty(market, async (securities) => {
      const tables = await sql<{ name: string }[]>`
        select relname as name from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'trading_sessions'`;
      await sql`truncate ${sql(tables.map(({ name }) => name))}`;
      await fill(securities);
      await writeBars(sql, wiredBars(securities, 0, sessions.length - 2), minutesBefore(60));
      await expectPublished();
      await writeBars(sql, wiredBars(securities, sessions.length - 2, sessions.length - 1), minutesBefore(30));
      await expectPublished();
      await writeBars(sql, wiredBars(securities, sessions.length - 1, sessions.length), minutesBefore(10));
      await expectPublished();
    }),
    { numRuns: process.env.SOAK ? 50 : 3, seed: 20_220_627, endOnFailure: true },
  );
});
