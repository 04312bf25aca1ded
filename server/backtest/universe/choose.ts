import { at } from "../strategy.ts";
import type { ConfiguredUniverseStrategy } from "./strategy.ts";
import type { CrossSection, Selection, Universe } from "./types.ts";

/** Whether a ticker may be chosen at all, by its number. */
export type Membership = (ticker: number) => boolean;

/** The point-in-time universe: whoever has a bar in the session. */
export const everyone: Membership = () => true;

/**
 * What a strategy wants to hold after each rebalance; where it chooses nobody, everything is sold. The last session is valued only, as
 * what is wanted after it is never filled.
 */
export function chooseHoldings(
  { sections, dates }: Pick<Universe, "sections" | "dates">,
  strategy: ConfiguredUniverseStrategy,
  isMember: Membership = everyone,
): Selection[] {
  return sections
    .filter(({ session }) => session < dates.length - 1)
    .map((section) => ({ session: section.session, tickers: choose(section, strategy, isMember) }));
}

/** Whom a strategy wants to hold after one rebalance session, the best first. */
export const choose = (
  section: CrossSection,
  strategy: ConfiguredUniverseStrategy,
  isMember: Membership,
): readonly number[] => highestScores(section, strategy.score(section), strategy.holdings, isMember);

/** The tickers with the highest scores, the best first; of equal ones that with the lower number, which comes first in the alphabet. */
function highestScores(
  { eligible }: CrossSection,
  scores: Float64Array,
  count: number,
  isMember: Membership,
): number[] {
  // Most are below the worst of those kept so far: one comparison each, where a sort would take a dozen.
  const kept: number[] = [];
  for (let ticker = 0; ticker < scores.length; ticker++) {
    const score = at(scores, ticker);
    const isFull = kept.length === count;
    if (isFull && !(score > at(scores, kept[count - 1] ?? -1))) continue;
    if (!Number.isFinite(score) || eligible[ticker] !== 1 || !isMember(ticker)) continue;
    let place = isFull ? count - 1 : kept.length;
    while (place > 0 && score > at(scores, kept[place - 1] ?? -1)) {
      kept[place] = kept[place - 1] ?? -1;
      place--;
    }
    kept[place] = ticker;
  }
  return kept;
}

/**
 * What one dollar becomes that is spread evenly over every ticker that is eligible at a rebalance, and again over those of the
 * next: by rebalance, from 1, without costs or dividends.
 */
export function equalWeights({ sections, ...market }: Universe, isMember: Membership = everyone): Float64Array {
  const changes = sections.slice(1).map((now, index) => {
    const before = sections[index];
    return before === undefined ? 1 : equalWeightChange(before, now, market, isMember);
  });
  return sections.length === 0 ? new Float64Array(0) : levelsOf(changes);
}

/** Levels from 1 on, by what each becomes of the one before. */
export function levelsOf(changes: readonly number[]): Float64Array {
  const levels = new Float64Array(changes.length + 1).fill(1);
  for (const [index, change] of changes.entries()) levels[index + 1] = at(levels, index) * change;
  return levels;
}

/**
 * What one dollar becomes from one rebalance to another, spread evenly over every ticker that is eligible at the first. A ticker that was
 * traded for the last time in between counts at its last close, one that has no bar in the second session but trades again later with no change.
 */
export function equalWeightChange(
  before: Pick<CrossSection, "close" | "eligible">,
  now: Pick<CrossSection, "close" | "session">,
  { listings, dates }: Pick<Universe, "listings" | "dates">,
  isMember: Membership,
): number {
  const date = dates[now.session] ?? "";
  let total = 0;
  let count = 0;
  for (const [ticker, listing] of listings.entries()) {
    const bought = at(before.close, ticker);
    if (before.eligible[ticker] !== 1 || !isMember(ticker)) continue;
    const after = at(now.close, ticker);
    total += (after > 0 ? after : listing.lastDate < date ? listing.lastClose : bought) / bought;
    count++;
  }
  return count === 0 ? 1 : total / count;
}
