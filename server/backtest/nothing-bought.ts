import { commissionOn } from "./shares.ts";
import { at } from "./strategy.ts";
import type { Bars, Commission, Settings, Targets } from "./types.ts";

/**
 * Why a run held nothing at any time; sessions are indexes into the bars:
 *
 *   not_wanted   the strategy wanted no position at any close
 *   short_only   it wanted only to be short, which the run does not follow
 *   last_close   it wanted one at the last close alone, after which nothing is filled
 *   not_traded   no session after `wanted`, the first close at which it wanted one, had a price and a trade
 *   below_one    the sizing asks for less than the one whole share that may be traded
 *   too_dear     the cheapest whole share that it wanted cost `price` dollars with its costs, as quoted in `session`
 *   costs        the commission of an order takes all of what it may take
 *
 * `budget` are the dollars that an entry may take.
 */
export type NothingBought =
  | { kind: "not_wanted" }
  | { kind: "short_only" }
  | { kind: "last_close" }
  | { kind: "not_traded"; wanted: number }
  | { kind: "below_one"; shares: number }
  | { kind: "too_dear"; session: number; price: number; budget: number }
  | { kind: "costs"; commission: number; budget: number };

/** Looks for what kept a run without trades from its first one. */
export function whyNothing(bars: Bars, targets: Targets, settings: Settings): NothingBought {
  const { fractional, sizing, side } = settings;
  const isFollowed = (target: number) => target > 0 || (target < 0 && side === "long_short");
  const wanted = targets.findIndex(isFollowed);
  if (wanted === -1) return targets.some((target) => target < 0) ? { kind: "short_only" } : { kind: "not_wanted" };
  if (wanted === targets.length - 1) return { kind: "last_close" };
  let cheapest: { session: number; price: number } | null = null;
  for (let session = wanted + 1; session < targets.length; session++) {
    const open = at(bars.open, session);
    const direction = targets[session - 1] ?? 0;
    if (!isFollowed(direction) || !(open > 0 && at(bars.volume, session) > 0)) continue;
    const quoted = (open / at(bars.splitFactor, session)) * (1 + (direction * settings.slippage.bps) / 10_000);
    const price = costOfOne(settings.commission, quoted);
    if (cheapest === null || price < cheapest.price) cheapest = { session, price };
  }
  if (cheapest === null) return { kind: "not_traded", wanted };
  const budget = budgetOf(settings);
  if (fractional) return { kind: "costs", commission: settings.commission.perOrder, budget };
  if (sizing.kind === "shares" && sizing.shares < 1) return { kind: "below_one", shares: sizing.shares };
  return { kind: "too_dear", ...cheapest, budget };
}

/** Dollars for one share of the day at a price, in an order of its own. */
export const costOfOne = (commission: Commission, price: number): number => price + commissionOn(commission, 1, price);

/** Nothing was ever bought, so the cash is the capital. */
function budgetOf({ capital, sizing }: Settings): number {
  if (sizing.kind === "equity") return sizing.fraction * capital;
  return sizing.kind === "cash" ? Math.min(sizing.cash, capital) : capital;
}
