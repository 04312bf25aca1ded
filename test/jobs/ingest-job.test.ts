import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { sessionsBetween } from "../../jobs/market/calendar.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { createTestDatabase } from "../support/database.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { runsOf, startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { until } from "../support/until.ts";
import { barsBetween, expectCleanState, expectRawBars, marketSize, openMarket } from "../support/warehouse.ts";

/** What the market refuses or leaves out, and what becomes of the runs. */

const week = { from: "2018-09-03", to: "2018-09-07" } as const;
const tuesday = "2018-09-04";
let market: FaultyMarket;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  market.refusal = undefined;
  market.emptySessions.clear();
  market.calls.length = 0;
});

afterAll(() => market.stop());

async function start(options: Partial<Parameters<typeof startTestPipeline>[0]> = {}): Promise<TestPipeline> {
  const pipeline = await startTestPipeline({ market, settings: { startDate: week.from }, ...options });
  closers.push(pipeline.close);
  return pipeline;
}

/** The one run of a session, once it is in one of `states`. */
const ended = (pipeline: TestPipeline, ...states: string[]) =>
  until("the ingest run has ended", async () => {
    const [run] = await runsOf(pipeline.sql, jobIds.ingest);
    return run && states.includes(run.state) && run;
  });

/** The error that an open task was last put off with, and for how many seconds it waits. */
async function putOff(pipeline: TestPipeline): Promise<{ message: string; seconds: number }> {
  return await until("a task waits for its next try", async () => {
    const [task] = await pipeline.sql<{ message: string; seconds: number }[]>`
      select error ->> 'message' as message, extract(epoch from available_at - now())::float8 as seconds
      from barline.tasks where state = 'queued' and failures > 0`;
    return task;
  });
}

test("a refused key fails the run at once and says what to do", async () => {
  market.refusal = { status: 401, message: "Unknown API Key" };
  const pipeline = await start();
  await pipeline.createRun(jobIds.ingest, { session: tuesday });
  const run = await ended(pipeline, "failed");
  expect(run.error?.message).toMatch(/^The market API refused the key .*Unknown API Key$/);
  expect(run.error?.advice).toContain("POLYGON_API_KEY");
});

test("a hundred runs that wait cost one call with a refused key, and all run after a start with a good one", async () => {
  market.refusal = { status: 401, message: "Unknown API Key" };
  const database = await createTestDatabase();
  closers.push(database.drop);
  const settings = { startDate: "2018-05-29", catchup: "all" as const };
  const now = () => new Date("2018-10-18T12:00:00Z");
  const first = await startTestPipeline({ market, settings, database, now });
  await first.settle();
  const failed = await runsOf(database.sql, jobIds.ingest);
  expect(failed).toHaveLength(100);
  expect(new Set(failed.map((run) => run.state))).toEqual(new Set(["failed"]));
  expect(market.calls).toHaveLength(1);
  await first.stop();

  market.refusal = undefined;
  const second = await startTestPipeline({ market, settings, database, now, lake: first.lakeOptions });
  closers.push(second.close);
  await second.settle();
  await expectCleanState(database.sql);
  expect(await runsOf(database.sql, jobIds.ingest)).toHaveLength(100);
  expect(market.calledSessions()).toEqual(sessionsBetween("2018-05-29", "2018-10-17"));
});

test("a key that is refused in the middle of a backfill costs as many calls as are under way", async () => {
  const pipeline = await start();
  await pipeline.createRun(jobIds.ingest, { session: tuesday });
  await pipeline.settle();
  market.calls.length = 0;
  market.refusal = { status: 401, message: "Unknown API Key" };
  await pipeline.backfill("2018-06-01", "2018-08-31");
  await pipeline.settle();
  // One worker fetches three at a time; the splits, from an earlier day on, are read anew before.
  expect(market.calls.length).toBeLessThanOrEqual(4);
});

test("a date before the plan's history fails for good, with advice", async () => {
  const message = "Your plan doesn't include this data timeframe. Please upgrade your plan.";
  market.refusal = { status: 403, message, routes: ["grouped"] };
  const pipeline = await start();
  await pipeline.createRun(jobIds.ingest, { session: tuesday });
  const run = await ended(pipeline, "failed");
  expect(run.error?.advice).toContain("START_DATE");
  expect(market.countOf("grouped")).toBe(1);
});

test("data that the plan does not include fails for good, with advice", async () => {
  market.refusal = { status: 403, message: "You are not entitled to this data.", routes: ["grouped"] };
  const pipeline = await start();
  await pipeline.createRun(jobIds.ingest, { session: tuesday });
  expect((await ended(pipeline, "failed")).error?.advice).toContain("Upgrade");
  expect(market.countOf("grouped")).toBe(1);
});

test("a session that is not over yet for the plan is asked for again half an hour later", async () => {
  const message = "Attempted to request today's data before end of day. Please upgrade your plan.";
  market.refusal = { status: 403, message, routes: ["grouped"] };
  const pipeline = await start();
  await pipeline.createRun(jobIds.ingest, { session: tuesday });
  const waiting = await putOff(pipeline);
  expect(waiting.message).toContain("before end of day");
  expect(waiting.seconds).toBeGreaterThan(29 * 60);
});

test("an empty answer on an open session is asked for again, then fails: it is no holiday", async () => {
  market.emptySessions.add(tuesday);
  const pipeline = await start();
  await pipeline.createRun(jobIds.ingest, { session: tuesday });
  const run = await ended(pipeline, "failed", "success");
  expect(run.state).toBe("failed");
  expect(run.error?.message).toContain(`without a single bar for ${tuesday}, which was an open session`);
  expect(market.countOf("grouped")).toBe(4);
  await pipeline.settle();
  expect(await runsOf(pipeline.sql, jobIds.load)).toEqual([]);

  market.emptySessions.clear();
  await pipeline.backfill(week.from, week.to, { reprocess: "failed" });
  await pipeline.settle();
  await expectRawBars(pipeline.sql, barsBetween(openMarket(), tuesday, tuesday));
});

test("an answer of three seconds is waited for", async () => {
  market.faults = { rate: 1, kinds: ["slow"], slowMs: 3000, routes: ["grouped"] };
  const pipeline = await start();
  await pipeline.createRun(jobIds.ingest, { session: tuesday });
  await pipeline.settle();
  market.faults.rate = 0;
  await expectCleanState(pipeline.sql);
  expect(market.countOf("grouped")).toBe(1);
});
