import type { Sql } from "../../../db/client.ts";
import { selectDividends, selectSplits } from "../../../db/queries/market/read-bars.ts";
import { selectSecurityId } from "../../../db/queries/market/read-securities.ts";
import { readAtOneMoment } from "../../../db/queries/research/moment.ts";
import { type Backtest, leastSessions, runBacktest } from "../../backtest/backtest.ts";
import { compare } from "../../backtest/metrics.ts";
import { returnsByMonth, returnsByYear } from "../../backtest/periods.ts";
import { sharesOfDay } from "../../backtest/shares.ts";
import { at, type Configured } from "../../backtest/strategy.ts";
import type { Bars, Trade } from "../../backtest/types.ts";
import { invalidFields } from "../../http/check.ts";
import { HttpError } from "../../http/errors.ts";
import {
  findListed,
  type ListedStrategy,
  type ListedTicker,
  type ReadyTicker,
  whyUnusable,
} from "../workspace/catalogue.ts";
import { readBars } from "./bars.ts";
import { readBenchmark } from "./benchmark.ts";
import { readRequestVersion } from "./data-version.ts";
import { labelOn } from "./label-on.ts";
import { notesOf } from "./notes.ts";
import { runUniverse } from "./run-universe.ts";
import { type BacktestAnswer, type BacktestRequest, settingsOf } from "./schemas.ts";
import { TooFewSessions } from "./too-few-sessions.ts";
import type { BacktestRun, TickerRun } from "./types.ts";

/**
 * Reads what a request needs, all of it at one moment, and runs it. What cannot be run is an HttpError that names the field.
 */
export async function runRequest(read: Sql, request: BacktestRequest): Promise<BacktestRun> {
  const { from, to } = request;
  if (from !== undefined && to !== undefined && from > to) {
    throw new HttpError(422, "invalid", `\`from\` (${from}) is after \`to\` (${to}).`, { field: "from" });
  }
  const strategy = findListed(request.strategy);
  // Its file may have gone since the request was checked, or since a scenario was kept.
  if (strategy === undefined) {
    throw new HttpError(422, "invalid", whyUnusable(request.strategy) ?? "", { field: "strategy" });
  }
  if (strategy.scope === "universe") {
    return await runUniverse(read, request, await configure(strategy, strategy.configure, request.params));
  }
  const { ticker } = request;
  if (ticker === null) throw new Error(`${request.strategy} passed its check without a ticker`);
  return await runTicker(read, { ...request, ticker }, strategy);
}

async function runTicker(
  read: Sql,
  request: BacktestRequest & { ticker: string },
  listed: ListedTicker,
): Promise<TickerRun> {
  const ready = await configure(listed, listed.configure, request.params);
  const data = await readAtOneMoment(read, (moment) => readTickerData(moment, request, ready));
  const { strategy, honesty } = await ready.evaluate(data.bars);
  const backtest = runBacktest(data.bars, strategy, settingsOf(data.scenario));
  return { scope: "ticker", strategy, honesty, backtest, ...data };
}

/** All that is read for a run over one ticker. `moment` answers every statement from the same data. */
async function readTickerData(
  moment: Sql,
  request: BacktestRequest & { ticker: string },
  configured: ReadyTicker,
): Promise<Omit<TickerRun, "scope" | "strategy" | "honesty" | "backtest">> {
  const { ticker, from, to, strategy: _, params: __, ...settings } = request;
  const holder = { ticker, security: await selectSecurityId(moment, ticker) };
  const bars = await readBars(moment, request);
  requireSessions(bars, configured, ticker);
  const scenario: TickerRun["scenario"] = {
    ...{ ticker, from: from ?? dateOf(bars, 0), to: to ?? dateOf(bars, bars.dates.length - 1) },
    ...{ strategy: configured.id, params: { ...configured.parameters }, ...settings },
  };
  const [benchmark, dataVersion, splits, dividends] = await Promise.all([
    readBenchmark(moment, bars.dates, settings),
    readRequestVersion(moment, scenario),
    selectSplits(moment, holder),
    selectDividends(moment, holder),
  ]);
  return { scenario, bars, benchmark, dataVersion, actions: { splits, dividends } };
}

