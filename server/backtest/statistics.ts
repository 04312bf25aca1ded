type Values = Float64Array | readonly number[];

export function sum(values: Values): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** NaN without values. */
export const mean = (values: Values): number => sum(values) / values.length;

/** Standard deviation with n - 1. NaN for fewer than two values; exactly 0 where all are the same. */
export function sampleDeviation(values: Values): number {
  if (values.length < 2) return Number.NaN;
  const first = values[0] ?? 0;
  // The mean of equal values may be off by rounding, which would make a deviation of it.
  if (values.every((value) => value === first)) return 0;
  const center = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - center) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/** Root mean square of what is below zero, over all values. */
export function downsideDeviation(values: Values): number {
  let squares = 0;
  for (const value of values) squares += Math.min(value, 0) ** 2;
  return Math.sqrt(squares / values.length);
}

/** Covariance of a population; with itself, the variance. */
export function covariance(a: Values, b: Values): number {
  const centerA = mean(a);
  const centerB = mean(b);
  let products = 0;
  for (let index = 0; index < a.length; index++) {
    products += ((a[index] ?? Number.NaN) - centerA) * ((b[index] ?? Number.NaN) - centerB);
  }
  return products / a.length;
}

/** Mean growth of returns that follow on each other. -1 where one lost everything; NaN without values or below that. */
export function geometricMean(returns: readonly number[]): number {
  if (returns.some((value) => value === -1)) return -1;
  return Math.exp(mean(returns.map((value) => Math.log1p(value)))) - 1;
}
