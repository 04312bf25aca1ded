import { at } from "../strategy.ts";
import { choose, everyone, type Membership } from "../universe/choose.ts";
import type { ConfiguredUniverseStrategy, UniverseStrategy } from "../universe/strategy.ts";
import type { CrossSection, HeldBars, Listing } from "../universe/types.ts";
import { configuredPoints } from "./points.ts";
import type { SweepPlan } from "./types.ts";

/**
 * One session of the market as all points of a sweep may ask about it: columns of one value a ticker, by its number. They may be in memory
 * that threads share.
 */
export type SweptSection = {
  /** As an index into the dates. */
  session: number;
  /** Whether it is the last session of a month, at which is chosen; the others value what is held at the end of a part. */
  isRebalance: boolean;
  /** NaN of a ticker that has no bar in the session. */
  close: Float64Array;
  /** How many of `minimumPrices`, and of `minimumDollarVolumes`, the ticker reaches in the session. */
  prices: Uint16Array;
  dollarVolumes: Uint16Array;
  /** By each of `lags`: the return over so many of the ticker's own sessions; NaN where it has no bar that old. */
  returns: readonly Float64Array[];
};

/** What points of a sweep of the universe look at, each at its own part of it. */
export type Needs = {
  lags: readonly number[];
  /** From low to high, each once. */
  minimumPrices: readonly number[];
  minimumDollarVolumes: readonly number[];
};

/** The market as a sweep reads it once, for all of its points. */
export type SweptMarket = Needs & {
  dates: readonly string[];
  listings: readonly Listing[];
  /** When the market was last open, by which survivors are known. */
  newest: string;
  /** Oldest first. */
  sections: readonly SweptSection[];
};

/** A market with the bars of every ticker while any point may hold it. */
export type SweptUniverse = SweptMarket & { bars: ReadonlyMap<number, HeldBars> };

/** What all points of a plan look at together. */
function needsOf(strategy: UniverseStrategy, plan: SweepPlan): Needs {
  const [lags, prices, dollarVolumes] = [new Set<number>(), new Set<number>(), new Set<number>()];
  for (const ready of configuredPoints(strategy, plan)) {
    for (const lag of ready?.lags ?? []) lags.add(lag);
    if (ready === null) continue;
    prices.add(ready.minimums.price);
    dollarVolumes.add(ready.minimums.dollarVolume);
  }
  const inOrder = (values: Set<number>) => [...values].toSorted((a, b) => a - b);
  return { lags: inOrder(lags), minimumPrices: inOrder(prices), minimumDollarVolumes: inOrder(dollarVolumes) };
}

/** What has to be known of a sweep of the universe before it begins. */
export type Surveyed = {
  /** Whether any point's parameters go together. */
  isPossible: boolean;
  needs: Needs;
  /** By lag the parameter that makes a point look back so far, where one does. */
  parameterOf: ReadonlyMap<number, string>;
};

/** Looks at every point of a plan, without a market. */
export function surveyPoints(strategy: UniverseStrategy, plan: SweepPlan): Surveyed {
  const parameterOf = new Map<number, string>();
  let isPossible = false;
  for (const ready of configuredPoints(strategy, plan)) {
    if (ready === null) continue;
    isPossible = true;
    for (const lag of ready.lags) {
      const name = Object.keys(ready.parameters).find((parameter) => ready.parameters[parameter] === lag);
      if (name !== undefined && !parameterOf.has(lag)) parameterOf.set(lag, name);
    }
  }
  return { isPossible, needs: needsOf(strategy, plan), parameterOf };
}

/** Whom a strategy may choose from. */
export const membershipOf = ({ listings, newest }: SweptMarket, { survivorsOnly }: SweepPlan): Membership =>
  survivorsOnly ? (ticker) => listings[ticker]?.lastDate === newest : everyone;

/** A session as one strategy knows it: with whom it may choose, and the returns that it asks for. */
export function sectionFor(
  { lags, minimumPrices, minimumDollarVolumes }: SweptMarket,
  { session, close, prices, dollarVolumes, returns }: SweptSection,
  strategy: Pick<ConfiguredUniverseStrategy, "lags" | "minimums">,
): CrossSection {
  const leastPrice = placeOf(minimumPrices, strategy.minimums.price);
  const leastVolume = placeOf(minimumDollarVolumes, strategy.minimums.dollarVolume);
  const eligible = new Uint8Array(close.length);
  for (let ticker = 0; ticker < close.length; ticker++) {
    const reachesBoth = at16(prices, ticker) >= leastPrice && at16(dollarVolumes, ticker) >= leastVolume;
    eligible[ticker] = reachesBoth && at(close, ticker) > 0 ? 1 : 0;
  }
  const returnOver = (lag: number) => {
    const column = returns[lags.indexOf(lag)];
    if (column === undefined) throw new Error(`the returns over ${lag} sessions were not read`);
    return column;
  };
  return { session, close, eligible, returns: strategy.lags.map(returnOver) };
}

/** How many of the minimums there are up to one of them; 0 asks for nothing, not even that it is known. */
function placeOf(minimums: readonly number[], minimum: number): number {
  if (minimum === 0) return 0;
  const place = minimums.indexOf(minimum);
  if (place === -1) throw new Error(`the tickers that reach ${minimum} were not read`);
  return place + 1;
}

const at16 = (values: Uint16Array, ticker: number): number => values[ticker] ?? 0;

/** By section, then ticker: 1 where any point that was asked chooses the ticker there. */
export type Chosen = Uint8Array;

/** Marks whom `count` points from `first` on choose, at every rebalance there is: only their bars are needed to run them. */
export function markChosen(
  market: SweptMarket,
  strategy: UniverseStrategy,
  plan: SweepPlan,
  points: [first: number, count: number],
  chosen: Chosen,
): void {
  const isMember = membershipOf(market, plan);
  for (const ready of configuredPoints(strategy, plan, points)) {
    if (ready === null) continue;
    for (const [index, section] of market.sections.entries()) {
      if (!section.isRebalance) continue;
      const row = index * market.listings.length;
      for (const ticker of choose(sectionFor(market, section, ready), ready, isMember)) chosen[row + ticker] = 1;
    }
  }
}
