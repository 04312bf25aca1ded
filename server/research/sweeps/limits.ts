import { mostPoints, mostUniversePoints } from "../../backtest/sweep/space.ts";
import type { ListedStrategy } from "../workspace/catalogue.ts";

/** The most points that one sweep runs, and why they are not more, as it follows the number in a sentence. */
export const pointLimits: Record<ListedStrategy["scope"], { most: number; why: string }> = {
  ticker: { most: mostPoints, why: "" },
  universe: {
    most: mostUniversePoints,
    why: ", as one that holds 50 of 11,000 tickers over ten years takes some 90 ms of a core",
  },
};
