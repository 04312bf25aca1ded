import { findListed } from "../workspace/catalogue.ts";
import type { Scenario } from "./types.ts";

/** "AAPL · Momentum", or the strategy alone where it chooses from all tickers. */
export function shortTitleOf({ ticker, strategy }: Pick<Scenario, "ticker" | "strategy">): string {
  const name = findListed(strategy)?.name ?? strategy;
  return ticker === null ? name : `${ticker} · ${name}`;
}
