import type { MetricName } from "./definitions.ts";
import { at } from "./strategy.ts";

/** Sessions that make a year, as empyrical has it. */
export const sessionsAYear = 252;

/** Below it, a benchmark's variance is rounding; the threshold is empyrical's. */
const leastVariance = 1e-30;

/** What a curve of equity is measured with. `capital` is what it starts from; `riskFree` is a yearly rate, as a fraction. */
export type CurveSettings = { capital: number; riskFree: number };

/** The figures that any curve of equity has, whether a run's or that of something held. */
export const curveMetricNames = [
  "totalReturn",
  "cagr",
  "annualReturn",
  "volatility",
  "sharpe",
  "sortino",
  "calmar",
  "maxDrawdown",
  "averageDrawdown",
  "maxDrawdownSessions",
  "averageDrawdownSessions",
  "finalEquity",
  "peakEquity",
] as const satisfies readonly MetricName[];
export type CurveMetric = (typeof curveMetricNames)[number];

/** The risk-free rate of one session. */
export const riskFreeOf = (riskFree: number): number => (1 + riskFree) ** (1 / sessionsAYear) - 1;

/** Change from value to value, the first from `start`. Once a value is not above zero, nothing can be earned on it: 0. */
export function returnsOf(values: Float64Array, start: number): Float64Array {
  const returns = new Float64Array(values.length);
  let previous = start;
  for (let session = 0; session < values.length; session++) {
    const value = at(values, session);
    returns[session] = previous > 0 ? value / previous - 1 : 0;
    previous = value;
  }
  return returns;
}

/** By session, how far equity is below its highest so far, as a fraction from 0 down. The capital is the first peak. */
export function drawdownsOf(equity: Float64Array, capital: number): Float64Array {
  let peak = capital;
  return equity.map((value) => {
    peak = Math.max(peak, value);
    return value / peak - 1;
  });
}

/** Depths are fractions below zero, lengths are sessions; sums are over all `count` drawdowns. */
export type Drawdowns = { deepest: number; depths: number; longest: number; lengths: number; count: number };

/** A drawdown goes from a peak of equity to the session that reaches it again, or to the end. The capital is the first peak. */
export function measureDrawdowns(equity: Float64Array, capital: number): Drawdowns {
  let peak = capital;
  let peakSession = 0;
  let trough = capital;
  const found: Drawdowns = { deepest: 0, depths: 0, longest: 0, lengths: 0, count: 0 };
  const end = (session: number) => {
    const depth = trough / peak - 1;
    found.count++;
    found.depths += depth;
    found.deepest = Math.min(found.deepest, depth);
    found.lengths += session - peakSession;
    found.longest = Math.max(found.longest, session - peakSession);
  };
  for (let session = 0; session < equity.length; session++) {
    const value = at(equity, session);
    if (value < peak) {
      if (value < trough) trough = value;
      continue;
    }
    if (trough < peak) end(session);
    peak = value;
    trough = value;
    peakSession = session;
  }
  if (trough < peak) end(equity.length - 1);
  return found;
}

/** What the returns of a curve come to, over all sessions. */
export type Spread = { mean: number; deviation: number; downside: number };

/** `deviation` is of the sample; `downside` is the root mean square of what is below the risk-free rate of a session. */
export function spreadOf(returns: Float64Array, free: number): Spread {
  const { length } = returns;
  const first = at(returns, 0);
  let sum = 0;
  let below = 0;
  let isConstant = true;
  for (let session = 0; session < length; session++) {
    const value = at(returns, session);
    sum += value;
    if (value < free) below += (value - free) ** 2;
    if (value !== first) isConstant = false;
  }
  const mean = sum / length;
  let squares = 0;
  for (let session = 0; session < length; session++) squares += (at(returns, session) - mean) ** 2;
  // The mean of equal values may be off by rounding, which would make a deviation of it.
  const deviation = length < 2 ? Number.NaN : isConstant ? 0 : Math.sqrt(squares / (length - 1));
  return { mean, deviation, downside: Math.sqrt(below / length) };
}

/** (final ÷ capital)^(252 ÷ sessions) - 1. */
export const annualReturnOf = (equity: Float64Array, capital: number): number =>
  ((equity.at(-1) ?? capital) / capital) ** (sessionsAYear / equity.length) - 1;

export const sharpeOf = ({ mean, deviation }: Spread, free: number): number =>
  ((mean - free) / deviation) * Math.sqrt(sessionsAYear);

export const sortinoOf = ({ mean, downside }: Spread, free: number): number =>
  ((mean - free) / downside) * Math.sqrt(sessionsAYear);

/** The figures of a curve of equity, NaN or infinite where they are not defined. `returns` are those of the same curve. */
export function measureCurve(
  equity: Float64Array,
  returns: Float64Array,
  { capital, riskFree }: CurveSettings,
): Record<CurveMetric, number> {
  const free = riskFreeOf(riskFree);
  const spread = spreadOf(returns, free);
  const annualReturn = annualReturnOf(equity, capital);
  const drawdowns = measureDrawdowns(equity, capital);
  const finalEquity = equity.at(-1) ?? capital;
  return {
    totalReturn: finalEquity / capital - 1,
    cagr: annualReturn,
    annualReturn,
    volatility: spread.deviation * Math.sqrt(sessionsAYear),
    sharpe: sharpeOf(spread, free),
    sortino: sortinoOf(spread, free),
    calmar: annualReturn / -drawdowns.deepest,
    maxDrawdown: drawdowns.deepest,
    averageDrawdown: drawdowns.depths / drawdowns.count,
    maxDrawdownSessions: drawdowns.longest,
    averageDrawdownSessions: drawdowns.lengths / drawdowns.count,
    finalEquity,
    peakEquity: peakOf(equity),
  };
}

function peakOf(equity: Float64Array): number {
  let peak = Number.NEGATIVE_INFINITY;
  for (let session = 0; session < equity.length; session++) if (at(equity, session) > peak) peak = at(equity, session);
  return peak;
}

/** What returns are compared with: those of something else over the same sessions. */
export type Reference = { returns: Float64Array; mean: number; variance: number };

export function referenceOf(returns: Float64Array): Reference {
  let sum = 0;
  for (const value of returns) sum += value;
  const mean = sum / returns.length;
  let squares = 0;
  for (const value of returns) squares += (value - mean) ** 2;
  return { returns, mean, variance: squares / returns.length };
}

/** Alpha and beta by `metricDefinitions`; NaN where the reference does not move. `mean` is that of `returns`. */
export function measureAgainst(
  returns: Float64Array,
  mean: number,
  reference: Reference,
  free: number,
): Record<"alpha" | "beta", number> {
  const { length } = returns;
  let products = 0;
  for (let session = 0; session < length; session++) {
    products += (at(reference.returns, session) - reference.mean) * at(returns, session);
  }
  const beta = reference.variance < leastVariance ? Number.NaN : products / length / reference.variance;
  return { alpha: (1 + mean - free - beta * (reference.mean - free)) ** sessionsAYear - 1, beta };
}
