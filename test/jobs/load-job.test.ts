import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { createStageHandler } from "../../jobs/load-job.ts";
import { CancelledError } from "../../jobs/orchestrator/errors.ts";
import type { TaskContext } from "../../jobs/orchestrator/types.ts";
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

const tuesday = "2018-09-04";
const wednesday = "2018-09-05";
const demo = openMarket();
let market: FaultyMarket;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  market.revise = undefined;
});

afterAll(() => market.stop());

async function start(options: Partial<Parameters<typeof startTestPipeline>[0]> = {}): Promise<TestPipeline> {
  const pipeline = await startTestPipeline({ market, settings: { startDate: tuesday }, ...options });
  closers.push(pipeline.close);
  return pipeline;
}

async function loaded(pipeline: TestPipeline, session = tuesday): Promise<void> {
  await pipeline.createRun(jobIds.ingest, { session });
  await pipeline.settle();
}

type Reject = { ticker: string | null; date: string | null; reason: string; key: string; row: WireRow };

const rejectsOf = async (pipeline: TestPipeline): Promise<Reject[]> => [
  ...(await pipeline.sql<Reject[]>`
    select ticker, trade_date as date, reason, lake_key as key, row from barline.rejects order by reason, id`),
];

test("rows that fail a check are kept with the reason and the object they came from; the rest loads", async () => {
  market.revise = (rows) => [
    ...rows,
    { T: "NOPRICE", o: 1, h: 1, l: 1, v: 1 },
    { T: "WORDS", o: "one", h: 1, l: 1, c: 1, v: 1 },
    { T: "UPSIDE", o: 2, h: 1, l: 3, c: 2, v: 1 },
    { T: "NEGATIVE", o: 1, h: 1, l: 1, c: 1, v: -5 },
    { T: "ALGA", o: 1, h: 1, l: 1, c: 1, v: 1 },
    { T: "NUL\u0000", o: 1, h: 1, l: 1, c: 1, v: 1 },
    { T: "L".repeat(5000), o: 1, h: 1, l: 1, c: 1, v: 1 },
    { T: "BAD", o: 1, h: 1, l: 1, c: "\u0000", v: 1 },
  ];
  const pipeline = await start();
  await loaded(pipeline);
  await expectRawBars(pipeline.sql, barsBetween(demo, tuesday, tuesday));
  const [ingested] = await runsOf(pipeline.sql, jobIds.ingest);
  const rejects = await rejectsOf(pipeline);
  expect(rejects.map(({ ticker, reason }) => [ticker?.slice(0, 8), reason])).toEqual([
    ["NOPRICE", "close is missing"],
    ["BAD", "close is not a number"],
    ["ALGA", "duplicate ticker in one payload"],
    ["UPSIDE", "high is below low"],
    ["WORDS", "open is not a number"],
    ["NUL\uFFFD", "ticker is malformed"],
    ["LLLLLLLL", "ticker is malformed"],
    ["NEGATIVE", "volume is negative"],
  ]);
  for (const reject of rejects) {
    expect(reject.date).toBe(tuesday);
    expect(reject.key).toStartWith(`raw/stocks/daily/date=${tuesday}/grouped-`);
    expect(await pipeline.lake.head(reject.key)).toBeDefined();
  }
  expect(rejects[3]?.row).toEqual({ T: "UPSIDE", o: 2, h: 1, l: 3, c: 2, v: 1 });
  const [run] = await runsOf(pipeline.sql, jobIds.load);
  expect({ sessions: ingested?.state, summary: run?.summary }).toMatchObject({
    sessions: "success",
    summary: { rejected: 8 },
  });
});

test("tickers that look like something else arrive as they are; what is no symbol is refused", async () => {
  const odd = [
    "NULL",
    "NaN",
    "TRUE",
    "UNIT",
    "FUND",
    "ETN",
    "QUO'TE\"S",
    "';drop-table-x;--",
    "KIMpL",
    "A,B",
    "$1",
    "{x}",
  ];
  const hostile = ["TAB\tX", "BACK\\N", "\\.", "LINE\nX", "RET\rURN", "\\N", "ÜÑÍ", "A B"];
  const rowsOf = (tickers: string[]) => tickers.map((T) => ({ T, o: 1, h: 2, l: 1, c: 1.5, v: 0.25, n: 3 }));
  market.revise = (rows) => [...rows, ...rowsOf(odd), ...rowsOf(hostile)];
  const pipeline = await start();
  await loaded(pipeline);
  const all = [...odd, ...hostile];
  for (const table of ["source_polygon_stock_bars_daily", "fct_polygon__stock_bars_performance"]) {
    const rows = await pipeline.sql<{ ticker: string }[]>`
      select ticker from ${pipeline.sql(table)} where ticker = any (${all}::text[])`;
    expect(rows.map((row) => row.ticker).sort()).toEqual(odd.toSorted());
  }
  const rejects = await rejectsOf(pipeline);
  expect(rejects.map(({ ticker }) => ticker).sort()).toEqual(hostile.toSorted());
  expect(new Set(rejects.map(({ reason }) => reason))).toEqual(new Set(["ticker is malformed"]));
});

