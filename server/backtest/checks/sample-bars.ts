import type { Bars } from "../types.ts";

/** The same numbers from 0 up to 1 for a seed, by a linear congruence. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** Weekdays are of no interest to the core: any rising dates do. */
export const sampleDate = (session: number): string =>
  new Date(Date.UTC(2020, 0, 1 + session)).toISOString().slice(0, 10);

/** A price path that wanders, the same for a seed: rises, falls, gaps and flat stretches. */
export function sampleBars(length: number, seed = 1): Bars {
  const random = seeded(seed);
  const [open, high, low, close] = Array.from({ length: 4 }, () => new Float64Array(length)) as [
    ...[Float64Array, Float64Array, Float64Array, Float64Array],
  ];
  let price = 100;
  for (let session = 0; session < length; session++) {
    const isFlat = session % 60 < 6;
    const start = isFlat ? price : price * (1 + (random() - 0.5) * 0.02);
    price = isFlat ? price : start * (1 + (random() - 0.49) * 0.05);
    open[session] = start;
    close[session] = price;
    high[session] = Math.max(start, price) * (1 + random() * 0.01);
    low[session] = Math.min(start, price) * (1 - random() * 0.01);
  }
  return {
    dates: Array.from({ length }, (_, session) => sampleDate(session)),
    ...{ open, high, low, close },
    volume: new Float64Array(length).fill(1000),
    dividends: new Float64Array(length),
    splitFactor: new Float64Array(length).fill(1),
    delisted: false,
  };
}

/** The same bars in other units: every amount times a factor. */
export const inUnits = (bars: Bars, factor: number): Bars => ({
  ...bars,
  open: bars.open.map((price) => price * factor),
  high: bars.high.map((price) => price * factor),
  low: bars.low.map((price) => price * factor),
  close: bars.close.map((price) => price * factor),
  dividends: bars.dividends.map((amount) => amount * factor),
});
