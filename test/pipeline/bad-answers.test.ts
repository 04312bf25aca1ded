import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { sessionsBetween } from "../../jobs/market/calendar.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { type FaultyMarket, startFaultyMarket, type WireRow } from "../support/faulty-market.ts";
import { runsOf, startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { until } from "../support/until.ts";
import {
  barsBetween,
  expectCleanState,
  expectFact,
  expectRawBars,
  marketSize,
  openMarket,
} from "../support/warehouse.ts";

/** Answers that are not about what was asked, all the way to what is published. Each was met by somebody. */

const [tuesday, wednesday, thursday] = ["2018-09-04", "2018-09-05", "2018-09-06"] as const;
const demo = openMarket();
let market: FaultyMarket;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  market.revise = undefined;
  market.relabel = undefined;
  market.calls.length = 0;
});

afterAll(() => market.stop());

async function start(options: Partial<Parameters<typeof startTestPipeline>[0]> = {}): Promise<TestPipeline> {
  const pipeline = await startTestPipeline({ market, settings: { startDate: tuesday }, ...options });
  closers.push(pipeline.close);
  return pipeline;
}

async function fetched(pipeline: TestPipeline, ...sessions: string[]): Promise<void> {
  for (const session of sessions) {
    await pipeline.createRun(jobIds.ingest, { session });
    await pipeline.settle();
  }
}

const keptRows = async (pipeline: TestPipeline) => [
  ...(await pipeline.sql<{ kind: string; ticker: string | null; date: string | null; reason: string; key: string }[]>`
    select kind, ticker, trade_date as date, reason, lake_key as key from barline.rejects order by id`),
];

/** The end of a session, and its start, in New York in the summer. */
const endOf = (session: string) => Date.parse(`${session}T20:00:00Z`);
const startOf = (session: string) => Date.parse(`${session}T04:00:00Z`);

test("a garbage row is refused with its reason and lake key; the others are published, now and later", async () => {
  const price = 8903334989143.225;
  const figures = { v: 2794368142, vw: price, o: price, c: price, h: price, l: price };
  const garbage = ["\\u0000HTLP^\uFFFD\uFFFD-$b", "HTLP"].map((T) => ({ T, ...figures, t: endOf(tuesday) }));
  market.revise = (rows, { subject }) => (subject === tuesday ? [...rows, ...garbage] : rows);
  const pipeline = await start();
  await fetched(pipeline, tuesday, wednesday);
  const bars = barsBetween(demo, tuesday, wednesday);
  await expectRawBars(pipeline.sql, bars);
  await expectFact(pipeline.sql, bars, demo);
  await expectCleanState(pipeline.sql);
  const rejects = await keptRows(pipeline);
  expect(rejects).toMatchObject([
    { kind: "reject", ticker: garbage[0]?.T, date: tuesday, reason: "ticker is malformed" },
    { kind: "reject", ticker: "HTLP", date: tuesday, reason: "open is too large" },
  ]);
  for (const { key } of rejects) expect(await pipeline.lake.head(key)).toBeDefined();
});

test("of two rows of a ticker that of the session counts, whatever its place", async () => {
  const stale = { v: 0, vw: 14.6595, o: 14.6595, h: 14.6595, l: 14.6595, c: 14.6595, n: 0, t: endOf(tuesday) };
  market.revise = (rows) => [{ ...stale, T: "ALGA" }, ...rows, { ...stale, T: "BRRI" }, { ...stale, T: "GONE" }];
  const pipeline = await start();
  await fetched(pipeline, wednesday);
  const bars = barsBetween(demo, wednesday, wednesday);
  await expectFact(pipeline.sql, bars, demo);
  await expectCleanState(pipeline.sql);
  expect((await keptRows(pipeline)).map(({ ticker, reason }) => [ticker, reason])).toEqual(
    ["ALGA", "BRRI", "GONE"].map((ticker) => [ticker, "row is of another session"]),
  );
});

test("a vwap far outside of its day's range is left out with a note, and the bar published", async () => {
  market.revise = (rows) => rows.map((row) => (row.T === "ALGA" ? { ...row, vw: Number(row.h) * 1000 } : row));
  const pipeline = await start();
  await fetched(pipeline, tuesday);
  const bars = barsBetween(demo, tuesday, tuesday);
  await expectRawBars(
    pipeline.sql,
    bars.map((bar) => (bar.ticker === "ALGA" ? { ...bar, vwap: undefined } : bar)),
  );
  await expectFact(pipeline.sql, bars, demo);
  expect(await keptRows(pipeline)).toMatchObject([{ kind: "note", ticker: "ALGA", date: tuesday }]);
  const [run] = await runsOf(pipeline.sql, jobIds.load);
  expect(run?.summary).toMatchObject({ rows: bars.length, rejected: 0 });
});

test("a range's rows of other days and of another ticker are refused, and repeats count once", async () => {
  const pipeline = await start();
  await fetched(pipeline, tuesday);
  const range = { from: wednesday, to: "2018-09-20" } as const;
  const outside = (row: WireRow | undefined) =>
    [tuesday, "2017-08-03"].map((day) => ({ ...row, c: row?.l, t: startOf(day) }));
  market.revise = (rows, { route, subject }) => {
    if (route !== "range") return rows;
    if (subject === "ALGA") return [...outside(rows[0]), ...rows];
    if (subject === "BRRI")
      return [{ ...rows[0], T: "X:BTCUSD", c: rows[0]?.l }, ...rows.map((row) => ({ ...row, T: "BRRI" }))];
    return [...rows, ...rows];
  };
  const tickers = ["ALGA", "BRRI", "YAHO"];
  await pipeline.backfill(range.from, range.to, { tickers, strategy: "per_ticker" });
  await pipeline.settle();
  const bars = barsBetween(demo, tuesday, range.to).filter(
    ({ ticker, date }) => date === tuesday || tickers.includes(ticker),
  );
  await expectRawBars(pipeline.sql, bars);
  await expectFact(pipeline.sql, bars, demo);
  await expectCleanState(pipeline.sql);
  expect((await keptRows(pipeline)).map(({ ticker, date, reason }) => [ticker, date, reason])).toEqual([
    ["ALGA", tuesday, "row is outside the range asked for"],
    ["ALGA", "2017-08-03", "row is outside the range asked for"],
    ["BRRI", wednesday, "row is of another ticker"],
  ]);
  const load = (await runsOf(pipeline.sql, jobIds.load)).at(-1);
  expect(load?.summary).toMatchObject({ rejected: 3, repeated: sessionsBetween(range.from, range.to).length });
});

