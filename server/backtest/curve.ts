import type { MetricName } from "./definitions.ts";
import { covariance, deviationOf } from "./statistics.ts";
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

/** Once a value is not above zero, nothing can be earned on it: 0. A curve often stands still, and the division takes most of a walk's time. */
const changeOf = (previous: number, value: number): number =>
  value === previous || !(previous > 0) ? 0 : value / previous - 1;

/** Change from value to value, the first from `start`. */
export function returnsOf(values: Float64Array, start: number): Float64Array {
  const returns = new Float64Array(values.length);
  let previous = start;
  for (let session = 0; session < values.length; session++) {
    const value = at(values, session);
    returns[session] = changeOf(previous, value);
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

/*
 * Sweeps are made of the loops below. Each has no call in it, after which every column would be looked up anew, and its numbers are declared
 * one by one: taken out of a list, they are as slow as the list.
 */

/** Depths are fractions below zero, lengths are sessions; sums are over all `count` drawdowns. `peak` is the last one. */
type Drawdowns = { deepest: number; depths: number; longest: number; lengths: number; count: number; peak: number };

/** A drawdown goes from a peak of equity to the session that reaches it again, or to the end. The capital is the first peak. */
function measureDrawdowns(equity: Float64Array, capital: number): Drawdowns {
  const { length } = equity;
  let deepest = 0;
  let depths = 0;
  let longest = 0;
  let lengths = 0;
  let count = 0;
  let peak = capital;
  let peakSession = 0;
  let session = 0;
  while (session < length) {
    let value = at(equity, session);
    if (!(value < peak)) {
      peak = value;
      peakSession = session++;
      continue;
    }
    let trough = value;
    while (++session < length) {
      value = at(equity, session);
      if (!(value < peak)) break;
      if (value < trough) trough = value;
    }
    const depth = trough / peak - 1;
    const sessions = (session < length ? session : length - 1) - peakSession;
    count++;
    depths += depth;
    lengths += sessions;
    if (depth < deepest) deepest = depth;
    if (sessions > longest) longest = sessions;
  }
  return { deepest, depths, longest, lengths, count, peak };
}

/** The returns of a curve from session to session, and what they and the equity come to on average. */
export type Walk = { returns: Float64Array; meanReturn: number; meanEquity: number };

/** Walks a curve once. `returns` are written to, and may be another curve's of the same length. */
export function walkCurve(
  equity: Float64Array,
  capital: number,
  returns: Float64Array = new Float64Array(equity.length),
): Walk {
  const { length } = equity;
  let previous = capital;
  let returned = 0;
  let worth = 0;
  for (let session = 0; session < length; session++) {
    const value = at(equity, session);
    const change = changeOf(previous, value);
    returns[session] = change;
    returned += change;
    worth += value;
    previous = value;
  }
  return { returns, meanReturn: returned / length, meanEquity: worth / length };
}

/** What returns are compared with: those of something else over the same sessions. */
export type Reference = { returns: Float64Array; mean: number; variance: number };

export function referenceOf({ returns, meanReturn: center }: Walk): Reference {
  return { returns, mean: center, variance: covariance(returns, returns, center, center) };
}

/** How the returns of a curve spread: `downside` is the root mean square of what is below the risk-free rate, `joint` the covariance with a reference. */
export type Spread = { deviation: number; downside: number; joint: number };

/** In one pass, as a sum waits for itself and three of them do not wait for each other. `joint` is NaN without a reference. */
export function spreadOf({ returns, meanReturn: center }: Walk, riskFree: number, reference: Reference | null): Spread {
  const free = riskFreeOf(riskFree);
  const other = reference?.returns ?? returns;
  const otherCenter = reference?.mean ?? center;
  const { length } = returns;
  const first = at(returns, 0);
  let squares = 0;
  let below = 0;
  let products = 0;
  let isConstant = true;
  for (let session = 0; session < length; session++) {
    const value = at(returns, session);
    const distance = value - center;
    squares += distance * distance;
    products += distance * (at(other, session) - otherCenter);
    if (value < free) below += (value - free) * (value - free);
    if (value !== first) isConstant = false;
  }
  return {
    deviation: deviationOf(squares, length, isConstant),
    downside: Math.sqrt(below / length),
    joint: reference === null ? Number.NaN : products / length,
  };
}

/** (final ÷ capital)^(252 ÷ sessions) - 1. */
const annualReturnOf = (finalEquity: number, capital: number, sessions: number): number =>
  (finalEquity / capital) ** (sessionsAYear / sessions) - 1;

/** The figures of a curve of equity, NaN or infinite where they are not defined. `walk` and `spread` are those of the same curve. */
export function measureCurve(
  equity: Float64Array,
  { meanReturn }: Walk,
  { deviation, downside }: Omit<Spread, "joint">,
  { capital, riskFree }: CurveSettings,
): Record<CurveMetric, number> {
  const free = riskFreeOf(riskFree);
  const drawdowns = measureDrawdowns(equity, capital);
  const finalEquity = equity[equity.length - 1] ?? capital;
  const annualReturn = annualReturnOf(finalEquity, capital, equity.length);
  return {
    totalReturn: finalEquity / capital - 1,
    cagr: annualReturn,
    annualReturn,
    volatility: deviation * Math.sqrt(sessionsAYear),
    sharpe: ((meanReturn - free) / deviation) * Math.sqrt(sessionsAYear),
    sortino: ((meanReturn - free) / downside) * Math.sqrt(sessionsAYear),
    calmar: annualReturn / -drawdowns.deepest,
    maxDrawdown: drawdowns.deepest,
    averageDrawdown: drawdowns.depths / drawdowns.count,
    maxDrawdownSessions: drawdowns.longest,
    averageDrawdownSessions: drawdowns.lengths / drawdowns.count,
    finalEquity,
    // Equity that never rose above the capital has a peak below it.
    peakEquity: drawdowns.peak > capital ? drawdowns.peak : highestOf(equity),
  };
}

function highestOf(values: Float64Array): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (let session = 0; session < values.length; session++) highest = Math.max(highest, at(values, session));
  return highest;
}

/** Alpha and beta by `metricDefinitions`, of the curve whose walk and spread these are; NaN where the reference does not move. */
export function measureAgainst(
  { meanReturn: center }: Walk,
  { joint }: Spread,
  reference: Reference,
  riskFree: number,
): Record<"alpha" | "beta", number> {
  const free = riskFreeOf(riskFree);
  const isStill = reference.variance < leastVariance;
  const beta = isStill ? Number.NaN : joint / reference.variance;
  return { alpha: (1 + center - free - beta * (reference.mean - free)) ** sessionsAYear - 1, beta };
}
