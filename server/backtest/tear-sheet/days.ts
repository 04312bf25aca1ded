import { at } from "../strategy.ts";

/** Returns told apart by their sign. Sums are of returns, so that losses are below zero. */
export type Signs = {
  wins: number;
  losses: number;
  /** Returns of exactly 0, such as those of sessions without a position. */
  still: number;
  won: number;
  lost: number;
  /** Most wins after each other, and losses. */
  winsInARow: number;
  lossesInARow: number;
  best: number;
  worst: number;
};

export function signsOf(returns: Float64Array): Signs {
  const signs: Signs = {
    ...{ wins: 0, losses: 0, still: 0, won: 0, lost: 0, winsInARow: 0, lossesInARow: 0 },
    ...{ best: Number.NEGATIVE_INFINITY, worst: Number.POSITIVE_INFINITY },
  };
  let [winning, losing] = [0, 0];
  for (let index = 0; index < returns.length; index++) {
    const value = at(returns, index);
    winning = value > 0 ? winning + 1 : 0;
    losing = value < 0 ? losing + 1 : 0;
    if (value > 0) {
      signs.wins++;
      signs.won += value;
    } else if (value < 0) {
      signs.losses++;
      signs.lost += value;
    } else signs.still++;
    signs.winsInARow = Math.max(signs.winsInARow, winning);
    signs.lossesInARow = Math.max(signs.lossesInARow, losing);
    signs.best = Math.max(signs.best, value);
    signs.worst = Math.min(signs.worst, value);
  }
  return signs;
}

/** Part of the returns above zero among those that are not zero; NaN without any. */
export const winRateOf = ({ wins, losses }: Signs): number => wins / (wins + losses);
