import type { Commission } from "./types.ts";

/*
 * Runs reckon in split-adjusted shares, or in those of the day; people order whole shares of the day, and pay for them. `factor` is a
 * session's split factor: one adjusted share is so many shares of that day.
 */

/** What differs by less of itself is the same but for rounding: 0.29 × 100 shares are 29, not 28. */
const rounding = 1e-12;

/** Shares of the day, rounded down to whole ones; what is whole but for rounding is whole. */
export const wholeOf = (shares: number): number => Math.floor(shares * (1 + rounding));

/** Adjusted shares rounded down so that they are whole ones on their day. */
export const wholeOnDay = (adjusted: number, factor: number): number => wholeOf(adjusted * factor) / factor;

/** Adjusted shares as shares of the day, whole where they are but for rounding; either may be negative. */
export function sharesOfDay(adjusted: number, factor: number): number {
  const shares = adjusted * factor;
  const nearest = Math.round(shares);
  return Math.abs(shares - nearest) <= rounding * Math.abs(shares) ? nearest : shares;
}

/**
 * The part of a holding that a split left of a share, where only whole ones are held; 0 where it left none. The holding is in the unit
 * that `factor` counts days' shares by, and so is the answer.
 */
export function partOfShare(holding: number, factor: number): number {
  const part = holding - wholeOnDay(holding, factor);
  return part > rounding * holding ? part : 0;
}

/** Dollars for an order of so many shares of the day, worth so many dollars. */
export const commissionOn = ({ bps, perShare, perOrder }: Commission, shares: number, value: number): number =>
  perOrder + perShare * shares + (value * bps) / 10_000;
