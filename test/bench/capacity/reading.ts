import { processorSeconds } from "../processor.ts";
import { readPage } from "../readers.ts";
import type { Running } from "../running.ts";
import { readSomeTickers } from "./queries.ts";

/** Enough for the code to be compiled. */
const warmUps = 10;
const charts = 60;
const screens = 60;
const backtests = 5;
/** A market for a quick look has fewer sessions than the look back, which is of returns that the facts have. */
const enoughSessions = 130;

/** Seconds of processors that one answer takes: a chart of all that there is, a page of the screener, a backtest of the market. */
export async function measureReading(running: Running) {
  const { barline } = running;
  const tickers = await readSomeTickers(running.sql, warmUps + charts);
  const chartOf = (index: number) =>
    `${barline.url}/tickers/${encodeURIComponent(tickers[index % tickers.length] ?? "")}?range=all`;
  const screenOf = (index: number) => `${barline.url}/screener?rsi_14_max=${40 + index / 4}`;
  const sessions = await readSessions(running);
  return {
    chart: await costOfOne(running, charts, (index) => readPage(chartOf(index))),
    screener: await costOfOne(running, screens, (index) => readPage(screenOf(index))),
    backtest: await costOfOne(running, backtests, () => backtestMarket(barline.url, sessions), 1),
  };
}

async function costOfOne(
  { barline, postmaster }: Running,
  count: number,
  ask: (index: number) => Promise<unknown>,
  before = warmUps,
): Promise<number> {
  for (let index = 0; index < before; index += 1) await ask(index);
  const used = async () => (await processorSeconds([barline.pid, postmaster])) ?? Number.NaN;
  const start = await used();
  for (let index = 0; index < count; index += 1) await ask(before + index);
  return ((await used()) - start) / count;
}

async function readSessions({ sql }: Running): Promise<number> {
  const [row] = await sql<{ sessions: number }[]>`
    select count(*)::int as sessions from public.fct_polygon__market_breadth_daily`;
  return row?.sessions ?? 0;
}

async function backtestMarket(url: string, sessions: number): Promise<void> {
  const params = sessions > enoughSessions ? { lookback: 63, skip: 21 } : { lookback: 5, skip: 1 };
  const asked = { strategy: "cross_sectional_momentum", params, commission: { bps: 5 }, slippage: { bps: 2 } };
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/api/backtests`, { method: "POST", headers, body: JSON.stringify(asked) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`A backtest of the market answered ${answer.status}: ${text.slice(0, 500)}`);
}
