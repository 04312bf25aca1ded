import type { Strategy } from "../strategies/index.ts";
import type { Bars } from "../types.ts";
import type { SweepSubject } from "./subject.ts";
import { createTickerSubject } from "./ticker-subject.ts";
import type { SweepPlan } from "./types.ts";
import type { SweptUniverse } from "./universe.ts";
import { createUniverseSubject } from "./universe-subject.ts";

/** What a sweep reads, once for all of its points. */
export type SweepInput = { scope: "ticker"; bars: Bars } | { scope: "universe"; universe: SweptUniverse };

/** What the points of a plan are run on. */
export function createSubject(input: SweepInput, strategy: Strategy, plan: SweepPlan): SweepSubject {
  if (strategy.scope === "ticker" && input.scope === "ticker") return createTickerSubject(input.bars, strategy, plan);
  if (strategy.scope === "universe" && input.scope === "universe")
    return createUniverseSubject(input.universe, strategy, plan);
  throw new Error(`${plan.strategy} does not run on what was read: ${input.scope}`);
}