test("a correction moves only the mark of the bar it corrects, and the models follow", async () => {
  const pipeline = await start();
  await loaded(pipeline, tuesday);
  await loaded(pipeline, wednesday);
  const marks = () => pipeline.sql<{ ticker: string; date: string; at: Date }[]>`
    select ticker, trade_date as date, inserted_at as at from public.source_polygon_stock_bars_daily`;
  const before = new Map((await marks()).map((row) => [`${row.ticker} ${row.date}`, row.at.getTime()]));
  market.revise = (rows) => rows.map((row) => (row.T === "BRRI" ? { ...row, c: Number(row.l), vw: undefined } : row));
  await pipeline.backfill(tuesday, tuesday, { reprocess: "all" });
  await pipeline.settle();
  const moved = (await marks()).filter((row) => before.get(`${row.ticker} ${row.date}`) !== row.at.getTime());
  expect(moved.map(({ ticker, date }) => ({ ticker, date }))).toEqual([{ ticker: "BRRI", date: tuesday }]);
  const bars = barsBetween(demo, tuesday, wednesday).map((bar) =>
    bar.ticker === "BRRI" && bar.date === tuesday ? { ...bar, close: bar.low, vwap: undefined } : bar,
  );
  await expectRawBars(pipeline.sql, bars);
  await expectFact(pipeline.sql, bars, demo);
});

test("of two answers for one session that are loaded together, the later wins", async () => {
  const pipeline = await start();
  await pipeline.orchestrator.setPaused(jobIds.load, true);
  await pipeline.createRun(jobIds.ingest, { session: tuesday });
  const landed = (count: number) =>
    until(`${count} answers have landed`, async () => {
      const runs = await runsOf(pipeline.sql, jobIds.ingest);
      return runs.filter((run) => run.state === "success").length === count;
    });
  await landed(1);
  market.revise = (rows) => rows.map((row) => (row.T === "BRRI" ? { ...row, c: Number(row.l) } : row));
  await pipeline.backfill(tuesday, tuesday, { reprocess: "all" });
  await landed(2);
  await pipeline.orchestrator.setPaused(jobIds.load, false);
  await pipeline.settle();
  expect(await runsOf(pipeline.sql, jobIds.load)).toHaveLength(1);
  const bars = barsBetween(demo, tuesday, tuesday);
  await expectRawBars(
    pipeline.sql,
    bars.map((bar) => (bar.ticker === "BRRI" ? { ...bar, close: bar.low } : bar)),
  );
});

test("a failed load that is retried late does not bring back what a later answer corrected", async () => {
  const pipeline = await start();
  await pipeline.orchestrator.setPaused(jobIds.load, true);
  await pipeline.createRun(jobIds.ingest, { session: tuesday });
  await until(
    "the session has landed",
    async () => (await runsOf(pipeline.sql, jobIds.ingest))[0]?.state === "success",
  );
  const [landed] = await Array.fromAsync(pipeline.lake.list("raw/stocks/daily/"));
  const bytes = await pipeline.lake.get(landed?.key ?? "");
  await pipeline.lake.delete(landed?.key ?? "");
  await pipeline.orchestrator.setPaused(jobIds.load, false);
  await until("the load has failed", async () => (await runsOf(pipeline.sql, jobIds.load))[0]?.state === "failed");

  market.revise = (rows) => rows.map((row) => (row.T === "ALGA" ? { ...row, v: 4321 } : row));
  await loaded(pipeline);
  const volume = async () => {
    const [row] = await pipeline.sql<{ volume: number }[]>`
      select volume::float8 as volume from public.source_polygon_stock_bars_daily where ticker = 'ALGA'`;
    return row?.volume;
  };
  expect(await volume()).toBe(4321);

  await pipeline.lake.put(landed?.key ?? "", bytes);
  const failed = (await runsOf(pipeline.sql, jobIds.load)).find((run) => run.state === "failed");
  await pipeline.orchestrator.retryRun(failed?.id ?? 0);
  await pipeline.settle();
  expect(await volume()).toBe(4321);
  await expectCleanState(pipeline.sql);
});

test("ticker types in UNIVERSE keep the others out of whole-market answers", async () => {
  const pipeline = await start({ settings: { startDate: tuesday, universe: { kind: "types", types: ["ETF"] } } });
  await loaded(pipeline);
  const funds = new Set(
    demo
      .tickers()
      .filter((one) => one.type === "ETF")
      .map((one) => one.ticker),
  );
  await expectRawBars(
    pipeline.sql,
    barsBetween(demo, tuesday, tuesday).filter((bar) => funds.has(bar.ticker)),
  );
});

