import { sessionsAYear } from "../curve.ts";
import { covariance, mean, sampleDeviation } from "../statistics.ts";

/** Sessions that each value looks back on: half a year, as QuantStats has it. */
export const rollingSessions = 126;

/** By session, from the returns of the last `rollingSessions`; NaN where there are not so many yet, or they do not move. */
function rollOver(length: number, measure: (from: number, to: number) => number): Float64Array {
  const values = new Float64Array(length).fill(Number.NaN);
  for (let to = rollingSessions; to <= length; to++) {
    const value = measure(to - rollingSessions, to);
    values[to - 1] = Number.isFinite(value) ? value : Number.NaN;
  }
  return values;
}

/** Annual Sharpe ratio and volatility; `free` is the risk-free rate of one session. */
export function rollingRisk(returns: Float64Array, free: number): { sharpe: Float64Array; volatility: Float64Array } {
  const volatility = new Float64Array(returns.length).fill(Number.NaN);
  const sharpe = rollOver(returns.length, (from, to) => {
    const window = returns.subarray(from, to);
    const center = mean(window);
    const deviation = sampleDeviation(window, center);
    volatility[to - 1] = deviation * Math.sqrt(sessionsAYear);
    return ((center - free) / deviation) * Math.sqrt(sessionsAYear);
  });
  return { sharpe, volatility };
}

/** Beta against the returns of something else over the same sessions. */
export const rollingBeta = (returns: Float64Array, others: Float64Array): Float64Array =>
  rollOver(returns.length, (from, to) => {
    const [own, other] = [returns.subarray(from, to), others.subarray(from, to)];
    if (!(sampleDeviation(other) > 0)) return Number.NaN;
    const center = mean(other);
    return covariance(own, other, mean(own), center) / covariance(other, other, center, center);
  });
