import type { TickerStrategy } from "../strategy.ts";
import type { UniverseStrategy } from "../universe/strategy.ts";
import { buyAndHold } from "./buy-and-hold.ts";
import { crossSectionalMomentum } from "./cross-sectional-momentum.ts";
import { donchian } from "./donchian.ts";
import { macd } from "./macd.ts";
import { meanReversion } from "./mean-reversion.ts";
import { momentum } from "./momentum.ts";
import { rsi } from "./rsi.ts";

/** A strategy of one ticker or of all of them; `scope` tells which. */
export type Strategy = TickerStrategy | UniverseStrategy;

/**
 * Every strategy there is. One that is added here is in the API, in the API's document, on the page of strategies, and under the
 * look-ahead, warm-up and property tests.
 */
export const tickerStrategies: readonly TickerStrategy[] = [momentum, meanReversion, macd, rsi, donchian, buyAndHold];

export const universeStrategies: readonly UniverseStrategy[] = [crossSectionalMomentum];

export const strategies: readonly Strategy[] = [...tickerStrategies, ...universeStrategies];

/** The strategy of that id; undefined where there is none. */
export const findStrategy = (id: string): Strategy | undefined => strategies.find((strategy) => strategy.id === id);

/** The strategy of one ticker of that id; undefined where there is none. */
export const findTickerStrategy = (id: string): TickerStrategy | undefined =>
  tickerStrategies.find((strategy) => strategy.id === id);

/** The strategy of the universe of that id; undefined where there is none. */
export const findUniverseStrategy = (id: string): UniverseStrategy | undefined =>
  universeStrategies.find((strategy) => strategy.id === id);
