import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readManifest, readRaw } from "../../jobs/lake/manifest.ts";
import { createDemoExchange } from "../../jobs/market/demo/exchange.ts";
import { defaultDemoSeed } from "../../jobs/market/demo/server.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { type FaultyMarket, startFaultyMarket, type WireRow } from "../support/faulty-market.ts";
import { runsOf, startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { until } from "../support/until.ts";
import { barsBetween, expectCleanState, warehouseDigest } from "../support/warehouse.ts";

setDefaultTimeout(90_000);

/** One bar of so many is less than the share that a complete answer may lack. */
const marketSize = 80;
const range = { from: "2018-10-01", to: "2018-10-05" };
const session = "2018-10-03";

let market: FaultyMarket;
let pipeline: TestPipeline;
let tickers: string[];

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
  pipeline = await startTestPipeline({ market });
  await pipeline.backfill(range.from, range.to);
  await pipeline.settle();
  const demo = createDemoExchange({ seed: defaultDemoSeed, tickers: marketSize, untilYear: 2018 });
  tickers = barsBetween(demo, session, session).map(({ ticker }) => ticker);
});
afterAll(async () => {
  await pipeline.close();
  await market.stop();
});

/** Fetches `session` again, with the rows that `change` makes of its answer, and answers what the load says of it. */
async function recheck(change: (rows: WireRow[]) => WireRow[], more: { tickers?: string[] } = {}) {
  market.revise = (rows, { route, subject }) => (route === "range" || subject === session ? change(rows) : rows);
  await pipeline.backfill(session, session, { reprocess: "recheck", strategy: "auto", ...more });
  await pipeline.settle();
  return (await runsOf(pipeline.sql, jobIds.load)).at(-1)?.summary;
}

const without = (ticker: string) => (rows: WireRow[]) => rows.filter((row) => row.T !== ticker);
const raw = async (ticker: string) =>
  (
    await pipeline.sql`
    select close::float8 from source_polygon_stock_bars_daily where ticker = ${ticker} and trade_date = ${session}`
  )[0]?.close;
const published = async (ticker: string) =>
  (
    await pipeline.sql`
    select round(close_price / split_factor, 2)::float8 as close from fct_polygon__stock_bars_performance
    where ticker = ${ticker} and trade_date = ${session}`
  )[0]?.close;
const builds = async () => (await runsOf(pipeline.sql, jobIds.transform)).length;

