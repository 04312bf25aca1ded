import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { selectPaths } from "../../db/queries/pipeline/read-calendar.ts";
import { createDemoExchange } from "../../jobs/market/demo/exchange.ts";
import { defaultDemoSeed } from "../../jobs/market/demo/server.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { runsOf, startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { until } from "../support/until.ts";
import { barsBetween, expectCleanState, expectRawBars } from "../support/warehouse.ts";

setDefaultTimeout(90_000);

const [monday, tuesday, wednesday] = ["2025-11-10", "2025-11-11", "2025-11-12"];
/** The evening of a day in New York, after its session has settled. */
const eveningOf = (day: string) => new Date(Date.parse(`${day}T22:00:00-05:00`));
const exchange = createDemoExchange({ seed: defaultDemoSeed, untilYear: 2025 });

let now = eveningOf(monday);
let market: FaultyMarket;
let pipeline: TestPipeline;
beforeAll(async () => {
  market = await startFaultyMarket({ tickers: 400, now: () => now });
  const settings = { startDate: monday, catchup: "all", recheckSessions: 2 } as const;
  pipeline = await startTestPipeline({ market, settings, now: () => now });
  await pipeline.settle();
});
afterAll(async () => {
  await pipeline.close();
  await market.stop();
});

/** The schedule is looked at as a job goes on. */
async function wakeOn(day: string): Promise<void> {
  await pipeline.orchestrator.setPaused(jobIds.ingest, true);
  now = eveningOf(day);
  await pipeline.orchestrator.setPaused(jobIds.ingest, false);
}

const unpublished = async () =>
  (await selectPaths(pipeline.sql, jobIds, monday, wednesday))
    .filter(({ isPublished }) => !isPublished)
    .map(({ partition }) => partition);
/** What the loads say of the raw bars since the run `after`, in sums. */
async function loaded(after: number): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { id, summary } of await runsOf(pipeline.sql, jobIds.load)) {
    if (id <= after) continue;
    for (const name of ["new", "revised", "withdrawn", "doubtful"]) {
      sums[name] = (sums[name] ?? 0) + Number(summary?.[name]);
    }
  }
  return sums;
}
const lastRun = async () => (await runsOf(pipeline.sql)).at(-1)?.id ?? 0;

test("after each new session the last ones are fetched again, behind it, and stay published meanwhile", async () => {
  const gone = exchange.firstBars(monday, false).length - exchange.bars(monday, false).length;
  expect(gone).toBeGreaterThan(0);
  const before = await lastRun();
  market.hold(1);
  await wakeOn(tuesday);
  await until("Monday is asked for again", () => market.held() === 1);
  expect(market.calls.filter(({ route }) => route === "grouped").map(({ subject }) => subject)).toEqual([
    ...[monday, tuesday, monday],
  ]);
  await until("Tuesday is published", async () => (await unpublished()).length === 0);
  market.release();
  await pipeline.settle();
  expect(await unpublished()).toEqual([]);
  const sums = await loaded(before);
  expect(sums).toMatchObject({ new: exchange.bars(tuesday, false).length, doubtful: gone, withdrawn: 0 });
  expect(sums.revised).toBeGreaterThan(0);
});

test("what two answers lack is withdrawn, and the warehouse says what the market says in the end", async () => {
  const before = await lastRun();
  await wakeOn(wednesday);
  await until("the round of Wednesday is queued", async () => {
    const rounds = await pipeline.sql`select from barline.recheck_rounds where round = ${wednesday}`;
    return rounds.length === 1;
  });
  await pipeline.settle();
  expect(market.calledSessions()).toEqual([monday, monday, monday, tuesday, tuesday, wednesday]);
  expect((await loaded(before)).withdrawn).toBeGreaterThan(0);
  const stated = [...barsBetween(exchange, monday, tuesday), ...exchange.firstBars(wednesday, false)];
  await expectRawBars(
    pipeline.sql,
    stated.sort((a, b) => (a.ticker === b.ticker ? (a.date < b.date ? -1 : 1) : a.ticker < b.ticker ? -1 : 1)),
  );
  expect(await unpublished()).toEqual([]);
  await expectCleanState(pipeline.sql);
});
