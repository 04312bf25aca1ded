import type { Metrics } from "./definitions.ts";
import { covariance, downsideDeviation, geometricMean, mean, sampleDeviation, sum } from "./statistics.ts";
import { at } from "./strategy.ts";
import type { Bars, Exit, Simulation } from "./types.ts";

const sessionsAYear = 252;

/** Below it, a benchmark's variance is rounding; the threshold is empyrical's. */
const leastVariance = 1e-30;

/** The figures of a run, as `metricDefinitions` defines them. `riskFree` is a yearly rate, as a fraction. */
export function measure(bars: Bars, simulation: Simulation, settings: { capital: number; riskFree: number }): Metrics {
  const { capital } = settings;
  const { equity, trades, traded, costs, sessionsHeld } = simulation;
  const final = equity.at(-1) ?? capital;
  const exits = trades.flatMap((trade) => (trade.exit === null ? [] : [trade.exit]));
  return definedOnly({
    totalReturn: final / capital - 1,
    ...measureReturns(bars, equity, settings),
    exposure: sessionsHeld / equity.length,
    ...measureTrades(exits),
    turnover: ((traded / 2 / mean(equity)) * sessionsAYear) / equity.length,
    costs,
    finalEquity: final,
    peakEquity: equity.reduce((peak, value) => Math.max(peak, value), Number.NEGATIVE_INFINITY),
  });
}

type ReturnMetric =
  | "cagr"
  | "annualReturn"
  | "volatility"
  | "sharpe"
  | "sortino"
  | "calmar"
  | "maxDrawdown"
  | "maxDrawdownSessions"
  | "buyAndHold"
  | "alpha"
  | "beta";

function measureReturns(
  bars: Bars,
  equity: Float64Array,
  { capital, riskFree }: { capital: number; riskFree: number },
): Record<ReturnMetric, number> {
  const free = (1 + riskFree) ** (1 / sessionsAYear) - 1;
  const returns = returnsOf(equity, capital);
  const excess = returns.map((value) => value - free);
  const spread = sampleDeviation(returns);
  const annualReturn = ((equity.at(-1) ?? capital) / capital) ** (sessionsAYear / equity.length) - 1;
  const drawdown = drawdownsOf(equity, capital);
  const maxDrawdown = drawdown.reduce((lowest, value) => Math.min(lowest, value), 0);
  const held = holdingOf(bars);
  const benchmark = returnsOf(held, at(held, 0));
  const variance = covariance(benchmark, benchmark);
  const beta = variance < leastVariance ? Number.NaN : covariance(returns, benchmark) / variance;
  const active = excess.map((value, session) => value - beta * (at(benchmark, session) - free));
  return {
    cagr: annualReturn,
    annualReturn,
    volatility: spread * Math.sqrt(sessionsAYear),
    sharpe: (mean(excess) / spread) * Math.sqrt(sessionsAYear),
    sortino: (mean(excess) / downsideDeviation(excess)) * Math.sqrt(sessionsAYear),
    calmar: annualReturn / -maxDrawdown,
    maxDrawdown,
    maxDrawdownSessions: longestDrawdown(drawdown),
    buyAndHold: (held.at(-1) ?? Number.NaN) / at(held, 0) - 1,
    alpha: (1 + mean(active)) ** sessionsAYear - 1,
    beta,
  };
}

type TradeMetric =
  | "trades"
  | "winRate"
  | "profitFactor"
  | "bestTrade"
  | "worstTrade"
  | "averageTrade"
  | "expectancy"
  | "sqn"
  | "kelly";

function measureTrades(exits: readonly Exit[]): Record<TradeMetric, number> {
  const returns = exits.map((exit) => exit.return);
  const profits = exits.map((exit) => exit.profit);
  const wins = profits.filter((profit) => profit > 0);
  const losses = profits.filter((profit) => profit < 0);
  const winRate = wins.length / exits.length;
  return {
    trades: exits.length,
    winRate,
    profitFactor: sum(returns.filter((value) => value > 0)) / -sum(returns.filter((value) => value < 0)),
    bestTrade: Math.max(...returns),
    worstTrade: Math.min(...returns),
    averageTrade: geometricMean(returns),
    expectancy: mean(returns),
    sqn: (Math.sqrt(exits.length) * mean(profits)) / sampleDeviation(profits),
    kelly: winRate - (1 - winRate) / (mean(wins) / -mean(losses)),
  };
}

/** Change from value to value, the first from `start`. Once a value is not above zero, nothing can be earned on it: 0. */
function returnsOf(values: Float64Array, start: number): Float64Array {
  return values.map((value, session) => {
    const previous = session === 0 ? start : at(values, session - 1);
    return previous > 0 ? value / previous - 1 : 0;
  });
}

/** What one share is worth with the dividends that it paid since the first session. */
function holdingOf({ close, dividends }: Bars): Float64Array {
  let paid = 0;
  return close.map((price, session) => {
    if (session > 0) paid += at(dividends, session);
    return price + paid;
  });
}

/** By session, how far equity is below its highest so far, as a fraction from 0 down. The capital is the first peak. */
export function drawdownsOf(equity: Float64Array, capital: number): Float64Array {
  let peak = capital;
  return equity.map((value) => {
    peak = Math.max(peak, value);
    return value / peak - 1;
  });
}

function longestDrawdown(drawdown: Float64Array): number {
  let longest = 0;
  let peak = 0;
  let isBelow = false;
  for (const [session, depth] of drawdown.entries()) {
    if (depth < 0 || isBelow) longest = Math.max(longest, session - peak);
    isBelow = depth < 0;
    if (!isBelow) peak = session;
  }
  return longest;
}

/** JSON knows neither NaN nor infinity: what a division by nothing gives is not defined, and null says so. */
function definedOnly(values: Record<keyof Metrics, number>): Metrics {
  const entries = Object.entries(values).map(([name, value]) => [name, Number.isFinite(value) ? value + 0 : null]);
  return Object.fromEntries(entries) as Metrics;
}