test("an answer that says it is of another ticker is asked for again; then the batch fails and names both", async () => {
  market.relabel = ({ subject }) => (subject === "BRRI" ? { ticker: "TJX" } : {});
  const pipeline = await start();
  await pipeline.backfill(tuesday, thursday, { tickers: ["BRRI"], strategy: "per_ticker" });
  await pipeline.settle();
  const [run] = await runsOf(pipeline.sql, jobIds.ingest);
  expect(run?.state).toBe("failed");
  expect(run?.error?.message).toMatch(/answer is of "TJX", where BRRI was asked for/);
  expect(market.countOf("range")).toBe(4);
  await expectRawBars(pipeline.sql, []);
});

/** From now on the market answers for Wednesday with Tuesday's bars, as Wednesday's. */
function answerTuesdayOnWednesday(): void {
  const before = barsBetween(demo, tuesday, tuesday).map(
    ({ ticker: T, open: o, high: h, low: l, close: c, volume: v }) => ({
      ...{ T, o, h, l, c, v, t: endOf(wednesday) },
    }),
  );
  market.revise = (rows, { subject }) => (subject === wednesday ? before : rows);
}

const overAgain = new RegExp(`answer for ${wednesday} is that of ${tuesday} over again`);
const lastRun = async (pipeline: TestPipeline, session: string) =>
  (await runsOf(pipeline.sql, jobIds.ingest)).filter(({ partition }) => partition === session).at(-1);

test("an answer that is the session before's over again is asked for again, then fails, and is not published", async () => {
  answerTuesdayOnWednesday();
  const pipeline = await start();
  await fetched(pipeline, tuesday, wednesday, thursday);
  const run = await lastRun(pipeline, wednesday);
  expect(run?.state).toBe("failed");
  expect(run?.error?.message).toMatch(overAgain);
  expect(market.calledSessions().filter((session) => session === wednesday)).toHaveLength(4);
  const bars = [...barsBetween(demo, tuesday, tuesday), ...barsBetween(demo, thursday, thursday)];
  await expectRawBars(
    pipeline.sql,
    bars.sort((a, b) => (a.ticker < b.ticker || (a.ticker === b.ticker && a.date < b.date) ? -1 : 1)),
  );
  market.revise = undefined;
  await fetched(pipeline, wednesday);
  await expectFact(pipeline.sql, barsBetween(demo, tuesday, thursday), demo);
});

test("an answer most of whose rows say that they are of the session before is none", async () => {
  market.revise = (rows, { subject }) =>
    subject === wednesday ? rows.map((row) => ({ ...row, t: endOf(tuesday) })) : rows;
  const pipeline = await start();
  await fetched(pipeline, wednesday);
  const run = await lastRun(pipeline, wednesday);
  expect(run?.error?.message).toMatch(
    new RegExp(`for ${wednesday} is of another session: \\d+ of its \\d+ rows are of ${tuesday}`),
  );
  await expectRawBars(pipeline.sql, []);
});

test("a session over again that came before the one it repeats is found when both are loaded, and fetched again", async () => {
  answerTuesdayOnWednesday();
  const pipeline = await start();
  await pipeline.orchestrator.setPaused(jobIds.load, true);
  for (const session of [wednesday, tuesday]) {
    await pipeline.createRun(jobIds.ingest, { session });
    await until("it has landed", async () => (await lastRun(pipeline, session))?.state === "success");
  }
  await pipeline.orchestrator.setPaused(jobIds.load, false);
  await pipeline.settle();
  await expectRawBars(pipeline.sql, barsBetween(demo, tuesday, tuesday));
  await expectFact(pipeline.sql, barsBetween(demo, tuesday, tuesday), demo);
  expect((await lastRun(pipeline, wednesday))?.error?.message).toMatch(overAgain);
  const rows = barsBetween(demo, tuesday, tuesday).length;
  expect((await runsOf(pipeline.sql, jobIds.load))[0]?.summary).toMatchObject({ withheld: rows, rejected: 0 });
  expect(await keptRows(pipeline)).toMatchObject([
    { date: wednesday, reason: "answer is an earlier session's over again" },
  ]);
});

test("one that was loaded before the session that it repeats is removed again, and comes back with the right answer", async () => {
  answerTuesdayOnWednesday();
  const pipeline = await start();
  await fetched(pipeline, wednesday, tuesday);
  await expectRawBars(pipeline.sql, barsBetween(demo, tuesday, tuesday));
  await expectFact(pipeline.sql, barsBetween(demo, tuesday, tuesday), demo);
  expect((await lastRun(pipeline, wednesday))?.error?.message).toMatch(overAgain);
  market.revise = undefined;
  await fetched(pipeline, wednesday);
  const bars = barsBetween(demo, tuesday, wednesday);
  await expectRawBars(pipeline.sql, bars);
  await expectFact(pipeline.sql, bars, demo);
});
