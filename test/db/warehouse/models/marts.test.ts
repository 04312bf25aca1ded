import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Bar, bar, openTransform, weekday, writeBars, writeSplits } from "../../../jobs/transform/support.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";

/** The indicators of a ticker's newest bar once more, in doubles and by brute force. */
function expectedIndicators(bars: Bar[], factorOf: (date: string) => number) {
  const adjusted = bars.map((item) => {
    const factor = factorOf(item.date);
    const [high, low, close] = [item.high * factor, item.low * factor, item.close * factor];
    return { high, low, close, volume: item.volume / factor };
  });
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const mean = (values: number[]) => sum(values) / values.length;
  const last = <T>(values: T[], length: number) => values.slice(-length);
  const closes = adjusted.map(({ close }) => close);
  const steps = adjusted.slice(1).map((item, index) => ({ ...item, before: closes[index] ?? Number.NaN }));
  const full = (length: number, value: () => number) => (bars.length < length ? null : value());
  const close = closes.at(-1) ?? Number.NaN;
  const changes = last(steps, 14).map((step) => step.close - step.before);
  const moved = sum(changes.map(Math.abs));
  const returns = last(steps, 60).map((step) => step.close / step.before - 1);
  const closes20 = last(closes, 20);
  const deviation = Math.sqrt(mean(closes20.map((value) => (value - mean(closes20)) ** 2)));
  const year = last(adjusted, 252);
  const high = Math.max(...year.map((item) => item.high));
  const low = Math.min(...year.map((item) => item.low));
  const volume20 = mean(last(adjusted, 20).map(({ volume }) => volume));
  return {
    volatility_60d: full(61, () => Math.sqrt((sum(returns.map((value) => (value - mean(returns)) ** 2)) / 59) * 252)),
    rsi_14: full(15, () => (moved === 0 ? 50 : (100 * sum(changes.filter((change) => change > 0))) / moved)),
    bollinger_upper_20d: full(20, () => mean(closes20) + 2 * deviation),
    bollinger_lower_20d: full(20, () => mean(closes20) - 2 * deviation),
    atr_14: full(15, () =>
      mean(last(steps, 14).map((step) => Math.max(step.high, step.before) - Math.min(step.low, step.before))),
    ),
    high_252d: high,
    low_252d: low,
    distance_from_high_252d: close / high - 1,
    distance_from_low_252d: close / low - 1,
    drawdown_252d: close / Math.max(...last(closes, 252)) - 1,
    avg_volume_20d: full(20, () => volume20),
    volume_ratio_20d: full(20, () => (adjusted.at(-1)?.volume ?? Number.NaN) / volume20),
  };
}

const near = (seen: number | null, wanted: number | null) =>
  seen === null || wanted === null
    ? expect(seen).toBe(wanted)
    : expect(Math.abs(seen - wanted)).toBeLessThanOrEqual(2e-6 + Math.abs(wanted) * 1e-8);

/** Bars of a ticker from one of the weekdays on. */
const history = (ticker: string, from: number, count: number) =>
  Array.from({ length: count }, (_, index) => bar(ticker, from + index));

