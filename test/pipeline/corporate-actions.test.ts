import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFolderStore } from "../../jobs/lake/folder.ts";
import type { ObjectStore } from "../../jobs/lake/store.ts";
import type { MarketClient, RawAnswer } from "../../jobs/market/client.ts";
import { createReferenceData } from "../../jobs/market/reference-data.ts";
import type { TaskLog } from "../../jobs/orchestrator/types.ts";
import { bar, openTransform, weekday, writeBars, writeDividends, writeSplits } from "../jobs/transform/support.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { marketSize, season } from "../support/warehouse.ts";

setDefaultTimeout(60_000);

type Row = Record<string, unknown>;

const split = (ticker: string, from: number, to: number, more: Row = {}): Row => ({
  ticker,
  execution_date: weekday(20),
  split_from: from,
  split_to: to,
  ...more,
});

describe("splits and dividends that are read", () => {
  let database: TestDatabase;
  let folder: string;
  let lake: ObjectStore;
  let runId: number;
  let clock: Date;
  let splits: Row[];
  let dividends: Row[];
  const warnings: string[] = [];
  const log: TaskLog = { debug() {}, info() {}, warn: (message) => warnings.push(message), error() {} };
  const never = () => {
    throw new Error("Nobody should ask for this.");
  };
  const answer = async function* (rows: Row[]): AsyncGenerator<RawAnswer> {
    const envelope = { status: "OK" as const, results: rows };
    const body = new TextEncoder().encode(JSON.stringify(envelope));
    const received = { redacted: false, requestId: undefined, resultsCount: rows.length, receivedAt: clock };
    yield { path: "/list", body, answer: envelope, ...received };
  };
  const client: MarketClient = {
    ...{ grouped: never, range: never, tickers: never, upcomingHolidays: never },
    splits: () => answer(splits),
    dividends: () => answer(dividends),
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    folder = mkdtempSync(join(tmpdir(), "barline-actions-"));
    lake = createFolderStore({ root: folder, bucket: "test" });
    await lake.ensureReady();
    const { sql } = database;
    await sql`insert into barline.jobs (id) values ('toy') on conflict do nothing`;
    const [run] = await sql<{ id: number }[]>`
      insert into barline.runs (job_id, trigger, state) values ('toy', 'manual', 'success') returning id`;
    runId = run?.id ?? 0;
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await database.drop();
  });
  beforeEach(async () => {
    clock = new Date("2018-02-20T22:00:00Z");
    splits = [];
    dividends = [];
    warnings.length = 0;
    await database.sql`
      truncate barline.reference_reads, barline.rejects, source_polygon_splits, source_polygon_dividends,
        source_polygon_stock_bars_daily`;
  });

  /** As the ingest of another day does. */
  const readAll = async () => {
    clock = new Date(clock.getTime() + 24 * 3_600_000);
    const reference = createReferenceData({ sql: database.sql, client, lake, now: () => clock });
    const context = { run: { id: runId }, log, signal: new AbortController().signal };
    await reference.ensure("splits", "2018-01-01", context);
    await reference.ensure("dividends", "2018-01-01", context);
  };
  const stored = async () => {
    const rows = await database.sql<{ ticker: string; ratio: string; active: boolean; at: Date }[]>`
      select ticker, split_to || ':' || split_from as ratio, active, inserted_at as at
      from source_polygon_splits order by ticker`;
    return rows.map((row) => ({ ...row }));
  };

  test("keep a refused row once, with the reason, the run and the raw object it came from", async () => {
    const reversed = split("AAPL", 4, 1, { historical_adjustment_factor: 0.25 });
    splits = [split("AAPL", 1, 4, { historical_adjustment_factor: 0.25 }), reversed, split("BAD", 0, 1)];
    dividends = [{ ticker: "AAPL", ex_dividend_date: "2018-02-09", cash_amount: -1 }];
    await readAll();
    await readAll();
    const rows = await database.sql<
      { ticker: string; date: string; reason: string; key: string; row: Row; run: number }[]
    >`
      select ticker, trade_date as date, reason, lake_key as key, row, run_id as run from barline.rejects order by id`;
    expect(rows.map(({ ticker, date, reason }) => [ticker, date, reason.split(":")[0]])).toEqual([
      ["BAD", weekday(20), "split_from"],
      ["AAPL", weekday(20), "contradicts another row of its ticker and day"],
      ["AAPL", "2018-02-09", "cash_amount"],
    ]);
    expect(rows[1]?.row).toEqual(reversed);
    for (const { key, run } of rows) {
      expect(run).toBe(runId);
      expect(await lake.head(key)).toBeDefined();
    }
    expect(rows[0]?.key).toStartWith("reference/splits/date=2018-02-21/page-001-");
  });

  test("move a split when its ratio changes, and not when the same ratio is written in other numbers", async () => {
    splits = [split("AAPL", 1, 4), split("PFE", 1, 1.054)];
    await readAll();
    const before = await stored();
    splits = [split("AAPL", 2, 8), split("PFE", 1, 1.054)];
    await readAll();
    expect(await stored()).toEqual(before);
    splits = [split("AAPL", 1, 4), split("PFE", 1, 1.055)];
    await readAll();
    const after = await stored();
    expect(after[0]).toEqual(before[0] as NonNullable<(typeof before)[0]>);
    expect(after[1]).toMatchObject({ ticker: "PFE", ratio: "1.055:1", active: true });
    expect(after[1]?.at.getTime()).toBeGreaterThan(before[1]?.at.getTime() ?? Number.NaN);
  });

  test("take a list that lacks most of what is known for an outage, and a short one for what it says", async () => {
    const all = Array.from({ length: 40 }, (_, index) => split(`T${String(index).padStart(2, "0")}`, 1, 2));
    splits = all;
    await readAll();
    splits = all.slice(0, 5);
    await readAll();
    expect((await stored()).filter(({ active }) => active)).toHaveLength(40);
    expect(warnings.filter((line) => line.includes("none of them counts as withdrawn"))).toHaveLength(1);
    splits = all.slice(0, 30);
    await readAll();
    expect((await stored()).filter(({ active }) => active)).toHaveLength(30);
  });

  test("take odd fields that only describe a dividend for none, and keep its cash", async () => {
    dividends = [
      { ticker: "AAPL", ex_dividend_date: "2018-02-09", cash_amount: 0.63, frequency: 4.5, pay_date: "soon" },
      { ticker: "MSFT", ex_dividend_date: "2018-02-14", cash_amount: 0.42, frequency: 1e12, currency: "USD" },
    ];
    await readAll();
    const rows = await database.sql`
      select ticker, cash_amount::float8 as cash, frequency, pay_date as paid from source_polygon_dividends order by ticker`;
    expect([...rows]).toEqual([
      { ticker: "AAPL", cash: 0.63, frequency: null, paid: null },
      { ticker: "MSFT", cash: 0.42, frequency: null, paid: null },
    ]);
  });

  const paid = async () => {
    const rows = await database.sql<{ date: string; cash: number; type: string | null; active: boolean; at: Date }[]>`
      select ex_dividend_date as date, cash_amount::float8 as cash, distribution_type as type, active, inserted_at as at
      from source_polygon_dividends order by 1, 2, 3`;
    return rows.map((row) => ({ ...row }));
  };
  const dividend = (type: string | undefined, more: Row = {}): Row => ({
    ...{ ticker: "AAPL", ex_dividend_date: "2018-02-09", cash_amount: 0.25, currency: "USD" },
    ...(type !== undefined && { distribution_type: type }),
    ...more,
  });

  test("count an equal regular and special dividend of a day, and the same one under another id once", async () => {
    dividends = [
      dividend("recurring", { id: "1" }),
      dividend("special", { id: "2" }),
      dividend("recurring", { id: "3" }),
    ];
    await readAll();
    expect((await paid()).map(({ type, active }) => [type, active])).toEqual([
      ["recurring", true],
      ["special", true],
    ]);
    dividends = [dividend("special", { id: "2" })];
    await readAll();
    expect((await paid()).map(({ type, active }) => [type, active])).toEqual([
      ["recurring", false],
      ["special", true],
    ]);
  });

  test("give a dividend that was read without a type the type that it has now, and do not take it for another", async () => {
    dividends = [dividend(undefined), dividend(undefined, { ex_dividend_date: "2018-02-12" })];
    await readAll();
    const before = await paid();
    dividends = [dividend("recurring"), dividend("recurring", { ex_dividend_date: "2018-02-12" })];
    await readAll();
    // The stamps stand, so that no model has anything to build.
    expect(await paid()).toEqual(before.map((row) => ({ ...row, type: "recurring" })));
    dividends.push(dividend("special"));
    await readAll();
    expect((await paid()).filter(({ active }) => active)).toHaveLength(3);
  });

  test("give a split its type without building anything anew, and judge it by that", async () => {
    splits = [split("AAPL", 1, 4), split("MSFT", 1, 3)];
    await readAll();
    const before = await stored();
    splits = [
      split("AAPL", 1, 4, { adjustment_type: "forward_split" }),
      split("MSFT", 1, 3, { adjustment_type: "reverse_split" }),
    ];
    await readAll();
    const [apple, microsoft] = await stored();
    expect(apple).toEqual(before[0]);
    expect(microsoft?.at.getTime()).toBeGreaterThan(before[1]?.at.getTime() ?? Number.NaN);
    const aside =
      await database.sql`select ticker, set_aside as kind from source_polygon_splits where set_aside is not null`;
    expect([...aside]).toEqual([{ ticker: "MSFT", kind: "type" }]);
  });

  test("write the whole history of a ticker whose split is new, changed or withdrawn, and not one row of another", async () => {
    const { sql } = database;
    const tickers = ["AAPL", "MSFT", "PFE"];
    // Up to the splits' day: prices from it on would have to follow them.
    const sessions = Array.from({ length: 20 }, (_, index) => index);
    const transform = openTransform(sql, { now: () => clock });
    const bars = tickers.flatMap((ticker) => sessions.map((index) => bar(ticker, index)));
    await writeBars(sql, bars, clock);
    splits = [split("MSFT", 1, 2)];
    await readAll();
    await transform.build();
    const versions = async () => {
      const rows = await sql<{ id: string; version: string; factor: number }[]>`
        select ticker || '_' || trade_date as id, ctid::text || xmin::text as version, split_factor::float8 as factor
        from int_polygon__stock_bars_windows`;
      return new Map(rows.map(({ id, version, factor }) => [id, { version, factor }]));
    };
    const rewritten = async (next: Row[]) => {
      const before = await versions();
      splits = next;
      await readAll();
      await transform.build();
      const after = await versions();
      expect(after.size).toBe(before.size);
      const moved = [...after].filter(([id, { version }]) => before.get(id)?.version !== version);
      return { ids: moved.map(([id]) => id).sort(), factor: after.get(`AAPL_${weekday(0)}`)?.factor };
    };
    const apple = sessions.map((index) => `AAPL_${weekday(index)}`).sort();
    expect(await rewritten([split("MSFT", 1, 2)])).toEqual({ ids: [], factor: 1 });
    expect(await rewritten([split("MSFT", 1, 2), split("AAPL", 1, 4)])).toEqual({ ids: apple, factor: 0.25 });
    expect(await rewritten([split("MSFT", 1, 2), split("AAPL", 1, 5)])).toEqual({ ids: apple, factor: 0.2 });
    expect(await rewritten([split("MSFT", 1, 2)])).toEqual({ ids: apple, factor: 1 });
  });
});