describe("a recheck", () => {
  test("of what the vendor has not changed touches nothing, wakes no build, and leaves the session its run", async () => {
    const before = { builds: await builds(), stamp: await newestStamp() };
    expect(await recheck((rows) => rows)).toMatchObject({
      new: 0,
      revised: 0,
      withdrawn: 0,
      unchanged: tickers.length,
    });
    expect({ builds: await builds(), stamp: await newestStamp() }).toEqual(before);
    const [held] = await pipeline.sql`
      select runs.parameters, runs.state from barline.run_partitions join barline.runs on runs.id = run_id
      where run_partitions.partition = ${session}`;
    expect(held).toMatchObject({ state: "success" });
    expect(held?.parameters).not.toHaveProperty("recheck");
    await expectCleanState(pipeline.sql);
  });

  test("restates a bar that was revised, with the raw files that say the one and the other", async () => {
    const [ticker = ""] = tickers;
    const old = await raw(ticker);
    const close = (rows: WireRow[]) => rows.map((row) => (row.T === ticker ? { ...row, h: 99_999, c: 99_998 } : row));
    const before = await builds();
    expect(await recheck(close)).toMatchObject({ new: 0, revised: 1, withdrawn: 0, unchanged: tickers.length - 1 });
    expect(await builds()).toBe(before + 1);
    const [restated] = await pipeline.sql<{ close: number; statedKey: string; replacedKey: string }[]>`
      select close::float8, stated_key as "statedKey", replaced_key as "replacedKey"
      from source_polygon_stock_bars_restatements where ticker = ${ticker} and trade_date = ${session}`;
    expect(restated?.close).toBe(old);
    expect(await closeIn(restated?.statedKey, ticker)).toBe(old);
    expect(await closeIn(restated?.replacedKey, ticker)).toBe(99_998);
    // Killed behind its merge, the task merges again, finds nothing to do, and still says what it did.
    const [merge] = await pipeline.sql<{ id: number }[]>`
      select max(id) as id from barline.tasks where name = 'merge'`;
    await pipeline.orchestrator.clearTask(merge?.id ?? 0);
    await pipeline.settle();
    expect((await runsOf(pipeline.sql, jobIds.load)).at(-1)?.summary).toMatchObject({
      ...{ revised: 1, unchanged: tickers.length - 1, withdrawn: 0 },
      ...{ firstDate: session, lastDate: session },
    });
    await recheck((rows) => rows);
  });

  test("doubts a bar that one answer lacks, withdraws it after the next, and takes it back with the vendor", async () => {
    const ticker = tickers[5] ?? "";
    const close = await raw(ticker);
    expect(await recheck(without(ticker))).toMatchObject({ doubtful: 1, withdrawn: 0, revised: 0 });
    expect([await raw(ticker), await published(ticker)]).toEqual([close, close]);
    expect(await recheck(without(ticker))).toMatchObject({ doubtful: 0, withdrawn: 1, firstDate: session });
    expect([await raw(ticker), await published(ticker)]).toEqual([undefined, undefined]);
    const [withdrawn] = await pipeline.sql`
      select close::float8, earlier_key as earlier, doubted_key as doubted, later_key as later, returned_at as returned
      from source_polygon_withdrawn_bars where ticker = ${ticker}`;
    expect(withdrawn).toMatchObject({ close, returned: null });
    expect(await closeIn(withdrawn?.earlier, ticker)).toBe(close);
    expect(await closeIn(withdrawn?.doubted, ticker)).toBeUndefined();
    expect(await closeIn(withdrawn?.later, ticker)).toBeUndefined();
    expect(withdrawn?.later).not.toBe(withdrawn?.doubted);
    expect(await recheck((rows) => rows)).toMatchObject({ new: 1, returned: 1, withdrawn: 0, doubtful: 0 });
    expect([await raw(ticker), await published(ticker)]).toEqual([close, close]);
    const rows = await pipeline.sql`select returned_at as returned from source_polygon_withdrawn_bars`;
    expect(rows).toMatchObject([{ returned: expect.any(Date) }]);
    await expectNoTrace();
  });

  test("does not count two answers that one in between contradicts, nor one that lacks too much", async () => {
    const ticker = tickers[7] ?? "";
    expect(await recheck(without(ticker))).toMatchObject({ doubtful: 1 });
    expect(await recheck((rows) => rows)).toMatchObject({ doubtful: 0, withdrawn: 0 });
    expect(await recheck(without(ticker))).toMatchObject({ doubtful: 1, withdrawn: 0 });
    await recheck((rows) => rows);
    const half = (rows: WireRow[]) => rows.slice(0, rows.length / 2);
    for (const _ of [1, 2, 3]) expect(await recheck(half)).toMatchObject({ doubtful: 0, withdrawn: 0 });
    await expectNoTrace();
  });

  test("takes a row that failed a check for no sign that the bar was taken back", async () => {
    const ticker = tickers[9] ?? "";
    const broken = (rows: WireRow[]) => rows.map((row) => (row.T === ticker ? { ...row, h: 1, l: 2 } : row));
    for (const _ of [1, 2]) expect(await recheck(broken)).toMatchObject({ rejected: 1, doubtful: 0, withdrawn: 0 });
    await expectNoTrace();
  });

  test("of several answers in one load judges them in their order", async () => {
    const ticker = tickers[11] ?? "";
    await pipeline.orchestrator.setPaused(jobIds.load, true);
    market.revise = (rows, { subject }) => (subject === session ? without(ticker)(rows) : rows);
    const ask = () => pipeline.backfill(session, session, { reprocess: "recheck" });
    for (const _ of [1, 2]) {
      const { id } = await ask();
      await backfillEnds(id);
    }
    await pipeline.orchestrator.setPaused(jobIds.load, false);
    await pipeline.settle();
    expect((await runsOf(pipeline.sql, jobIds.load)).at(-1)?.summary).toMatchObject({ doubtful: 1, withdrawn: 1 });
    expect([await raw(ticker), await published(ticker)]).toEqual([undefined, undefined]);
    const incremental = await warehouseDigest(pipeline.sql);
    await pipeline.createRun(jobIds.transform, { fullRefresh: true });
    await pipeline.settle();
    expect(await warehouseDigest(pipeline.sql)).toBe(incremental);
    await recheck((rows) => rows);
  });

  test("of one ticker counts in the same way, where its answer holds enough of what is known of it", async () => {
    const ticker = tickers[13] ?? "";
    const ask = async (drop: number, from: string) => {
      market.revise = (rows, { route }) => (route === "range" ? rows.toSpliced(2, drop) : rows);
      await pipeline.backfill(from, range.to, { reprocess: "recheck", strategy: "auto", tickers: [ticker] });
      await pipeline.settle();
      return (await runsOf(pipeline.sql, jobIds.load)).at(-1)?.summary;
    };
    // One of five is more than a complete answer may lack.
    for (const _ of [1, 2]) expect(await ask(1, range.from)).toMatchObject({ doubtful: 0, withdrawn: 0, unchanged: 4 });
    await pipeline.backfill("2018-07-02", range.to);
    await pipeline.settle(60_000);
    expect(await ask(1, "2018-07-02")).toMatchObject({ doubtful: 1, withdrawn: 0 });
    expect(await ask(1, "2018-07-02")).toMatchObject({ doubtful: 0, withdrawn: 1, firstDate: "2018-07-05" });
    expect(await ask(0, "2018-07-02")).toMatchObject({ new: 1, returned: 1 });
    await expectNoTrace();
  });
});

async function backfillEnds(id: number): Promise<void> {
  await until("the backfill has ended", async () => {
    const [row] = await pipeline.sql`select state from barline.backfills where id = ${id}`;
    return row?.state === "success";
  });
}

async function newestStamp(): Promise<unknown> {
  return (await pipeline.sql`select max(inserted_at) as at from source_polygon_stock_bars_daily`)[0]?.at;
}

async function expectNoTrace(): Promise<void> {
  expect([...(await pipeline.sql`select * from barline.doubtful_bars`)]).toEqual([]);
  expect([...(await pipeline.sql`select * from source_polygon_removed_bars`)]).toEqual([]);
}

/** The close of a ticker in a raw file of the lake; undefined where it has no such row. */
async function closeIn(key: string | undefined, ticker: string): Promise<number | undefined> {
  for await (const { key: manifest } of pipeline.lake.list("manifests/")) {
    const object = (await readManifest(pipeline.lake, manifest)).objects.find((one) => one.key === key);
    if (!object) continue;
    const { results } = JSON.parse(new TextDecoder().decode(await readRaw(pipeline.lake, object)));
    return (results as WireRow[]).find((row) => row.T === ticker)?.c as number | undefined;
  }
  throw new Error(`No manifest lists ${key}.`);
}
