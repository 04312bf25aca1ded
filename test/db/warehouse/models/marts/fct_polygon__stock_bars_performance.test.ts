import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  type Bar,
  bar,
  openTransform,
  weekday,
  writeBars,
  writeDividends,
  writeSplits,
} from "../../../../jobs/transform/support.ts";
import { createTestDatabase, type TestDatabase } from "../../../../support/database.ts";

type Fact = Record<string, number | null> & { trade_date: string };

/** The fact table's definitions once more, in doubles and by brute force. */
function expectedFacts(
  bars: Bar[],
  splits: { date: string; from: number; to: number }[],
  dividends: { date: string; amount: number }[],
) {
  const adjusted = bars.map((item) => {
    const factor = splits
      .filter(({ date }) => date > item.date)
      .reduce((product, { from, to }) => product * (from / to), 1);
    return {
      date: item.date,
      factor,
      close: item.close * factor,
      high: item.high * factor,
      low: item.low * factor,
      volume: item.volume / factor,
    };
  });
  const closes = adjusted.map(({ close }) => close);
  const returns = closes.map((close, index) => (index === 0 ? null : close / (closes[index - 1] ?? Number.NaN) - 1));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const average = (index: number, length: number) =>
    index + 1 < length ? null : mean(closes.slice(index + 1 - length, index + 1));
  const volatility = (index: number) => {
    const window = returns.slice(Math.max(index - 19, 0), index + 1).filter((value) => value !== null);
    if (window.length < 20) return null;
    const center = mean(window);
    return Math.sqrt((window.reduce((sum, value) => sum + (value - center) ** 2, 0) / 19) * 252);
  };
  const dividendFactor = (date: string) =>
    dividends
      .filter((dividend) => dividend.date <= date)
      .reduce((product, { date: exDate, amount }) => {
        const first = bars.find((item) => item.date >= exDate);
        return product * (1 + amount / (first?.close ?? Number.NaN));
      }, 1);
  const returnOver = (index: number, length: number) => {
    const before = closes[index - length];
    return before === undefined ? null : (closes[index] ?? Number.NaN) / before - 1;
  };
  return adjusted.map(({ date, factor, close, high, low, volume }, index) => ({
    trade_date: date,
    split_factor: factor,
    close_price: close,
    volume,
    daily_price_range: high - low,
    previous_close: index === 0 ? null : (closes[index - 1] ?? null),
    price_change_1d: index === 0 ? null : close - (closes[index - 1] ?? Number.NaN),
    return_1d: returns[index] ?? null,
    return_5d: returnOver(index, 5),
    return_21d: returnOver(index, 21),
    return_63d: returnOver(index, 63),
    return_252d: returnOver(index, 252),
    dividend_factor: dividendFactor(date),
    total_return_close: close * dividendFactor(date),
    moving_avg_20d: average(index, 20),
    moving_avg_50d: average(index, 50),
    moving_avg_120d: average(index, 120),
    moving_avg_200d: average(index, 200),
    volatility_20d: volatility(index),
  }));
}