describe("the marts", () => {
  let database: TestDatabase;
  const now = new Date("2024-06-03T21:30:00Z");
  // The newest session is 320; GONE stopped before, NEWT has 10 bars, FLAT never moves.
  const market: Record<string, Bar[]> = {
    LONG: history("LONG", 0, 321),
    MIDL: history("MIDL", 255, 66),
    GONE: history("GONE", 0, 300),
    NEWT: history("NEWT", 311, 10),
    FLAT: history("FLAT", 301, 20).map((item) => ({ ...item, open: 5, high: 5, low: 5, close: 5 })),
  };
  const bars = Object.values(market).flat();

  beforeAll(async () => {
    database = await createTestDatabase();
    const { sql } = database;
    await writeBars(sql, bars, now);
    await writeSplits(sql, [{ ticker: "LONG", date: weekday(200), from: 1, to: 4, active: true }], now);
    await sql`
      insert into source_polygon_tickers (ticker, name, type, active, primary_exchange, delisted_on, inserted_at)
      values ('LONG', 'Long Lived', 'CS', true, 'XNYS', null, ${now}),
        ('GONE', 'Gone Holdings', 'ETF', false, 'XNAS', '2019-03-01', ${now}),
        ('IDLE', 'Never Traded', 'CS', true, 'XNAS', null, ${now})`;
    const { published } = await openTransform(sql, { now: () => now }).build();
    expect(published).toBe(true);
  }, 60_000);
  afterAll(() => database.drop());

  test("have one row of a ticker's newest bar, with the indicators of an independent calculation", async () => {
    const rows = await database.sql<Record<string, string | null>[]>`
      select * from fct_polygon__latest_session order by ticker`;
    expect(rows.map(({ ticker, name, trade_date }) => [ticker, name, trade_date])).toEqual([
      ["FLAT", null, weekday(320)],
      ["GONE", "Gone Holdings", weekday(299)],
      ["LONG", "Long Lived", weekday(320)],
      ["MIDL", null, weekday(320)],
      ["NEWT", null, weekday(320)],
    ]);
    for (const row of rows) {
      const factorOf = (date: string) => (row.ticker === "LONG" && date < weekday(200) ? 0.25 : 1);
      const expected = expectedIndicators(market[row.ticker ?? ""] ?? [], factorOf);
      for (const [column, wanted] of Object.entries(expected)) {
        const seen = row[column];
        near(seen === null || seen === undefined ? null : Number(seen), wanted);
      }
    }
  });

  test("repeat the fact table's own columns of that bar", async () => {
    const [row] = await database.sql`
      select count(*)::int as same
      from fct_polygon__latest_session as latest
      inner join fct_polygon__stock_bars_performance as facts using (stock_bar_id)
      where to_jsonb(facts) - '{source_inserted_at,breadth_changed_at}'::text[] <@ to_jsonb(latest)`;
    expect(row).toEqual({ same: 5 });
  });

  test("count each session's tickers as one counts them by hand", async () => {
    const rows = await database.sql<Record<string, string | null>[]>`
      select * from fct_polygon__market_breadth_daily order by trade_date`;
    expect(rows.length).toBe(321);
    const facts = await database.sql<
      { date: string; return1: number | null; above50: boolean | null; dollars: number }[]
    >`
      select trade_date as date, return_1d::float8 as "return1", close_price > moving_avg_50d as above50,
        dollar_volume::float8 as dollars
      from fct_polygon__stock_bars_performance`;
    for (const row of rows) {
      const day = facts.filter(({ date }) => date === row.trade_date);
      const returns = day.flatMap(({ return1 }) => (return1 === null ? [] : [return1])).sort((a, b) => a - b);
      const middle = [(returns.length - 1) / 2].flatMap((at) => [returns[Math.floor(at)], returns[Math.ceil(at)]]);
      const above = day.flatMap(({ above50 }) => (above50 === null ? [] : [Number(above50)]));
      expect([row.tickers, row.advancing, row.declining, row.unchanged].map(Number)).toEqual([
        day.length,
        returns.filter((value) => value > 0).length,
        returns.filter((value) => value < 0).length,
        returns.filter((value) => value === 0).length,
      ]);
      const median = returns.length === 0 ? null : middle.reduce<number>((sum, value) => sum + (value ?? 0), 0) / 2;
      near(row.median_return_1d === null ? null : Number(row.median_return_1d), median);
      const share = above.length === 0 ? null : above.reduce((sum, value) => sum + value, 0) / above.length;
      const seen = row.share_above_moving_avg_50d ?? null;
      near(seen === null ? null : Number(seen), share);
      near(
        Number(row.dollar_volume),
        day.reduce((sum, { dollars }) => sum + dollars, 0),
      );
    }
  });

  test("count a new high or low among tickers with 252 bars before, whether built whole or session by session", async () => {
    const extremes = () => database.sql`
      select trade_date as date, new_highs_252d::int as highs, new_lows_252d::int as lows
      from fct_polygon__market_breadth_daily order by trade_date`;
    const expected = Array.from({ length: 321 }, (_, session) => {
      const counted = ["LONG", "GONE"].flatMap((ticker) => {
        const factor = (index: number) => (ticker === "LONG" && index < 200 ? 0.25 : 1);
        const all = (market[ticker] ?? []).map((item, index) => [item.high * factor(index), item.low * factor(index)]);
        const window = session < 252 || session >= all.length ? [] : all.slice(session - 251, session + 1);
        const [high, low] = window.at(-1) ?? [];
        if (high === undefined || low === undefined) return [];
        return [
          { high: window.every((item) => (item[0] ?? 0) <= high), low: window.every((item) => (item[1] ?? 0) >= low) },
        ];
      });
      // Unknown, and not none, before anybody has the window.
      const numberOf = (extreme: "high" | "low") =>
        counted.length === 0 ? null : counted.filter((one) => one[extreme]).length;
      return { date: weekday(session), highs: numberOf("high"), lows: numberOf("low") };
    });
    expect((await extremes()).map((row) => ({ ...row }))).toEqual(expected);
    expect(expected.some(({ highs }) => (highs ?? 0) > 0)).toBe(true);
    const { sql } = database;
    const transform = openTransform(sql, { now: () => now });
    await sql`delete from source_polygon_stock_bars_daily where trade_date >= ${weekday(316)}`;
    await transform.build({ fullRefresh: true });
    for (let session = 316; session < 321; session += 1) {
      const at = new Date(now.getTime() + session * 1000);
      await writeBars(
        sql,
        bars.filter(({ date }) => date === weekday(session)),
        at,
      );
      await transform.build();
    }
    expect((await extremes()).map((row) => ({ ...row }))).toEqual(expected);
  });

  test("list every ticker that is listed or has bars, with its first and last", async () => {
    const rows = await database.sql`select * from dim_tickers order by ticker`;
    const unlisted = (ticker: string) => ({
      ...{ ticker, name: null, type: null, primary_exchange: null, active: false, delisted_on: null },
      ...{ status: "unlisted", security_id: `label:${ticker}` },
    });
    const dates = (first: number, last: number) => ({
      first_trade_date: weekday(first),
      last_trade_date: weekday(last),
    });
    expect(rows.map((row) => ({ ...row }))).toEqual([
      { ...unlisted("FLAT"), ...dates(301, 320) },
      {
        ...{ ticker: "GONE", name: "Gone Holdings", type: "ETF", primary_exchange: "XNAS", active: false },
        ...{ delisted_on: "2019-03-01", status: "delisted", security_id: "label:GONE", ...dates(0, 299) },
      },
      {
        ...{
          ticker: "IDLE",
          name: "Never Traded",
          type: "CS",
          primary_exchange: "XNAS",
          active: true,
          delisted_on: null,
        },
        ...{ first_trade_date: null, last_trade_date: null, status: "listed", security_id: null },
      },
      {
        ...{
          ticker: "LONG",
          name: "Long Lived",
          type: "CS",
          primary_exchange: "XNYS",
          active: true,
          delisted_on: null,
        },
        ...{ status: "listed", security_id: "label:LONG" },
        ...dates(0, 320),
      },
      { ...unlisted("MIDL"), ...dates(255, 320) },
      { ...unlisted("NEWT"), ...dates(311, 320) },
    ]);
  });
});
