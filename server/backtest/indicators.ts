/**
 * Indicators over one column. Each gives one value a session that looks at this session and earlier ones only, and NaN until
 * it is warm. Windows are summed anew for each session: a running sum drifts, and its rounding would become signals.
 */

/** Simple moving average of the last `window` values. Warm from session `window - 1`. */
export function simpleAverage(values: Float64Array, window: number): Float64Array {
  const result = new Float64Array(values.length).fill(Number.NaN);
  for (let session = window - 1; session < values.length; session++) {
    result[session] = sumOf(values, session - window + 1, session) / window;
  }
  return result;
}

/** Standard deviation of the last `window` values, of a population (n, not n - 1) as Bollinger defines his bands. */
export function deviation(values: Float64Array, window: number): Float64Array {
  const result = new Float64Array(values.length).fill(Number.NaN);
  for (let session = window - 1; session < values.length; session++) {
    const first = session - window + 1;
    const mean = sumOf(values, first, session) / window;
    let squares = 0;
    for (let index = first; index <= session; index++) squares += ((values[index] ?? Number.NaN) - mean) ** 2;
    result[session] = Math.sqrt(squares / window);
  }
  return result;
}

/**
 * Exponential moving average with weight 2 / (period + 1), begun with the simple average of the first `period` values. Values
 * that are NaN at the start are passed over, so that an average of an average warms up after it.
 */
export function exponentialAverage(values: Float64Array, period: number): Float64Array {
  const result = new Float64Array(values.length).fill(Number.NaN);
  let first = 0;
  while (first < values.length && Number.isNaN(values[first])) first++;
  const seed = first + period - 1;
  if (seed >= values.length) return result;
  const weight = 2 / (period + 1);
  let average = sumOf(values, first, seed) / period;
  result[seed] = average;
  for (let session = seed + 1; session < values.length; session++) {
    average += weight * ((values[session] ?? Number.NaN) - average);
    result[session] = average;
  }
  return result;
}

/**
 * Relative strength index from 0 to 100 in Cutler's form: plain means of the last `period` gains and losses, so that a value
 * does not depend on where the history began, as Wilder's smoothing does. 100 without a loss; 50 where nothing moved. Warm from
 * session `period`.
 */
export function relativeStrength(close: Float64Array, period: number): Float64Array {
  const result = new Float64Array(close.length).fill(Number.NaN);
  for (let session = period; session < close.length; session++) {
    let gains = 0;
    let losses = 0;
    for (let index = session - period + 1; index <= session; index++) {
      const change = (close[index] ?? Number.NaN) - (close[index - 1] ?? Number.NaN);
      if (change > 0) gains += change;
      else losses -= change;
    }
    const moved = gains + losses;
    result[session] = moved === 0 ? 50 : (100 * gains) / moved;
  }
  return result;
}

/** Highest of the last `window` values. Warm from session `window - 1`. */
export function highest(values: Float64Array, window: number): Float64Array {
  const result = new Float64Array(values.length).fill(Number.NaN);
  for (let session = window - 1; session < values.length; session++) {
    let extreme = Number.NEGATIVE_INFINITY;
    for (let index = session - window + 1; index <= session; index++) {
      extreme = Math.max(extreme, values[index] ?? Number.NaN);
    }
    result[session] = extreme;
  }
  return result;
}

/** Lowest of the last `window` values. Warm from session `window - 1`. */
export function lowest(values: Float64Array, window: number): Float64Array {
  const result = new Float64Array(values.length).fill(Number.NaN);
  for (let session = window - 1; session < values.length; session++) {
    let extreme = Number.POSITIVE_INFINITY;
    for (let index = session - window + 1; index <= session; index++) {
      extreme = Math.min(extreme, values[index] ?? Number.NaN);
    }
    result[session] = extreme;
  }
  return result;
}

function sumOf(values: Float64Array, first: number, last: number): number {
  let sum = 0;
  for (let index = first; index <= last; index++) sum += values[index] ?? Number.NaN;
  return sum;
}
