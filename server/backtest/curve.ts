import type { MetricName } from "./definitions.ts";
import { covariance, downsideDeviation, mean, sampleDeviation } from "./statistics.ts";
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
const riskFreeOf = (riskFree: number): number => (1 + riskFree) ** (1 / sessionsAYear) - 1;

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
  const drawdowns = new Float64Array(equity.length);
  let peak = capital;
  for (let session = 0; session < equity.length; session++) {
    const value = at(equity, session);
    peak = Math.max(peak, value);
    drawdowns[session] = value / peak - 1;
  }
  return drawdowns;
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
type Spread = { mean: number; deviation: number; downside: number };

/** `downside` is the root mean square of what is below `free`, the risk-free rate of a session. */
function spreadOf(returns: Float64Array, free: number): Spread {
  const center = mean(returns);
  return {
    mean: center,
    deviation: sampleDeviation(returns, center),
    downside: downsideDeviation(returns, free),
  };
}

/** (final ÷ capital)^(252 ÷ sessions) - 1. */
export const annualReturnOf = (equity: Float64Array, capital: number): number =>
  ((equity.at(-1) ?? capital) / capital) ** (sessionsAYear / equity.length) - 1;

const sharpeFrom = ({ mean, deviation }: Omit<Spread, "downside">, free: number): number =>
  ((mean - free) / deviation) * Math.sqrt(sessionsAYear);

const sortinoFrom = ({ mean, downside }: Omit<Spread, "deviation">, free: number): number =>
  ((mean - free) / downside) * Math.sqrt(sessionsAYear);

/** The Sharpe ratio of a curve alone, as `measureCurve` has it. */
export function sharpeOf(equity: Float64Array, { capital, riskFree }: CurveSettings): number {
  const returns = returnsOf(equity, capital);
  const center = mean(returns);
  return sharpeFrom({ mean: center, deviation: sampleDeviation(returns, center) }, riskFreeOf(riskFree));
}

/** The Sortino ratio of a curve alone, as `measureCurve` has it. */
export function sortinoOf(equity: Float64Array, { capital, riskFree }: CurveSettings): number {
  const returns = returnsOf(equity, capital);
  const free = riskFreeOf(riskFree);
  return sortinoFrom({ mean: mean(returns), downside: downsideDeviation(returns, free) }, free);
}

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
    sharpe: sharpeFrom(spread, free),
    sortino: sortinoFrom(spread, free),
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
  const center = mean(returns);
  return { returns, mean: center, variance: covariance(returns, returns, center, center) };
}

/** Alpha and beta by `metricDefinitions`; NaN where the reference does not move. */
export function measureAgainst(
  returns: Float64Array,
  reference: Reference,
  riskFree: number,
): Record<"alpha" | "beta", number> {
  const free = riskFreeOf(riskFree);
  const center = mean(returns);
  const isStill = reference.variance < leastVariance;
  const joint = covariance(returns, reference.returns, center, reference.mean);
  const beta = isStill ? Number.NaN : joint / reference.variance;
  return { alpha: (1 + center - free - beta * (reference.mean - free)) ** sessionsAYear - 1, beta };
}