/** The strategy with its parameters; faulty ones are a 422 that names them. */
async function configure<Ready>(
  { parameters }: Pick<ListedStrategy, "parameters">,
  configureWith: (params: BacktestRequest["params"]) => Promise<Configured<Ready>>,
  params: BacktestRequest["params"],
): Promise<Ready> {
  const configured = await configureWith(params);
  if (!configured.success) throw invalidFields(parameters, params, configured.error, "params");
  return configured.strategy;
}

function requireSessions(bars: Bars, strategy: ReadyTicker, ticker: string): void {
  const { length } = bars.dates;
  const least = leastSessions(strategy);
  if (length >= least) return;
  const has = `there ${length === 1 ? "is 1 session" : `are ${length} sessions`} of ${ticker}`;
  const needs = `${strategy.id} needs ${least}: ${strategy.warmup} to warm up, one to give a signal, one to fill it`;
  throw new TooFewSessions(`From \`from\` to \`to\` ${has}; with these parameters ${needs}.`, {
    ...{ strategy: strategy.id, parameters: strategy.parameters, needed: least, published: length },
    first: bars.dates[0] ?? null,
  });
}

const dateOf = (bars: { dates: readonly string[] }, session: number): string => bars.dates[session] ?? "";

/** A run as the API answers it. */
export function toAnswer(run: BacktestRun): BacktestAnswer {
  const { bars, backtest, scenario, dataVersion } = run;
  return {
    metrics: backtest.metrics,
    trades: tradesOf(run),
    equity: toEquity(bars.dates, backtest),
    comparisons: comparisonsOf(run),
    survivorship: run.scope === "universe" ? run.survivorship : null,
    returns: {
      monthly: returnsByMonth(bars.dates, backtest.equity, scenario.capital),
      yearly: returnsByYear(bars.dates, backtest.equity, scenario.capital),
    },
    scenario,
    dataVersion,
    notes: notesOf(run),
  };
}

/** A run's trades with their dates, and of a portfolio with the tickers of when they were entered. */
export function tradesOf(run: BacktestRun): BacktestAnswer["trades"] {
  const { dates } = run.bars;
  if (run.scope === "universe") {
    return run.backtest.trades.map((trade) => ({
      ticker: labelOn(run.tickers[trade.ticker], dates[trade.entrySession] ?? ""),
      ...toTrade(dates, trade, trade.splitFactors),
    }));
  }
  const { splitFactor } = run.bars;
  return run.backtest.trades.map((trade) => {
    const exit = trade.exit && at(splitFactor, trade.exit.session);
    return toTrade(dates, trade, { entry: at(splitFactor, trade.entrySession), exit });
  });
}

/** The run beside the ticker or the universe held, and beside the benchmark. */
function comparisonsOf({ scope, backtest, benchmark, scenario }: BacktestRun): BacktestAnswer["comparisons"] {
  const { equity: _, ...held } = backtest.buyAndHold;
  const own = {
    kind: scope === "universe" ? ("universe" as const) : ("buy_and_hold" as const),
    ticker: scenario.ticker,
    ...held,
  };
  if (benchmark === null) return [own];
  return [
    own,
    { kind: "benchmark", ticker: benchmark.ticker, ...compare(backtest.equity, benchmark.equity, scenario) },
  ];
}

/** A trade with the dates of its sessions, split-adjusted and as it was traded by the split factors of its ends. */
const toTrade = (
  dates: readonly string[],
  { entrySession, entryPrice, shares, settledAtSplits = 0, exit }: Trade,
  factors: { entry: number; exit: number | null },
): BacktestAnswer["trades"][number] => ({
  entryDate: dates[entrySession] ?? "",
  entryPrice,
  exitDate: exit && (dates[exit.session] ?? ""),
  exitPrice: exit?.price ?? null,
  shares,
  asTraded: {
    entryPrice: entryPrice / factors.entry,
    entryShares: sharesOfDay(shares, factors.entry),
    exitPrice: exit && exit.price / (factors.exit ?? 1),
    exitShares: exit && sharesOfDay(shares - settledAtSplits, factors.exit ?? 1),
  },
  profit: exit?.profit ?? null,
  return: exit?.return ?? null,
  reason: exit?.reason ?? null,
});

const toEquity = (
  dates: readonly string[],
  { equity, drawdown }: Pick<Backtest, "equity" | "drawdown">,
): BacktestAnswer["equity"] =>
  dates.map((date, session) => ({
    date,
    equity: equity[session] ?? Number.NaN,
    drawdown: drawdown[session] ?? Number.NaN,
  }));