describe("the fact table", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  test("agrees with an independent calculation across splits and dividends, to a millionth", async () => {
    const bars = Array.from({ length: 330 }, (_, index) => bar("ABC", index));
    const splits = [
      { date: weekday(100), from: 1, to: 4 },
      { date: weekday(180), from: 3, to: 7 },
      { date: weekday(230), from: 10, to: 1 },
    ];
    // One before a split, one on its day, one on a Saturday, whose day is the Monday after.
    const dividends = [
      { date: weekday(40), amount: 0.5 },
      { date: weekday(180), amount: 1.25 },
      { date: "2019-02-02", amount: 2 },
    ];
    const now = new Date("2024-06-03T21:30:00Z");
    await writeBars(database.sql, bars, now);
    await writeDividends(
      database.sql,
      [
        ...dividends.map((dividend) => ({ ticker: "ABC", active: true, ...dividend })),
        // None of these is paid in dollars to who held the share the day before.
        { ticker: "ABC", active: true, date: weekday(0), amount: 1 },
        { ticker: "ABC", active: true, date: weekday(60), amount: 1, currency: "CAD" },
        { ticker: "ABC", active: false, date: weekday(61), amount: 1 },
      ],
      now,
    );
    await writeSplits(
      database.sql,
      splits.map((split) => ({ ticker: "ABC", active: true, ...split })),
      now,
    );
    const { published } = await openTransform(database.sql, { now: () => now }).build();
    expect(published).toBe(true);
    const facts = await database.sql<Fact[]>`
      select trade_date, split_factor::float8, close_price::float8, volume::float8, daily_price_range::float8,
        previous_close::float8, price_change_1d::float8, return_1d::float8, moving_avg_20d::float8,
        moving_avg_50d::float8, moving_avg_120d::float8, moving_avg_200d::float8, volatility_20d::float8,
        return_5d::float8, return_21d::float8, return_63d::float8, return_252d::float8, dividend_factor::float8,
        total_return_close::float8
      from fct_polygon__stock_bars_performance order by trade_date`;
    const expected = expectedFacts(bars, splits, dividends);
    expect(facts.length).toBe(expected.length);
    for (const [index, row] of expected.entries()) {
      for (const [column, value] of Object.entries(row)) {
        const found = facts[index]?.[column] ?? null;
        if (typeof value !== "number" || typeof found !== "number") expect([column, found]).toEqual([column, value]);
        // Prices are kept to a millionth, so a range of two is good to one.
        else expect(Math.abs(found - value)).toBeLessThanOrEqual(1e-6 + Math.abs(value) * 1e-9);
      }
    }
  });

  test("has the values that one works out by hand", async () => {
    const { sql } = database;
    const now = new Date("2024-06-04T21:30:00Z");
    const plain = { ticker: "XYZ", open: 10, high: 12, low: 9, volume: 100 };
    await writeBars(
      sql,
      [
        { ...plain, date: "2024-01-02", close: 10 },
        { ...plain, date: "2024-01-03", close: 11 },
        { ...plain, date: "2024-01-04", open: 5, high: 6, low: 4, close: 5.5, volume: 200 },
      ],
      now,
    );
    await writeSplits(
      sql,
      [
        { ticker: "XYZ", date: "2024-01-04", from: 1, to: 2, active: true },
        { ticker: "XYZ", date: "2024-01-05", from: 1, to: 10, active: false },
      ],
      now,
    );
    await openTransform(sql, { now: () => now }).build();
    const rows = await sql`
      select stock_bar_id, open_price::text, close_price::text, volume::float8, split_factor::float8,
        price_change_1d::float8 as change, return_1d::text, daily_price_range::float8 as range, dollar_volume::text, moving_avg_20d
      from fct_polygon__stock_bars_performance where ticker = 'XYZ' order by trade_date`;
    expect([...rows].map((row) => ({ ...row }))).toEqual([
      {
        stock_bar_id: "XYZ_2024-01-02",
        open_price: "5.000000000000",
        close_price: "5.000000000000",
        volume: 200,
        split_factor: 0.5,
        change: null,
        return_1d: null,
        range: 1.5,
        dollar_volume: "1000.00",
        moving_avg_20d: null,
      },
      {
        stock_bar_id: "XYZ_2024-01-03",
        open_price: "5.000000000000",
        close_price: "5.500000000000",
        volume: 200,
        split_factor: 0.5,
        change: 0.5,
        return_1d: "0.1000000000",
        range: 1.5,
        dollar_volume: "1100.00",
        moving_avg_20d: null,
      },
      {
        stock_bar_id: "XYZ_2024-01-04",
        open_price: "5.00000000",
        close_price: "5.50000000",
        volume: 200,
        split_factor: 1,
        change: 0,
        return_1d: "0.0000000000",
        range: 2,
        dollar_volume: "1100.00",
        moving_avg_20d: null,
      },
    ]);
  });
});