describe("adjusted bars", () => {
  test("are rounded once: to four decimals they are what the exact quotient is", async () => {
    const database = await createTestDatabase();
    const at = new Date("2018-03-01T22:00:00Z");
    // Quotients that six decimals would bring exactly between two figures of four.
    const prices = [85.93, 70.4, 56.62, 78.43];
    const bars = prices.map((close, index) => ({ ...bar("FTV", index), open: close, high: close, low: close, close }));
    await writeBars(database.sql, bars, at);
    await writeSplits(database.sql, [{ ticker: "FTV", date: weekday(9), from: 1, to: 1.195, active: true }], at);
    expect((await openTransform(database.sql, { now: () => at }).build()).published).toBe(true);
    const rows = await database.sql<{ close: number }[]>`
      select round(close_price, 4)::float8 as close from fct_polygon__stock_bars_performance order by trade_date`;
    expect(rows.map(({ close }) => close)).toEqual(prices.map((price) => Math.round((price / 1.195) * 1e4) / 1e4));
    await database.drop();
  });

  test("have a volume wherever a share was traded, however many shares made one since, and so has their average", async () => {
    const database = await createTestDatabase();
    const at = new Date("2018-03-01T22:00:00Z");
    const bars = Array.from({ length: 25 }, (_, index) => ({
      ...bar("MULN", index),
      volume: index === 0 ? 0.000001 : 3_000_000,
    }));
    await writeBars(database.sql, [...bars, bar("AAPL", 0)], at);
    // Eight reverse splits, together 1 for 3.375e13, as one company had them.
    const splits = [25, 9, 100, 100, 60, 100, 100, 250].map((from, index) => ({
      ...{ ticker: "MULN", date: weekday(25 + index), from, to: 1, active: true },
    }));
    await writeSplits(database.sql, splits, at);
    expect((await openTransform(database.sql, { now: () => at }).build()).published).toBe(true);
    const [least] = await database.sql`
      select
        bool_and(volume > 0) as traded,
        min(avg_volume_20d) > 0 as averaged,
        bool_and(abs(volume * split_factor / raw - 1) < 1e-6) filter (where raw > 1) as exact,
        max(scale(volume)) filter (where facts.ticker = 'AAPL') as scale
      from fct_polygon__stock_bars_performance as facts
      inner join (
        select ticker, trade_date, volume as raw from source_polygon_stock_bars_daily
      ) as bars using (ticker, trade_date)`;
    expect(least).toEqual({ traded: true, averaged: true, exact: true, scale: 6 });
    await database.drop();
  });

  test("take the cash of a split's own day for that of a new share", async () => {
    const database = await createTestDatabase();
    const at = new Date("2018-03-01T22:00:00Z");
    const flat = (index: number, price: number) => ({
      ...{ ...bar("DUPD", index), open: price, high: price, low: price, close: price },
    });
    await writeBars(database.sql, [flat(0, 100), flat(1, 49), flat(2, 49)], at);
    await writeSplits(database.sql, [{ ticker: "DUPD", date: weekday(1), from: 1, to: 2, active: true }], at);
    await writeDividends(database.sql, [{ ticker: "DUPD", date: weekday(1), amount: 1, active: true }], at);
    expect((await openTransform(database.sql, { now: () => at }).build()).published).toBe(true);
    const rows = await database.sql<{ total: number }[]>`
      select total_return_close::float8 as total from fct_polygon__stock_bars_performance order by trade_date`;
    // Two shares of 49 and 2 in cash are the 100 of before.
    expect(rows.map(({ total }) => total)).toEqual([50, 50, 50]);
    await database.drop();
  });

  let market: FaultyMarket;
  let pipeline: TestPipeline;

  beforeAll(async () => {
    market = await startFaultyMarket({ tickers: marketSize });
    pipeline = await startTestPipeline({ market, settings: { startDate: season.from } });
    await pipeline.backfill(season.from, season.to);
    await pipeline.settle();
  }, 60_000);
  afterAll(async () => {
    await pipeline.close();
    await market.stop();
  });

  test("equal the market's own adjusted answers to four decimals, session by session", async () => {
    const rows = await pipeline.sql<
      { ticker: string; date: string; o: number; h: number; l: number; c: number; v: number }[]
    >`
      select ticker, trade_date as date, round(open_price, 4)::float8 as o, round(high_price, 4)::float8 as h,
        round(low_price, 4)::float8 as l, round(close_price, 4)::float8 as c, volume::float8 as v
      from public.fct_polygon__stock_bars_performance`;
    const bySession = Map.groupBy(rows, ({ date }) => date);
    expect(bySession.size).toBe(60);
    let adjusted = 0;
    for (const [date, bars] of bySession) {
      const url = `${market.url}/v2/aggs/grouped/locale/us/market/stocks/${date}`;
      const headers = { authorization: `Bearer ${market.apiKey}` };
      const ask = async (query: string) =>
        (await (await fetch(`${url}?adjusted=${query}`, { headers })).json()) as {
          results: { T: string; o: number; h: number; l: number; c: number; v: number }[];
        };
      const [own, raw] = [(await ask("true")).results, (await ask("false")).results];
      const byTicker = new Map(bars.map((one) => [one.ticker, one]));
      expect(byTicker.size).toBe(own.length);
      for (const { T: ticker, o, h, l, c, v } of own) {
        const { v: volume = Number.NaN, ...prices } = byTicker.get(ticker) ?? {};
        expect(prices).toEqual({ ticker, date, o, h, l, c });
        // The market tells adjusted volumes in whole shares.
        expect(Math.abs(volume - v)).toBeLessThanOrEqual(0.5 + 1e-6);
      }
      adjusted += own.filter(({ c }, index) => c !== raw[index]?.c).length;
    }
    // Or the test would hold of prices that nothing adjusts.
    expect(adjusted).toBeGreaterThan(100);
  });
});
