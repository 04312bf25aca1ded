import { costOfOne } from "../nothing-bought.ts";
import { at } from "../strategy.ts";
import type { HeldBars, PortfolioSettings, Selection } from "./types.ts";

/**
 * Why a portfolio held nothing although tickers were chosen: none of them was traded in the session after its choice; or, of the one that came nearest,
 * a whole share cost `price` dollars with its costs where `part` of them fell to it; or the commission of an order took all of such a part.
 */
export type NothingHeld =
  | { kind: "not_traded" }
  | { kind: "too_dear"; ticker: number; session: number; price: number; part: number }
  | { kind: "costs"; commission: number; part: number };

/** Looks for what kept a portfolio without trades from its first one: the equity is the capital. */
export function whyNothingHeld(
  selections: readonly Selection[],
  bars: ReadonlyMap<number, HeldBars>,
  { capital, fraction, fractional, commission, slippage }: PortfolioSettings,
): NothingHeld {
  let nearest: Extract<NothingHeld, { kind: "too_dear" }> | null = null;
  for (const { session: chosen, tickers } of selections) {
    const part = (capital * fraction) / tickers.length;
    for (const ticker of tickers) {
      const own = bars.get(ticker);
      const row = own?.sessions.indexOf(chosen + 1) ?? -1;
      if (own === undefined || row === -1 || !(at(own.open, row) > 0)) continue;
      const quoted = (at(own.open, row) / at(own.splitFactor, row)) * (1 + slippage.bps / 10_000);
      const price = costOfOne(commission, quoted);
      if (nearest !== null && price / part >= nearest.price / nearest.part) continue;
      nearest = { kind: "too_dear", ticker, session: chosen + 1, price, part };
    }
  }
  if (nearest === null) return { kind: "not_traded" };
  return fractional ? { kind: "costs", commission: commission.perOrder, part: nearest.part } : nearest;
}
