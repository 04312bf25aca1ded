// Loops go by index: the iterators of typed arrays take thirty times as long, and sweeps are made of these.

function sum(values: Float64Array): number {
  let total = 0;
  for (let index = 0; index < values.length; index++) total += values[index] ?? Number.NaN;
  return total;
}

/** NaN without values. */
export const mean = (values: Float64Array): number => sum(values) / values.length;

/** Standard deviation with n - 1. NaN for fewer than two values; exactly 0 where all are the same. */
export function sampleDeviation(values: Float64Array, center = mean(values)): number {
  const first = values[0] ?? Number.NaN;
  let squares = 0;
  let isConstant = true;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? Number.NaN;
    squares += (value - center) * (value - center);
    if (value !== first) isConstant = false;
  }
  return deviationOf(squares, values.length, isConstant);
}

/** The same from a sum of squared distances from the mean. */
export function deviationOf(squares: number, count: number, isConstant: boolean): number {
  if (count < 2) return Number.NaN;
  // The mean of equal values may be off by rounding, which would make a deviation of it.
  return isConstant ? 0 : Math.sqrt(squares / (count - 1));
}

/** Covariance of a population; with itself, the variance. */
export function covariance(a: Float64Array, b: Float64Array, centerA = mean(a), centerB = mean(b)): number {
  let products = 0;
  for (let index = 0; index < a.length; index++) {
    products += ((a[index] ?? Number.NaN) - centerA) * ((b[index] ?? Number.NaN) - centerB);
  }
  return products / a.length;
}

/** Mean growth of returns that follow on each other. -1 where one lost everything; NaN without values or below that. */
export function geometricMean(returns: Float64Array): number {
  let logarithms = 0;
  for (let index = 0; index < returns.length; index++) {
    const value = returns[index] ?? Number.NaN;
    if (value === -1) return -1;
    logarithms += Math.log1p(value);
  }
  return Math.exp(logarithms / returns.length) - 1;
}
