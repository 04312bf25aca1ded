import { at } from "../strategy.ts";
import { chooseHoldings } from "./choose.ts";
import type { ConfiguredUniverseStrategy } from "./strategy.ts";
import type { Selection, Universe } from "./types.ts";

/** What the checks of a strategy of the universe found. `changed` is the date of the first rebalance that failed. */
export type UniverseHonesty = {
  lookAhead: { passed: boolean; rebalances: number; changed: string | null };
  warmup: { passed: boolean; sessions: number; changed: string | null };
};

/**
 * A strategy of the universe gets one cross section at a time, which holds nothing later than its session: it can know more only by
 * what it keeps of others. So it is asked again from the last rebalance to the first, each alone, and has to choose the same. And whom
 * it chooses has to have a bar at each of the lags that it names.
 */
export function checkUniverseHonesty(strategy: ConfiguredUniverseStrategy, universe: Universe): UniverseHonesty {
  const forwards = chooseHoldings(universe, strategy);
  const backwards = [...universe.sections]
    .reverse()
    .flatMap((section) => chooseHoldings({ ...universe, sections: [section] }, strategy))
    .reverse();
  const dateOf = (selection: Selection | undefined) => (selection ? (universe.dates[selection.session] ?? "") : null);
  const changed = dateOf(forwards.find(({ tickers }, index) => !areEqual(tickers, backwards[index]?.tickers)));
  const cold = dateOf(forwards.find((selection, index) => !isWarm(selection, universe, index)));
  return {
    lookAhead: { passed: changed === null, rebalances: forwards.length, changed },
    warmup: { passed: cold === null, sessions: strategy.warmup, changed: cold },
  };
}

const areEqual = (a: readonly number[], b: readonly number[] | undefined): boolean =>
  a.length === b?.length && a.every((ticker, index) => ticker === b[index]);

const isWarm = ({ tickers }: Selection, { sections }: Universe, index: number): boolean =>
  tickers.every((ticker) => sections[index]?.returns.every((column) => Number.isFinite(at(column, ticker))));
