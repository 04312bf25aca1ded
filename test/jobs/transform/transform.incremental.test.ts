import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Transform } from "../../../jobs/transform/transform.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import {
  type Bar,
  bar,
  openTransform,
  weekday,
  windowsTable,
  writeBars,
  writeDividends,
  writeSplits,
} from "./support.ts";

const tickers = ["A", "B", "C"];

/** What an incremental build writes; that it comes to what a full refresh makes is in equality.test.ts. */
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

  const reset = async () => {
    clock = new Date("2024-06-03T21:30:00Z");
    const { sql } = database;
    await sql`truncate source_polygon_stock_bars_daily, source_polygon_splits, source_polygon_dividends`;
    // Rows that vanish from a source leave no trace in an incremental model; each case begins without one.
    await sql`
      drop table if exists int_polygon__ticker_periods, int_polygon__split_factors, int_polygon__dividend_factors, dim_tickers,
        int_polygon__stock_bars_windows, fct_polygon__latest_session, fct_polygon__market_breadth_daily,
        fct_polygon__month_ends cascade`;
  };

  const windowsOf = ({ models }: Awaited<ReturnType<Transform["build"]>>) =>
    models.find(({ name }) => name === windowsTable);
  const breadthOf = ({ models }: Awaited<ReturnType<Transform["build"]>>) =>
    models.find(({ name }) => name === "fct_polygon__market_breadth_daily");
  const factRowsWritten = async () => windowsOf(await transform.build())?.rows;

  const rows = () => database.sql<Record<string, unknown>[]>`
    select to_jsonb(fact) - 'breadth_changed_at' as row from fct_polygon__stock_bars_performance as fact order by ticker, trade_date`;

  test("write only the new session where one session is new, and nothing where nothing is", async () => {
    await reset();
    const upTo = (last: number) =>
      tickers.flatMap((ticker) => Array.from({ length: last }, (_, index) => bar(ticker, index)));
    await writeBars(database.sql, upTo(200), clock);
    expect(windowsOf(await transform.build())).toMatchObject({ action: "created", rows: 600 });
    passHours(24);
    await writeBars(
      database.sql,
      tickers.map((ticker) => bar(ticker, 200)),
      clock,
    );
    expect(windowsOf(await transform.build())).toMatchObject({ action: "incremental", rows: 3 });
    expect(windowsOf(await transform.build())).toMatchObject({ action: "unchanged", rows: 0 });
  });

  test("equal a full refresh where all windows are full: an appended session, a corrected one, a late one", async () => {
    await reset();
    const history = Array.from({ length: 560 }, (_, index) => bar("A", index)).filter(
      ({ date }) => date !== weekday(80),
    );
    await writeBars(database.sql, history, clock);
    await transform.build();
    for (const late of [bar("A", 560), bar("A", 270, 3), bar("A", 80)]) {
      passHours(24);
      await writeBars(database.sql, [late], clock);
      expect(windowsOf(await transform.build())).toMatchObject({ action: "incremental" });
      const incremental = await rows();
      await transform.build({ fullRefresh: true });
      expect(incremental).toEqual(await rows());
    }
  });

  test("equal a full refresh where sessions are appended to securities of every age, and extremes leave their windows", async () => {
    await reset();
    const last = 300;
    const ages = [0, 1, 2, 13, 14, 15, 19, 20, 21, 49, 50, 59, 60, 61, 119, 120, 199, 200, 250, 251, 252, 253, 300];
    const young = (age: number, index: number) => bar(`AGE${age}`, index);
    const moved = (ticker: string, by: number, index: number): Bar => {
      const { open, high, low, close, ...rest } = bar(ticker, index);
      const shift = 1000 + by * index;
      return { ...rest, open: open + shift, high: high + shift, low: low + shift, close: close + shift };
    };
    const session = (index: number) => [
      ...ages.filter((age) => index >= last - age).map((age) => young(age, index)),
      moved("FALLS", -3, index),
      moved("RISES", 3, index),
    ];
    await writeBars(database.sql, Array.from({ length: last }, (_, index) => session(index)).flat(), clock);
    await transform.build();
    for (const index of [0, 1, 2]) {
      passHours(24);
      await writeBars(database.sql, session(last + index), clock);
      expect(windowsOf(await transform.build())).toMatchObject({ action: "incremental", rows: ages.length + 2 });
    }
    const incremental = await rows();
    await transform.build({ fullRefresh: true });
    expect(incremental).toEqual(await rows());
  });

  test("write a late session and the 252 after it, and leave the years since alone", async () => {
    await reset();
    const history = Array.from({ length: 450 }, (_, index) => bar("A", index)).filter(
      ({ date }) => date !== weekday(10),
    );
    await writeBars(database.sql, history, clock);
    await transform.build();
    passHours(24);
    await writeBars(database.sql, [bar("A", 10), bar("A", 450)], clock);
    expect(windowsOf(await transform.build())).toMatchObject({ action: "incremental", rows: 254 });
  });

  test("write a ticker's rows from a dividend's day on, and those of no other ticker", async () => {
    await reset();
    const history = ["A", "B"].flatMap((ticker) => Array.from({ length: 300 }, (_, index) => bar(ticker, index)));
    await writeBars(database.sql, history, clock);
    await transform.build();
    passHours(24);
    const dividend = { ticker: "A", date: weekday(20), amount: 1, active: true };
    await writeDividends(database.sql, [dividend], clock);
    expect(await factRowsWritten()).toBe(280);
    passHours(24);
    await writeDividends(database.sql, [{ ...dividend, active: false }], clock);
    expect(await factRowsWritten()).toBe(280);
    const [row] = await database.sql`
      select max(dividend_factor)::float8 as factor, bool_and(total_return_close = close_price) as plain
      from fct_polygon__stock_bars_performance`;
    expect(row).toEqual({ factor: 1, plain: true });
  });

  test("count a first dividend once the history begins before it", async () => {
    await reset();
    const { sql } = database;
    await writeDividends(sql, [{ ticker: "A", date: weekday(10), amount: 1, active: true }], clock);
    passHours(1);
    await writeBars(
      sql,
      Array.from({ length: 300 }, (_, index) => bar("A", index + 10)),
      clock,
    );
    await transform.build();
    passHours(1);
    await writeBars(sql, [bar("A", 9)], clock);
    await transform.build();
    const incremental = await rows();
    await transform.build({ fullRefresh: true });
    expect(incremental).toEqual(await rows());
    const [last] = await sql`
      select dividend_factor > 1 as counted from fct_polygon__stock_bars_performance order by trade_date desc limit 1`;
    expect(last).toEqual({ counted: true });
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
    expect(windowsOf(await transform.build())).toMatchObject({ rows: 0 });
    clock = new Date("2024-06-05T04:00:00Z");
    expect(windowsOf(await transform.build())).toMatchObject({ action: "incremental", rows: 30 });
    const [first] =
      await database.sql`select split_factor::float8 as factor from fct_polygon__stock_bars_performance limit 1`;
    expect(first).toEqual({ factor: 0.5 });
  });

  const breadth = () => database.sql<Record<string, unknown>[]>`
    select to_jsonb(breadth) - '{source_inserted_at,breadth_changed_at}'::text[] as row
    from fct_polygon__market_breadth_daily as breadth order by trade_date`;

  test.each([
    [1, 2],
    [1, 3],
    [7, 1],
    [1000, 1054],
  ])("write a ticker's history for a split of %d for %d, and count no session's market anew", async (from, to) => {
    await reset();
    const bars = tickers.flatMap((ticker) => Array.from({ length: 300 }, (_, index) => bar(ticker, index)));
    await writeBars(database.sql, bars, clock);
    await transform.build();
    passHours(24);
    await writeSplits(database.sql, [{ ticker: "A", date: "2024-06-04", from, to, active: true }], clock);
    const built = await transform.build();
    expect(windowsOf(built)).toMatchObject({ action: "incremental", rows: 300 });
    expect(breadthOf(built)).toMatchObject({ rows: 0 });
    const incremental = await breadth();
    await transform.build({ fullRefresh: true });
    expect(incremental).toEqual(await breadth());
  });

  test("count the sessions anew whose market a late bar changes, and stamp that of a bar that changed nothing there", async () => {
    await reset();
    const bars = tickers.flatMap((ticker) => Array.from({ length: 400 }, (_, index) => bar(ticker, index)));
    const late = bars.filter(({ ticker, date }) => ticker === "A" && date === weekday(100));
    await writeBars(
      database.sql,
      bars.filter((one) => !late.includes(one)),
      clock,
    );
    await transform.build();
    passHours(24);
    await writeBars(database.sql, late, clock);
    const built = await transform.build();
    expect(windowsOf(built)).toMatchObject({ rows: 253 });
    expect(breadthOf(built)?.rows).toBeLessThan(200);
    const incremental = await breadth();
    passHours(24);
    // Another open: nothing that the market's breadth counts.
    const corrected = bars.find(({ ticker, date }) => ticker === "B" && date === weekday(150)) ?? bar("B", 150);
    await writeBars(database.sql, [{ ...corrected, open: corrected.open + 0.01 }], clock);
    expect(breadthOf(await transform.build())).toMatchObject({ rows: 1 });
    const [stamped] = await database.sql`
      select trade_date from fct_polygon__market_breadth_daily order by source_inserted_at desc limit 1`;
    expect(stamped).toEqual({ trade_date: weekday(150) });
    expect(await breadth()).toEqual(incremental);
    await transform.build({ fullRefresh: true });
    expect(await breadth()).toEqual(incremental);
  });
});
