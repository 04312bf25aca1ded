import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { jobIds } from "../../jobs/pipeline.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type FaultyMarket, rowOf, startFaultyMarket, type WireRow } from "../support/faulty-market.ts";
import { runsOf, startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { barsBetween, expectRawBars, marketSize, openMarket } from "../support/warehouse.ts";

setDefaultTimeout(120_000);

const [first, second, third] = ["2018-08-13", "2018-08-14", "2018-08-15"] as const;
const by = { name: "Ada", via: "dashboard" } as const;
const demo = openMarket();
const every = barsBetween(demo, first, third);
const names = [...new Set(every.map(({ ticker }) => ticker))];
const [victim = "", other = ""] = names;

let market: FaultyMarket;
let database: TestDatabase;
let pipeline: TestPipeline;
beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
});
afterAll(async () => {
  await pipeline?.stop();
  await database?.drop();
  await market.stop();
});
/** A market of which two sessions are published, with a test of the project's own kind: no bar trades just seven shares. */
beforeEach(async () => {
  await pipeline?.stop();
  await database?.drop();
  database = await createTestDatabase();
  market.revise = undefined;
  pipeline = await startTestPipeline({ market, database });
  await fetchSessions(first, second);
});

async function fetchSessions(from: string, to: string, reprocess: "missing" | "all" = "missing"): Promise<void> {
  await pipeline.backfill(from, to, { reprocess });
  await pipeline.settle();
}

/** Makes the rows of some tickers' session say something that passes every check of rows. */
function spoil(tickers: readonly string[], session: string, change: WireRow): void {
  market.revise = (rows, about) =>
    rows.map((row) => {
      const of = rowOf(row, about);
      return of.session === session && tickers.includes(of.ticker) ? { ...row, ...change } : row;
    });
}

/** Rounded to nothing by the models' scale, so that their tests, and not the check of the row, find it. */
const tooSmall = { o: 1e-9, h: 1e-9, l: 1e-9, c: 1e-9, vw: 1e-9 };

const lastTransform = async () => (await runsOf(database.sql, jobIds.transform)).at(-1);
const published = async () =>
  (
    await database.sql<{ told: string }[]>`
      select ticker || ' ' || trade_date as told from public.fct_polygon__stock_bars_performance order by 1`
  ).map(({ told }) => told);
const barsWithout = (isLeftOut: (bar: { ticker: string; date: string }) => boolean) =>
  every.filter((bar) => !isLeftOut(bar));
const keys = (bars: { ticker: string; date: string }[]) => bars.map(({ ticker, date }) => `${ticker} ${date}`).sort();

describe("a doubtful row in the vendor's answer", () => {
  test("is held back with its lake key while the market is published, and published once the vendor mends it", async () => {
    spoil([victim], third, tooSmall);
    await fetchSessions(third, third);
    const run = await lastTransform();
    expect(run).toMatchObject({ state: "success", summary: { quarantined: 1 } });
    const held = barsWithout(({ ticker, date }) => ticker === victim && date === third);
    await expectRawBars(database.sql, held);
    expect(await published()).toEqual(keys(held));
    const [row] = await database.sql<{ key: string; reason: string }[]>`
      select lake_key as key, reason from barline.quarantined_bars`;
    expect(row?.reason).toBe("a price is not positive");
    expect(await pipeline.lakeViewer.text(row?.key ?? "")).toContain(`"T":"${victim}"`);
    // The same again is not believed either, and stands in nobody's way.
    await fetchSessions(third, third, "all");
    expect(await published()).toEqual(keys(held));
    market.revise = undefined;
    await fetchSessions(third, third, "all");
    await expectRawBars(database.sql, every);
    expect(await published()).toEqual(keys(every));
    expect([...(await database.sql`select state, decided_by from barline.quarantines`)]).toMatchObject([
      { state: "released", decided_by: null },
    ]);
  });

  test("is published once somebody releases it", async () => {
    spoil([victim], third, tooSmall);
    await fetchSessions(third, third);
    const [quarantine] = await database.sql<[{ id: number }]>`select id from barline.quarantines`;
    await pipeline.quarantine.release(quarantine.id, "It traded at that.", by);
    await pipeline.settle();
    expect(await lastTransform()).toMatchObject({ state: "success", trigger: "manual" });
    expect(await published()).toEqual(keys(every));
  });

  test("of more tickers than are few stops the publication, and says why", async () => {
    spoil(names.slice(0, 11), third, tooSmall);
    await fetchSessions(third, third);
    expect(await lastTransform()).toMatchObject({
      state: "failed",
      error: { message: expect.stringContaining("11 tickers would be held back, and at most 10 may be.") },
    });
    expect(await published()).toEqual(keys(barsWithout(({ date }) => date === third)));
  });

  test("that is one of two, of which one was published before, leaves what was published", async () => {
    spoil([victim, other], second, tooSmall);
    await fetchSessions(second, third, "all");
    expect(await lastTransform()).toMatchObject({ state: "success", summary: { quarantined: 2 } });
    await expectRawBars(database.sql, every);
    expect(await published()).toEqual(keys(every));
  });
});
