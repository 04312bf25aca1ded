import type { ChartData } from "../chart-data.ts";
import type { Interval } from "./state.ts";

/** Bars as a chart draws them: each is one session, or the sessions of a week or month. */
export type ChartBars = {
  /** The first session of each bar, and its last, by which it is called. */
  start: string[];
  date: string[];
  /** The position of its last session among all: bars are so many sessions apart. */
  session: number[];
  open: number[];
  high: number[];
  low: number[];
  close: number[];
  volume: number[];
  /** In the order of the data's; a bar's is that of its last session that has one. */
  indicators: (number | null)[][];
  compare: (number | null)[][];
};

/** Weeks begin on Monday: weeks since the epoch's first one. */
const weekOf = (date: string) => Math.floor((Date.parse(date) / 86_400_000 + 3) / 7);

const spanOf: Record<Interval, (date: string) => string | number> = {
  day: (date) => date,
  week: weekOf,
  month: (date) => date.slice(0, 7),
};

/** Where each bar begins among the sessions, and after the last of them their number. */
export function spansOf(dates: readonly string[], interval: Interval): number[] {
  const starts: number[] = [];
  let before: string | number | undefined;
  dates.forEach((date, index) => {
    const span = spanOf[interval](date);
    if (span !== before) starts.push(index);
    before = span;
  });
  return [...starts, dates.length];
}

function lastKnown(values: readonly (number | null)[], from: number, to: number): number | null {
  for (let index = to - 1; index >= from; index -= 1) {
    const value = values[index];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

/** A history by sessions as bars of an interval: the first open, the highest high, the lowest low, the last close, all shares. */
export function barsOf(data: ChartData, interval: Interval): ChartBars {
  const spans = spansOf(data.date, interval);
  const each = <Value>(value: (from: number, to: number) => Value): Value[] =>
    spans.slice(0, -1).map((from, at) => value(from, spans[at + 1] ?? from + 1));
  const within = (values: readonly number[], join: (one: number, other: number) => number) =>
    each((from, to) => values.slice(from, to).reduce((one, other) => join(one, other)));
  const lasts = (values: readonly (number | null)[]) => each((from, to) => lastKnown(values, from, to));
  return {
    start: each((from) => data.date[from] ?? ""),
    date: each((_from, to) => data.date[to - 1] ?? ""),
    session: each((_from, to) => to - 1),
    open: each((from) => data.open[from] ?? 0),
    high: within(data.high, Math.max),
    low: within(data.low, Math.min),
    close: each((_from, to) => data.close[to - 1] ?? 0),
    volume: within(data.volume, (one, other) => one + other),
    indicators: data.indicators.map(({ values }) => lasts(values)),
    compare: data.compare.map(({ close }) => lasts(close)),
  };
}

/** The bar in which something of a date happened: the first that ends with it or after it; -1 where all end before. */
export const barAt = (bars: Pick<ChartBars, "date">, date: string) => firstFrom(bars.date, date);

/** The position of the first of ascending dates that is not before `date`; -1 where there is none. */
export function firstFrom(dates: readonly string[], date: string): number {
  let [low, high] = [0, dates.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((dates[middle] ?? "") < date) low = middle + 1;
    else high = middle;
  }
  return low < dates.length ? low : -1;
}
