import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Transform } from "../../../jobs/transform/transform.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { bar, factTable, openTransform, weekday, writeBars, writeSplits } from "./support.ts";

const tickers = ["A", "B", "C"];
/** Sessions from which changes are drawn; twice the longest window and more, with room for two ranges far apart. */
const sessions = 420;

type Change =
  | { kind: "bars"; tickers: string[]; first: number; count: number; revision: number }
  | { kind: "split"; ticker: string; session: number; to: number; active: boolean }
  | { kind: "upcoming"; ticker: string; inDays: number; to: number }
  | { kind: "next"; tickers: string[] }
  | { kind: "wait"; hours: number };

const some = fc.subarray(tickers, { minLength: 1 });
const one = fc.constantFrom(...tickers);
const at = fc.nat({ max: sessions - 1 });
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("next" as const), tickers: some }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("bars" as const),
      tickers: some,
      first: at,
      count: fc.integer({ min: 1, max: 6 }),
      revision: fc.nat({ max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("bars" as const),
      tickers: some,
      first: at,
      count: fc.integer({ min: 60, max: 200 }),
      revision: fc.nat({ max: 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("split" as const),
      ticker: one,
      session: at,
      to: fc.constantFrom(2, 3, 7, 1.275, 0.1),
      active: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("upcoming" as const),
      ticker: one,
      inDays: fc.integer({ min: 0, max: 4 }),
      to: fc.constantFrom(2, 4),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), hours: fc.integer({ min: 1, max: 72 }) }) },
);

const newYorkDate = (time: Date) => new Intl.DateTimeFormat("en-CA", { timeZone: "America/New_York" }).format(time);

describe("incremental builds", () => {
  let database: TestDatabase;
  let transform: Transform;
  let clock = new Date();
  const passHours = (hours: number) => {
    clock = new Date(clock.getTime() + hours * 3_600_000);
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    transform = openTransform(database.sql, { now: () => clock });
  });
  afterAll(() => database.drop());

  const apply = async (step: Change) => {
    const { sql } = database;
    passHours(0.01);
    if (step.kind === "bars") {
      const indexes = Array.from({ length: Math.min(step.count, sessions - step.first) }, (_, i) => step.first + i);
      const bars = step.tickers.flatMap((ticker) => indexes.map((index) => bar(ticker, index, step.revision)));
      await writeBars(sql, bars, clock);
    } else if (step.kind === "next") {
      const last = await sql<{ ticker: string; bars: number }[]>`
        select ticker, count(*)::int as bars from source_polygon_stock_bars_daily
        where ticker = any(${step.tickers}::text[]) group by ticker`;
      // Past all the dates that other changes draw from, so that it is the ticker's last bar.
      await writeBars(
        sql,
        last.map(({ ticker, bars }) => bar(ticker, sessions + bars)),
        clock,
      );
    } else if (step.kind === "split") {
      const { ticker, to, active } = step;
      await writeSplits(sql, [{ ticker, date: weekday(step.session), from: 1, to, active }], clock);
    } else if (step.kind === "upcoming") {
      const date = newYorkDate(new Date(clock.getTime() + step.inDays * 86_400_000));
      await writeSplits(sql, [{ ticker: step.ticker, date, from: 1, to: step.to, active: true }], clock);
    } else {
      passHours(step.hours);
    }
  };

  const reset = async () => {
    clock = new Date("2024-06-03T21:30:00Z");
    await database.sql`truncate source_polygon_stock_bars_daily, source_polygon_splits`;
    await database.sql`drop table if exists fct_polygon__stock_bars_performance`;
    // Rows that vanish from a source leave no trace in an incremental model; each case begins without one.
    await database.sql`drop table if exists int_polygon__split_factors cascade`;
  };

  const rows = () => database.sql<Record<string, unknown>[]>`
    select to_jsonb(fact) as row from fct_polygon__stock_bars_performance as fact order by ticker, trade_date`;

  test("equal a full refresh in every column, whatever the order of sessions, corrections and splits", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(change, { minLength: 1, maxLength: 2 }), { minLength: 2, maxLength: 8 }),
        async (steps) => {
          await reset();
          for (const changes of steps) {
            for (const step of changes) await apply(step);
            const result = await transform.build({ select: [`+${factTable}`] });
            expect(result.published).toBe(true);
          }
          const incremental = await rows();
          const full = await transform.build({ fullRefresh: true });
          expect(full.models.at(-1)).toMatchObject({ action: steps.length > 0 ? "full_refresh" : "created" });
          expect(incremental).toEqual(await rows());
        },
      ),
      { seed: 20_200_831, numRuns: 50 },
    );
  }, 120_000);

  test("write only the new session where one session is new, and nothing where nothing is", async () => {
    await reset();
    const upTo = (last: number) =>
      tickers.flatMap((ticker) => Array.from({ length: last }, (_, index) => bar(ticker, index)));
    await writeBars(database.sql, upTo(200), clock);
    expect((await transform.build()).models.at(-1)).toMatchObject({ action: "created", rows: 600 });
    passHours(24);
    await writeBars(
      database.sql,
      tickers.map((ticker) => bar(ticker, 200)),
      clock,
    );
    expect((await transform.build()).models.at(-1)).toMatchObject({ action: "incremental", rows: 3 });
    expect((await transform.build()).models.at(-1)).toMatchObject({ action: "unchanged", rows: 0 });
  });

  test("equal a full refresh where all windows are full: an appended session, a corrected one, a late one", async () => {
    await reset();
    const history = Array.from({ length: 300 }, (_, index) => bar("A", index)).filter(
      ({ date }) => date !== weekday(80),
    );
    await writeBars(database.sql, history, clock);
    await transform.build();
    for (const late of [bar("A", 300), bar("A", 150, 3), bar("A", 80)]) {
      passHours(24);
      await writeBars(database.sql, [late], clock);
      expect((await transform.build()).models.at(-1)).toMatchObject({ action: "incremental" });
      const incremental = await rows();
      await transform.build({ fullRefresh: true });
      expect(incremental).toEqual(await rows());
    }
  });

  test("write a late session and the 119 after it, and leave the years since alone", async () => {
    await reset();
    const history = Array.from({ length: 400 }, (_, index) => bar("A", index)).filter(
      ({ date }) => date !== weekday(10),
    );
    await writeBars(database.sql, history, clock);
    await transform.build();
    passHours(24);
    await writeBars(database.sql, [bar("A", 10), bar("A", 400)], clock);
    expect((await transform.build()).models.at(-1)).toMatchObject({ action: "incremental", rows: 121 });
  });

  test("write a ticker's whole history on the day its split takes effect, though no row changed", async () => {
    await reset();
    await writeBars(
      database.sql,
      Array.from({ length: 30 }, (_, index) => bar("A", index)),
      clock,
    );
    await writeSplits(database.sql, [{ ticker: "A", date: "2024-06-05", from: 1, to: 2, active: true }], clock);
    await transform.build();
    clock = new Date("2024-06-05T03:59:00Z");
    expect((await transform.build()).models.at(-1)).toMatchObject({ rows: 0 });
    clock = new Date("2024-06-05T04:00:00Z");
    expect((await transform.build()).models.at(-1)).toMatchObject({ action: "incremental", rows: 30 });
    const [first] =
      await database.sql`select split_factor::float8 as factor from fct_polygon__stock_bars_performance limit 1`;
    expect(first).toEqual({ factor: 0.5 });
  });
});
