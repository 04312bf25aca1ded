import { mean } from "../statistics.ts";
import { at } from "../strategy.ts";
import { quantileOf } from "./moments.ts";

/** How the returns of periods of one length spread; null without any. */
export type Distribution = {
  count: number;
  mean: number | null;
  lowest: number | null;
  /** Quantiles: linear between two values. */
  q5: number | null;
  q25: number | null;
  median: number | null;
  q75: number | null;
  q95: number | null;
  highest: number | null;
  /** Returns further than 1.5 × (q75 - q25) below q25 or above q75. */
  outliers: number;
};

export function distributionOf(returns: Float64Array): Distribution {
  const sorted = returns.toSorted();
  const at5 = (part: number) => quantileOf(sorted, part);
  const [low, high] = [at5(0.25), at5(0.75)];
  const reach = 1.5 * (high - low);
  let outliers = 0;
  for (let index = 0; index < sorted.length; index++) {
    const value = at(sorted, index);
    if (value < low - reach || value > high + reach) outliers++;
  }
  const orNull = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : null);
  return {
    count: sorted.length,
    mean: orNull(mean(sorted)),
    ...{ lowest: orNull(sorted[0]), q5: orNull(at5(0.05)), q25: orNull(low), median: orNull(at5(0.5)) },
    ...{ q75: orNull(high), q95: orNull(at5(0.95)), highest: orNull(sorted.at(-1)), outliers },
  };
}

/** Returns counted by how large they are: `counts[i]` are from `from + i × width` up, the next limit not included. */
export type Histogram = { from: number; width: number; counts: number[] };

/** Widths of classes that are round to read. */
const widths = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1];
const mostClasses = 24;

/** Several sets of returns over the same classes, whose limits are multiples of their width; null where there is nothing to count. */
export function histogramsOf(sets: readonly Float64Array[]): Histogram[] | null {
  const all = sets.flatMap((set) => [...set]).filter(Number.isFinite);
  if (all.length === 0) return null;
  const [lowest, highest] = [Math.min(...all), Math.max(...all)];
  const fits = (width: number) => Math.floor(highest / width) - Math.floor(lowest / width) < mostClasses;
  const width = widths.find(fits) ?? (highest - lowest) / (mostClasses - 1);
  const first = Math.floor(lowest / width);
  const classes = Math.floor(highest / width) - first + 1;
  return sets.map((set) => {
    const counts = Array.from({ length: classes }, () => 0);
    for (const value of set) {
      const place = Math.floor(value / width) - first;
      counts[place] = (counts[place] ?? 0) + 1;
    }
    return { from: first * width, width, counts };
  });
}
