import { openPool, type Sql } from "../../db/client.ts";
import { runBacktest } from "../../server/backtest/backtest.ts";
import { simpleAverage } from "../../server/backtest/indicators.ts";
import { momentum } from "../../server/backtest/strategies/momentum.ts";
import type { ConfiguredStrategy } from "../../server/backtest/strategy.ts";
import { createAssetRoutes, createDashboardRoutes } from "../../server/pages.ts";
import { readBars } from "../../server/research/backtests/bars.ts";
import { readRequest } from "../../server/research/sweeps/plan.ts";
import { createSweepPool } from "../../server/research/sweeps/pool.ts";
import { prepareSweep } from "../../server/research/sweeps/prepare.ts";
import { openSweeps } from "../server/research/sweeps/open.ts";
import { createTestApp } from "../server/support.ts";
import { highestResidentBytes } from "./memory.ts";

/** What a measurement is about: a database with a published market, a ticker of it, and how many workers there may be. */
export type Asked = { url: string; ticker: string; sessions: number; workers: number };

/** The least and the middle of some times, in milliseconds; the first one, where what it had to load counts too. */
export type Times = { first: number; least: number; p50: number; p95: number };

async function timesOf(count: number, work: () => unknown): Promise<Times> {
  const times: number[] = [];
  for (let time = 0; time < count; time += 1) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  const [first = Number.NaN] = times;
  times.sort((one, other) => one - other);
  const at = (share: number) => times[Math.min(Math.floor(count * share), count - 1)] ?? Number.NaN;
  return { first, least: at(0), p50: at(0.5), p95: at(0.95) };
}

const settings = {
  capital: 10_000,
  sizing: { kind: "equity", fraction: 1 },
  fractional: true,
  side: "long",
  commission: { bps: 5, perShare: 0, perOrder: 0 },
  slippage: { bps: 2 },
  stops: { loss: null, profit: null, trailing: null },
  riskFree: 0,
} as const;

function configured(parameters: Record<string, number>): ConfiguredStrategy {
  const ready = momentum.configure(parameters);
  if (!ready.success) throw ready.error;
  return ready.strategy;
}

/** One backtest of momentum on bars that are there: signals, fills and every figure. */
async function engine({ ticker }: Asked, read: Sql) {
  const bars = await readBars(read, { ticker, dividends: false });
  const strategy = configured({});
  return { sessions: bars.dates.length, times: await timesOf(300, () => runBacktest(bars, strategy, settings)) };
}

const appOver = async (read: Sql) =>
  createTestApp({ read, dashboard: createDashboardRoutes, assets: await createAssetRoutes() });

