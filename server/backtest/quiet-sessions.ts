import { at } from "./strategy.ts";
import type { Targets } from "./types.ts";

/*
 * What the engine does with the sessions in which nothing changes, which are most. Sweeps are made of these loops: each has no call in it, and is
 * small enough to become part of the function that calls it.
 */

/** The first session from `from` on, after which another target was given than the one that is followed. */
export function firstOther(targets: Targets, lowest: number, followed: number, from: number, end: number): number {
  let session = from;
  while (session < end && Math.max(targets[session - 1] ?? 0, lowest) === followed) session++;
  return session;
}

/** The first session from `from` up to `end` with a dividend; `end` where there is none. */
export function firstPaid(dividends: Float64Array, from: number, end: number): number {
  let session = from;
  while (session < end && at(dividends, session) === 0) session++;
  return session;
}

/** The same of splits. */
export function firstSplit(splitFactor: Float64Array, from: number, end: number): number {
  let session = from;
  while (session < end && at(splitFactor, session) === at(splitFactor, session - 1)) session++;
  return session;
}

/** Cash alone, at each close from `from` up to, and without, `to`. */
export function write(equity: Float64Array, cash: number, from: number, to: number): void {
  for (let session = from; session < to; session++) equity[session] = cash;
}

/** The same of cash and what is held. */
export function writeWorth(
  equity: Float64Array,
  cash: number,
  shares: number,
  close: Float64Array,
  from: number,
  to: number,
): void {
  for (let session = from; session < to; session++) equity[session] = cash + shares * at(close, session);
}