test("tickers in UNIVERSE keep the others out, but for those that somebody asks for by name", async () => {
  const pipeline = await start({
    settings: { startDate: tuesday, universe: { kind: "tickers", tickers: ["ALGA", "BRRI"] } },
  });
  await loaded(pipeline);
  const bars = barsBetween(demo, tuesday, wednesday);
  await expectRawBars(
    pipeline.sql,
    bars.filter(({ ticker, date }) => date === tuesday && ["ALGA", "BRRI"].includes(ticker)),
  );
  const { plan } = await pipeline.backfill(tuesday, wednesday, { tickers: ["YAHO"], strategy: "auto" });
  expect(plan).toMatchObject({ strategy: "per_ticker", calls: 1, sessions: 2 });
  await pipeline.settle();
  const wanted = bars.filter(
    ({ ticker, date }) => ticker === "YAHO" || (date === tuesday && ["ALGA", "BRRI"].includes(ticker)),
  );
  await expectRawBars(pipeline.sql, wanted);
  await expectCleanState(pipeline.sql);
});

test("staging that a crash of the server emptied is filled again from the lake", async () => {
  market.revise = (rows) => [...rows, { T: "BAD" }];
  const pipeline = await start();
  // Afterwards the reference data is fresh, and only the merge wants the lock.
  await loaded(pipeline);
  // Takes the merge's own lock, so that it waits with everything staged.
  const holder = await pipeline.sql.reserve();
  await holder`select pg_advisory_lock(4207003)`;
  await pipeline.createRun(jobIds.ingest, { session: wednesday });
  await until("the merge waits", async () => (await waiting(pipeline)) > 0);
  await holder`truncate barline.staging_stock_bars`;
  const [merge] = await pipeline.sql<
    { id: number }[]
  >`select id from barline.tasks where name = 'merge' order by id desc`;
  // The try that waits is cut off as the crash would have done.
  await pipeline.sql`
    select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted and pid <> pg_backend_pid()`;
  await holder`select pg_advisory_unlock(4207003)`;
  holder.release();
  await pipeline.settle();
  await expectRawBars(pipeline.sql, barsBetween(demo, tuesday, wednesday));
  expect(await rejectsOf(pipeline)).toHaveLength(2);
  const lines = await pipeline.sql`
    select message from barline.task_logs where task_id = ${merge?.id ?? 0}::bigint and message like 'staging was lost%'`;
  expect(lines.length).toBe(1);
});

async function waiting(pipeline: TestPipeline): Promise<number> {
  const [row] = await pipeline.sql<{ count: number }[]>`
    select count(*)::int as count from pg_locks
    where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`;
  return row?.count ?? 0;
}

test("a batch that was taken over while it ran leaves nothing twice", async () => {
  market.revise = (rows) => [...rows, { T: "BAD" }];
  const pipeline = await start();
  await loaded(pipeline);
  const [task] = await pipeline.sql<{ id: number; runId: number; input: TaskContext["input"] }[]>`
    select id, run_id as "runId", input from barline.tasks where name = 'stage'`;
  if (!task) throw new Error("Nothing was staged.");
  const gate = Promise.withResolvers<void>();
  const reading = Promise.withResolvers<void>();
  const slowLake: typeof pipeline.lake = {
    ...pipeline.lake,
    async get(key, options) {
      reading.resolve();
      await gate.promise;
      return await pipeline.lake.get(key, options);
    },
  };
  const context = (number: number) => contextOf(task, number);
  await pipeline.sql`update barline.tasks set tries = 1, state = 'running' where id = ${task.id}::bigint`;
  const zombie = createStageHandler({ sql: pipeline.sql, lake: slowLake })(context(1));
  await reading.promise;
  await pipeline.sql`update barline.tasks set tries = 2 where id = ${task.id}::bigint`;
  const second = createStageHandler({ sql: pipeline.sql, lake: pipeline.lake })(context(2));
  await until("the second try waits for the first", async () => (await waiting(pipeline)) > 0);
  gate.resolve();
  await Promise.all([zombie, second]);
  const late = createStageHandler({ sql: pipeline.sql, lake: pipeline.lake })(context(1));
  expect(late).rejects.toBeInstanceOf(CancelledError);
  await late.catch(() => {});
  const [staged] = await pipeline.sql`select count(*)::int as rows from barline.staging_stock_bars`;
  expect(staged?.rows).toBe(barsBetween(demo, tuesday, tuesday).length);
  expect(await rejectsOf(pipeline)).toHaveLength(1);
});

function contextOf(task: { id: number; runId: number; input: TaskContext["input"] }, number: number): TaskContext {
  const none = () => {};
  return {
    run: {
      ...{ id: task.runId, jobId: jobIds.load, trigger: "dataset", partition: null, partitionTo: null },
      ...{ backfillId: null, parameters: {} },
    },
    task: { id: task.id, name: "stage", mapIndex: 0, try: number },
    input: task.input,
    signal: new AbortController().signal,
    log: { debug: none, info: none, warn: none, error: none },
    progress: none,
  };
}
