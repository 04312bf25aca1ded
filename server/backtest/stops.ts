import type { ExitReason, Stops } from "./types.ts";

type StopReason = Extract<ExitReason, "stop_loss" | "take_profit" | "trailing_stop">;

/**
 * The stops of one open position. Levels are signed by its direction, so that higher is better for its holder: a long
 * position's are prices, a short one's are negative prices.
 */
export type OpenStops = {
  direction: number;
  loss: number;
  profit: number;
  trailing: number | null;
  /** The best price from the entry to the last bar that is over; in the entry bar, the entry price. */
  best: number;
  /** Where the last bar looked at reached a stop: the price before slippage, and which it was. */
  price: number;
  reason: StopReason;
};

/** A position's stops at its entry; null where there are none. */
export function openStops({ loss, profit, trailing }: Stops, direction: number, entryPrice: number): OpenStops | null {
  if (loss === null && profit === null && trailing === null) return null;
  const entry = direction * entryPrice;
  return {
    direction,
    loss: loss === null ? Number.NEGATIVE_INFINITY : entry * (1 - direction * loss),
    profit: profit === null ? Number.POSITIVE_INFINITY : entry * (1 + direction * profit),
    trailing,
    best: entry,
    price: Number.NaN,
    reason: "stop_loss",
  };
}

/**
 * Whether a bar reaches a stop, and then `price` and `reason` tell of it. What is known comes first: what a gap has passed fills
 * at the open. Of what follows only the range is known: where it has both a stop and the profit, the stop is taken.
 */
export function reachStop(stops: OpenStops, open: number, high: number, low: number): boolean {
  const { direction, loss, profit, trailing, best } = stops;
  const trail = trailing === null ? Number.NEGATIVE_INFINITY : best * (1 - direction * trailing);
  const stop = Math.max(loss, trail);
  const first = direction * open;
  const lowest = direction > 0 ? low : -high;
  const highest = direction > 0 ? high : -low;
  const isStopped = first <= stop || (first < profit && lowest <= stop);
  if (isStopped || first >= profit || highest >= profit) {
    stops.reason = !isStopped ? "take_profit" : loss >= trail ? "stop_loss" : "trailing_stop";
    stops.price = isStopped ? direction * Math.min(first, stop) : direction * Math.max(first, profit);
    return true;
  }
  if (highest > best) stops.best = highest;
  return false;
}
