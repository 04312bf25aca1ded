/**
 * Indicators over one column. Each gives one value a session that looks at this session and earlier ones only, and NaN until
 * it is warm. Windows are summed anew for each session: a running sum drifts, and its rounding would become signals.
 */

/** What was computed of a column, by indicator and window. `bytes` is what it holds. */
type Kept = { columns: Map<string, Float64Array>; bytes: number };

const kept = new WeakMap<Float64Array, Kept>();

/** Of one column; a few hundred windows over ten years are far below it. */
const mostKeptBytes = 48 * 1024 * 1024;

/**
 * Keeps every indicator of this column for as long as the column is kept, so that each is computed once however many
 * strategies ask for it. The caller must not change the column any more, and nobody the answers.
 */
export function keepIndicators(values: Float64Array): void {
  if (!kept.has(values)) kept.set(values, { columns: new Map(), bytes: 0 });
}

/** The indicator of a column that is kept, or a new one. */
function once(
  name: string,
  values: Float64Array,
  window: number,
  compute: (values: Float64Array, window: number) => Float64Array,
): Float64Array {
  const known = kept.get(values);
  if (known === undefined) return compute(values, window);
  const key = `${name} ${window}`;
  const found = known.columns.get(key);
  if (found !== undefined) return found;
  const result = compute(values, window);
  known.bytes += result.byteLength;
  if (known.bytes > mostKeptBytes) {
    known.columns.clear();
    known.bytes = result.byteLength;
  }
  known.columns.set(key, result);
  return result;
}

/** Simple moving average of the last `window` values. Warm from session `window - 1`. */
export const simpleAverage = (values: Float64Array, window: number): Float64Array =>
  once("simpleAverage", values, window, computeSimpleAverage);

function computeSimpleAverage(values: Float64Array, window: number): Float64Array {
  const result = new Float64Array(values.length).fill(Number.NaN);
  for (let session = window - 1; session < values.length; session++) {
    result[session] = sumOf(values, session - window + 1, session) / window;
  }
  return result;
}

/** Standard deviation of the last `window` values, of a population (n, not n - 1) as Bollinger defines his bands. */
export const deviation = (values: Float64Array, window: number): Float64Array =>
  once("deviation", values, window, computeDeviation);

function computeDeviation(values: Float64Array, window: number): Float64Array {
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
export const exponentialAverage = (values: Float64Array, period: number): Float64Array =>
  once("exponentialAverage", values, period, computeExponentialAverage);

function computeExponentialAverage(values: Float64Array, period: number): Float64Array {
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
export const relativeStrength = (close: Float64Array, period: number): Float64Array =>
  once("relativeStrength", close, period, computeRelativeStrength);

function computeRelativeStrength(close: Float64Array, period: number): Float64Array {
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
export const highest = (values: Float64Array, window: number): Float64Array =>
  once("highest", values, window, computeHighest);

function computeHighest(values: Float64Array, window: number): Float64Array {
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
export const lowest = (values: Float64Array, window: number): Float64Array =>
  once("lowest", values, window, computeLowest);

function computeLowest(values: Float64Array, window: number): Float64Array {
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
