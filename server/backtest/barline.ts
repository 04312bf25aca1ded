/** What a strategy of the workspace imports as `barline`; the types of `strategies/barline.d.ts` are made from here. */
export { z } from "zod";
export {
  deviation,
  exponentialAverage,
  highest,
  lowest,
  relativeStrength,
  simpleAverage,
} from "./indicators.ts";
export {
  at,
  decideEach,
  defineStrategy,
  exceeds,
  level,
  ordered,
  type Pane,
  type PaneLine,
  sessions,
  strength,
  type TickerStrategy,
} from "./strategy.ts";
export type { Bars, Target, Targets } from "./types.ts";
export { defineUniverseStrategy, type Minimums, type UniverseStrategy } from "./universe/strategy.ts";
export type { CrossSection } from "./universe/types.ts";
