import type { Strategy } from "../strategy.ts";
import { buyAndHold } from "./buy-and-hold.ts";
import { donchian } from "./donchian.ts";
import { macd } from "./macd.ts";
import { meanReversion } from "./mean-reversion.ts";
import { momentum } from "./momentum.ts";
import { rsi } from "./rsi.ts";

/**
 * Every strategy there is. One that is added here is in the API, in the API's document, and under the look-ahead, warm-up and
 * property tests.
 */
export const strategies: readonly Strategy[] = [momentum, meanReversion, macd, rsi, donchian, buyAndHold];

/** The strategy of that id; undefined where there is none. */
export const findStrategy = (id: string): Strategy | undefined => strategies.find((strategy) => strategy.id === id);
