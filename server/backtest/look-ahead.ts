import type { ConfiguredStrategy } from "./strategy.ts";
import type { Bars } from "./types.ts";

/** A signal that could not have been known: with the bars up to `length` it was `before`, with later ones it is `after`. */
export type LookAhead = { session: number; length: number; before: number; after: number };

/**
 * Re-runs a strategy on histories cut off after each of `lengths` sessions: what it said then has to be what it says with the
 * whole history. Answers the first signal that changed, or null where the strategy passes.
 */
export function findLookAhead(
  strategy: ConfiguredStrategy,
  bars: Bars,
  lengths: Iterable<number> = bars.close.keys(),
): LookAhead | null {
  const whole = strategy.signals(bars);
  for (const length of lengths) {
    const cut = strategy.signals(firstBars(bars, length));
    for (let session = 0; session < length; session++) {
      const before = cut[session] ?? Number.NaN;
      const after = whole[session] ?? Number.NaN;
      if (before !== after) return { session, length, before, after };
    }
  }
  return null;
}

/** The first session that has a target although the strategy says that it is not warm; null where there is none. */
export function findColdSignal(strategy: ConfiguredStrategy, bars: Bars): number | null {
  const session = strategy
    .signals(bars)
    .subarray(0, strategy.warmup)
    .findIndex((target) => target !== 0);
  return session === -1 ? null : session;
}

/** A copy of the first `length` sessions, which cannot reach what comes after them. */
export const firstBars = (bars: Bars, length: number): Bars => sliceBars(bars, 0, length);

/** A copy without the first `cut` sessions, which cannot reach them. */
export const lastBars = (bars: Bars, cut: number): Bars => sliceBars(bars, cut, bars.close.length);

const sliceBars = (bars: Bars, from: number, to: number): Bars => ({
  dates: bars.dates.slice(from, to),
  open: bars.open.slice(from, to),
  high: bars.high.slice(from, to),
  low: bars.low.slice(from, to),
  close: bars.close.slice(from, to),
  volume: bars.volume.slice(from, to),
  dividends: bars.dividends.slice(from, to),
  splitFactor: bars.splitFactor.slice(from, to),
  // What comes after the cut is not known, so neither is that the cut is the end.
  delisted: bars.delisted && to === bars.close.length,
});
