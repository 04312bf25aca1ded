import { leastSessions } from "../backtest.ts";
import type { Configured, TickerStrategy } from "../strategy.ts";
import { countPoints, createSpace, paramsAt } from "./space.ts";
import type { SweepPlan } from "./types.ts";

/** The parameters at places on the axes, with those that are the same everywhere. */
export const parametersAt = ({ fixed, axes }: SweepPlan, places: ArrayLike<number>): Record<string, number> => ({
  ...fixed,
  ...paramsAt(axes, places),
});

/** The fewest sessions that any point of a plan needs; null where no point's parameters go together. */
export function leastOfPoints(strategy: TickerStrategy, plan: SweepPlan): number | null {
  let least: number | null = null;
  for (const ready of configuredPoints(strategy, plan)) {
    if (ready !== null) least = Math.min(least ?? Number.POSITIVE_INFINITY, leastSessions(ready));
  }
  return least;
}

/**
 * The strategy at each of `count` points from `first` on, at all of them where none are named; null where the parameters do not go
 * together.
 */
export function* configuredPoints<Ready>(
  strategy: { configure(parameters: unknown): Configured<Ready> },
  plan: SweepPlan,
  [first, count]: [first: number, count: number] = [0, countPoints(plan.axes, plan.search)],
): Generator<Ready | null> {
  const space = createSpace(plan.axes, plan.search);
  const places = new Int32Array(plan.axes.length);
  for (let point = first; point < first + count; point++) {
    space(point, places);
    const configured = strategy.configure(parametersAt(plan, places));
    yield configured.success ? configured.strategy : null;
  }
}
