import { covariance, mean, sampleDeviation } from "../statistics.ts";
import { at } from "../strategy.ts";

/** Sums of the second, third and fourth powers of the distances from the mean; zeros where all values are the same. */
function powersOf(values: Float64Array): { squares: number; cubes: number; fourths: number } {
  const center = mean(values);
  let [squares, cubes, fourths] = [0, 0, 0];
  // The mean of equal values may be off by rounding, which would make a skew of it.
  if (sampleDeviation(values, center) === 0) return { squares, cubes, fourths };
  for (let index = 0; index < values.length; index++) {
    const distance = at(values, index) - center;
    const square = distance * distance;
    squares += square;
    cubes += square * distance;
    fourths += square * square;
  }
  return { squares, cubes, fourths };
}

/** Third moment without bias, as pandas has it; NaN for fewer than three values, or equal ones. */
export function skewOf(values: Float64Array): number {
  const { length: count } = values;
  const { squares, cubes } = powersOf(values);
  if (count < 3 || squares === 0) return Number.NaN;
  return ((count * Math.sqrt(count - 1)) / (count - 2)) * (cubes / squares ** 1.5);
}

/** Fourth moment without bias, 0 for a normal distribution, as pandas has it; NaN for fewer than four values, or equal ones. */
export function kurtosisOf(values: Float64Array): number {
  const { length: count } = values;
  const { squares, fourths } = powersOf(values);
  if (count < 4 || squares === 0) return Number.NaN;
  const scale = (count - 1) / ((count - 2) * (count - 3));
  return (scale * count * (count + 1) * fourths) / (squares * squares) - 3 * scale * (count - 1);
}

/** The value that so great a part of the sorted values is below, between two of them in proportion; NaN without values. */
export function quantileOf(sorted: Float64Array, part: number): number {
  const place = (sorted.length - 1) * part;
  const below = Math.floor(place);
  const [low, high] = [sorted[below] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
  return low + (high - low) * (place - below);
}

/** Pearson's correlation; NaN where one of them does not move. */
export function correlationOf(a: Float64Array, b: Float64Array): number {
  if (!(sampleDeviation(a) > 0 && sampleDeviation(b) > 0)) return Number.NaN;
  return covariance(a, b) / Math.sqrt(covariance(a, a) * covariance(b, b));
}

/**
 * By how much returns that follow their predecessors understate deviation: √(1 + 2 × Σ (n - k) ÷ n × c^k), c being the size of the
 * correlation with the session before; 1 where it is not defined.
 */
export function autocorrelationPenalty(returns: Float64Array): number {
  const { length: count } = returns;
  const correlation = Math.abs(correlationOf(returns.subarray(0, -1), returns.subarray(1)));
  if (Number.isNaN(correlation)) return 1;
  let sum = 0;
  let power = correlation;
  for (let lag = 1; lag < count && power > Number.EPSILON * sum; lag++) {
    sum += ((count - lag) / count) * power;
    power *= correlation;
  }
  return Math.sqrt(1 + 2 * sum);
}
