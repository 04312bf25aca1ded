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
export const firstBars = (bars: Bars, length: number): Bars => ({
  dates: bars.dates.slice(0, length),
  open: bars.open.slice(0, length),
  high: bars.high.slice(0, length),
  low: bars.low.slice(0, length),
  close: bars.close.slice(0, length),
  volume: bars.volume.slice(0, length),
  dividends: bars.dividends.slice(0, length),
  // What comes after the cut is not known, so neither is that the cut is the end.
  delisted: bars.delisted && length === bars.close.length,
});
