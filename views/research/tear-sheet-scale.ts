import type { LineChart } from "./tear-sheet-view.ts";

/** The room of a chart's lines, in the units of its drawing; its scale is told inside, its dates below. */
export const plot = { width: 520, height: 150, top: 10, bottom: 22 };

/** Where a value stands, and the values that lines are drawn at. */
export type Scale = { yOf: (value: number) => number; ticks: number[] };

const steps = [1, 2, 2.5, 5, 10];

/** Round values between two others, at most five. */
export function roundTicks(low: number, high: number): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const size = 10 ** Math.floor(Math.log10(span / 4));
  const step = size * (steps.find((factor) => span / (size * factor) <= 4) ?? 10);
  const ticks: number[] = [];
  for (let tick = Math.ceil(low / step); tick * step <= high + step * 1e-9; tick++) ticks.push(tick * step + 0);
  return ticks;
}

/** Ones, twos and fives of each power of ten; where these are too few, round values. */
function logarithmicTicks(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
    ticks.push(...[1, 2, 5].map((factor) => factor * 10 ** power).filter((tick) => tick >= low && tick <= high));
  }
  if (ticks.length < 2) return roundTicks(low, high);
  return ticks.length <= 6 ? ticks : ticks.filter((tick) => /^[15]/.test(tick.toExponential()));
}

/** A scale that holds all values of a chart; of none, one from 0 to 1. */
export function scaleOf({ lines, base, isLogarithmic }: LineChart): Scale {
  const drawn = lines.flatMap(({ values }) => values).filter((value) => value !== null);
  const values = isLogarithmic ? drawn.filter((value) => value > 0) : [...drawn, ...(base === null ? [] : [base])];
  const low = values.reduce((least, value) => Math.min(least, value), values[0] ?? 0);
  const high = values.reduce((most, value) => Math.max(most, value), values[0] ?? 1);
  const to = isLogarithmic ? Math.log : (value: number) => value;
  const span = to(high) - to(low) || 1;
  const yOf = (value: number) => plot.top + plot.height * (1 - (to(value) - to(low)) / span);
  return { yOf, ticks: isLogarithmic && low > 0 ? logarithmicTicks(low, high) : roundTicks(low, high) };
}

/** Where years begin among dates, at most seven of them; the first and the last date where no two do. */
export function dateTicks(dates: readonly string[]): { place: number; label: string }[] {
  const years = dates.flatMap((date, place) => {
    const year = date.slice(0, 4);
    return place > 0 && dates[place - 1]?.slice(0, 4) !== year ? [{ place, label: year }] : [];
  });
  const every = Math.ceil(years.length / 7);
  return years.filter((_, index) => index % every === 0);
}

/** The horizontal place of one of so many. */
export const xOf = (place: number, count: number): number => (place / Math.max(1, count - 1)) * plot.width;