async function answered(response: Response): Promise<void> {
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${body.slice(0, 500)}`);
}

/** The same from the request to the response, through the API, with its bars read from the database. */
async function request({ ticker }: Asked, read: Sql) {
  const app = await appOver(read);
  const asked = { ticker, strategy: "momentum", commission: { bps: 5 }, slippage: { bps: 2 } };
  return { times: await timesOf(60, async () => answered(await app.send("POST", "/api/backtests", asked))) };
}

/** The results page of the same run, as a browser gets it. */
async function page({ ticker }: Asked, read: Sql) {
  const app = await appOver(read);
  const path = `/backtest?${new URLSearchParams({ ticker, strategy: "momentum", "commission.bps": "5", "slippage.bps": "2" })}`;
  return { times: await timesOf(60, async () => answered(await app.get(path))) };
}

/** 10,000 points of momentum, from the request to the kept result, and what they would take at least. */
async function sweep(asked: Asked, read: Sql) {
  const { close } = await readBars(read, { ticker: asked.ticker, dividends: false });
  const windows = windowsOf(asked);
  const ran = await runSweeps(asked, read, averages(windows), sweepRuns);
  const columns = Array.from({ length: 2 * windows }, (_, index) => simpleAverage(close, index + 2));
  const floor = await timesOf(sweepRuns, () => bareLoop(close, columns));
  return { ...ran, floor: floor.least / asked.workers };
}

/** A million of them, once: the same with as many values of the index's level. */
async function manyPoints(asked: Asked, read: Sql) {
  const windows = windowsOf(asked);
  const params = { ...averages(windows), rsiOverbought: { from: 100 - (windows - 1) / 2, to: 100, step: 0.5 } };
  return await runSweeps(asked, read, params, 1);
}

/** A market for a quick look has fewer sessions than the longest of the windows. */
const windowsOf = ({ sessions }: Asked) => (sessions > enoughSessions ? 100 : 10);

const averages = (windows: number) => ({
  shortWindow: { from: 2, to: windows + 1 },
  longWindow: { from: windows + 2, to: 2 * windows + 1 },
});

/** Sweeps momentum so many times, and tells how many points each ran. */
async function runSweeps({ url, ticker, workers }: Asked, read: Sql, params: object, count: number) {
  const sql = openPool(url, "state", { max: 2 });
  const sweeps = openSweeps(sql, { pool: createSweepPool({ size: workers, idleMs: 10_000 }) });
  const costs = { commission: { bps: 5 }, slippage: { bps: 2 } };
  const asked = readRequest({ ticker, strategy: "momentum", split: null, ...costs, params });
  const times = await timesOf(count, async () => {
    await sweeps.begin(await prepareSweep(read, asked), { name: "bench", via: "api" });
    await sweeps.idle();
  });
  const [ended] = await sql<{ ran: number }[]>`
    select (result #>> '{tally,ran}')::int as ran from barline.sweeps order by id desc limit 1`;
  await sweeps.stop();
  await sql.end();
  return { points: ended?.ran ?? 0, workers, times };
}

const sweepRuns = 5;
/** Sessions of a market that is not for a quick look. */
const enoughSessions = 600;

/**
 * The least that a Sharpe ratio of each pair of averages takes: one pass over two columns that are there, for the sum of the returns held
 * and of their squares.
 */
function bareLoop(close: Float64Array, columns: readonly Float64Array[]): number {
  let best = Number.NEGATIVE_INFINITY;
  const half = columns.length / 2;
  for (const short of columns.slice(0, half)) {
    for (const long of columns.slice(half)) {
      let [sum, squares] = [0, 0];
      for (let session = 2; session < close.length; session += 1) {
        if (!((short[session - 2] ?? 0) > (long[session - 2] ?? 0))) continue;
        const growth = (close[session] ?? 0) / (close[session - 1] ?? 1) - 1;
        sum += growth;
        squares += growth * growth;
      }
      best = Math.max(best, sum / Math.sqrt(squares));
    }
  }
  return best;
}

/** Cross-sectional momentum over every ticker that was ever published, from the request to the response. */
async function universe({ sessions }: Asked, read: Sql) {
  const app = await appOver(read);
  const params = sessions > enoughSessions ? {} : { lookback: 21, skip: 5 };
  const asked = { strategy: "cross_sectional_momentum", params, commission: { bps: 5 }, slippage: { bps: 2 } };
  return { times: await timesOf(5, async () => answered(await app.send("POST", "/api/backtests", asked))) };
}

const measures = { engine, request, page, sweep, manyPoints, universe };

/** Everything that is measured, by name; each in a process of its own. */
export type MeasureName = keyof typeof measures;
export const measureNames = Object.keys(measures) as MeasureName[];
export type Measured = {
  [Name in MeasureName]: Awaited<ReturnType<(typeof measures)[Name]>> & { peakBytes: number | null };
};

if (import.meta.main) {
  const [name = "engine", url = "", ticker = "", sessions = "0", workers = "1"] = process.argv.slice(2);
  // As the dashboard reads: it cannot write, and no statement takes longer than it may.
  const read = openPool(url, "read");
  const found = await measures[name as MeasureName](
    { url, ticker, sessions: Number(sessions), workers: Number(workers) },
    read,
  );
  await read.end();
  process.stdout.write(JSON.stringify({ ...found, peakBytes: await highestResidentBytes(process.pid) }));
  process.exit();
}
