import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { jobIds } from "../../jobs/pipeline.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type FaultyMarket, startFaultyMarket, type WireRow } from "../support/faulty-market.ts";
import { runsOf, startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { barsBetween, expectRawBars, marketSize, openMarket } from "../support/warehouse.ts";

setDefaultTimeout(120_000);

const [first, second, third] = ["2018-08-13", "2018-08-14", "2018-08-15"] as const;
const by = { name: "Ada", via: "dashboard" } as const;
const demo = openMarket();
const every = barsBetween(demo, first, third);
const names = [...new Set(every.map(({ ticker }) => ticker))];
/** What the database makes a bad row of, below. */
const marked = 1234.5;
const bad = { o: marked, h: marked, l: marked, c: marked, vw: marked };
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
/**
 * A market of which two sessions are published. No row that is known to be bad passes the checks of rows any more, so the database
 * itself makes one of what has the marked price, as it is staged.
 */
beforeEach(async () => {
  await pipeline?.stop();
  await database?.drop();
  database = await createTestDatabase();
  market.revise = undefined;
  pipeline = await startTestPipeline({ market, database });
  await fetchSessions(first, second);
  await database.sql`
    create function spoil() returns trigger language plpgsql as
    $$ begin if new.close = 1234.5 then new.transactions = -1; end if; return new; end $$`;
  await database.sql`
    create trigger spoil before insert on barline.staging_stock_bars for each row execute function spoil()`;
});

async function fetchSessions(from: string, to: string, reprocess: "missing" | "all" = "missing"): Promise<void> {
  await pipeline.backfill(from, to, { reprocess });
  await pipeline.settle();
}

/** Changes the rows of some tickers' session. */
function spoil(tickers: readonly string[], session: string, change: WireRow): void {
  market.revise = (rows, about) =>
    about.subject === session
      ? rows.map((row) => (tickers.includes(String(row.T)) ? { ...row, ...change } : row))
      : rows;
}

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
    spoil([victim], third, bad);
    await fetchSessions(third, third);
    const run = await lastTransform();
    expect(run).toMatchObject({ state: "success", summary: { quarantined: 1 } });
    const held = barsWithout(({ ticker, date }) => ticker === victim && date === third);
    await expectRawBars(database.sql, held);
    expect(await published()).toEqual(keys(held));
    const [row] = await database.sql<{ key: string; reason: string }[]>`
      select lake_key as key, reason from barline.quarantined_bars`;
    expect(row?.reason).toBe("transactions are negative");
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
    spoil([victim], third, bad);
    await fetchSessions(third, third);
    const [quarantine] = await database.sql<[{ id: number }]>`select id from barline.quarantines`;
    await pipeline.quarantine.release(quarantine.id, "It traded at that.", by);
    await pipeline.settle();
    expect(await lastTransform()).toMatchObject({ state: "success", trigger: "manual" });
    expect(await published()).toEqual(keys(every));
  });

  test("of more tickers than are few stops the publication, and says why", async () => {
    spoil(names.slice(0, 11), third, bad);
    await fetchSessions(third, third);
    expect(await lastTransform()).toMatchObject({
      state: "failed",
      error: { message: expect.stringContaining("11 tickers would be held back, and at most 10 may be.") },
    });
    expect(await published()).toEqual(keys(barsWithout(({ date }) => date === third)));
  });

  test("that is one of two, of which one was published before, leaves what was published", async () => {
    spoil([victim, other], second, bad);
    await fetchSessions(second, third, "all");
    expect(await lastTransform()).toMatchObject({ state: "success", summary: { quarantined: 2 } });
    await expectRawBars(database.sql, every);
    expect(await published()).toEqual(keys(every));
  });
});
