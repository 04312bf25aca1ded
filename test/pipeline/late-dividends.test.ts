import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { jobIds } from "../../jobs/pipeline.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { until } from "../support/until.ts";
import { marketSize, openMarket, season } from "../support/warehouse.ts";

setDefaultTimeout(60_000);

/** Eleven sessions, in which some of the forty tickers pay; fetched by one run, so that one build follows at once. */
const lastSession = "2018-08-27";

describe("dividends that are read after the bars were published", () => {
  let market: FaultyMarket;
  let pipeline: TestPipeline;
  const tickers = openMarket()
    .tickers()
    .map(({ ticker }) => ticker);
  let now = new Date();
  const gate = Promise.withResolvers<void>();

  beforeAll(async () => {
    market = await startFaultyMarket({ tickers: marketSize });
    pipeline = await startTestPipeline({
      market,
      settings: { startDate: season.from },
      now: () => now,
      // The answer of the dividends is held up where it lands; the bars go their way meanwhile.
      wrapLake: (lake) => ({
        ...lake,
        async put(key, ...rest) {
          if (key.startsWith("reference/dividends")) await gate.promise;
          return await lake.put(key, ...rest);
        },
      }),
    });
  }, 60_000);
  afterAll(async () => {
    gate.resolve();
    await pipeline.close();
    await market.stop();
  });

  const runs = async (jobId: string, state: string): Promise<number> => {
    const [row] = await pipeline.sql<[{ count: number }]>`
      select count(*)::int as count from barline.runs where job_id = ${jobId}::text and state = ${state}::text`;
    return row.count;
  };
  /** Bars whose price with dividends reinvested is above the price alone. */
  const reinvested = async (): Promise<number> => {
    const [row] = await pipeline.sql<[{ count: number }]>`
      select count(*)::int as count from fct_polygon__stock_bars_performance where dividend_factor <> 1 and total_return_close > close_price`;
    return row.count;
  };
  const events = async (): Promise<number> => {
    // Each publication records one of its own.
    const [row] = await pipeline.sql<[{ count: number }]>`
      select count(*)::int as count from barline.dataset_events where dataset not like '%/fct_polygon__stock_bars_performance'`;
    return row.count;
  };

  test("reach the fact by themselves, without another bar, and once", async () => {
    await pipeline.backfill(season.from, lastSession, { strategy: "per_ticker", tickers });
    // All bars are published, and only the run that reads the dividends is left.
    await until(
      "all but the dividends is done",
      async () => {
        const [work] = await pipeline.sql<[{ left: number }]>`
        select (select count(*) from barline.pending_events)::int
          + (select count(*) from barline.runs where state in ('queued', 'running'))::int as left`;
        return work.left === 1 && (await runs(jobIds.transform, "success")) === 1;
      },
      45_000,
    );
    expect(await runs(jobIds.ingest, "running")).toBe(1);
    expect(await reinvested()).toBe(0);
    gate.resolve();
    await pipeline.settle();
    expect(await reinvested()).toBeGreaterThan(0);
    expect(await runs(jobIds.transform, "success")).toBe(2);
    // One event for each ingest and load, as ever.
    expect(await events()).toBe(2);
  });

  test("that say the same when they are read again wake nobody", async () => {
    now = new Date(now.getTime() + 30 * 3_600_000);
    const asked = market.countOf("dividends");
    await pipeline.createRun(jobIds.ingest, { session: lastSession });
    await pipeline.settle();
    expect(market.countOf("dividends")).toBeGreaterThan(asked);
    // The bars of the session woke one build; the dividends none.
    expect(await runs(jobIds.transform, "success")).toBe(3);
    expect(await events()).toBe(4);
  });

  test("leave nothing behind that would be seen to again", async () => {
    const kinds = await pipeline.sql<{ kind: string }[]>`select kind from barline.reference_reads order by kind`;
    expect(kinds.map(({ kind }) => kind)).toEqual([
      "dividends",
      "dividends_whole",
      "splits",
      "splits_whole",
      "tickers",
    ]);
  });
});
