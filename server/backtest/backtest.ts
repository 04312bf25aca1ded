import { drawdownsOf } from "./curve.ts";
import type { Metrics } from "./definitions.ts";
import { simulate } from "./engine.ts";
import { buyAndHoldOf, type Comparison, compare, measure } from "./metrics.ts";
import type { ConfiguredStrategy } from "./strategy.ts";
import type { Bars, Settings, Simulation } from "./types.ts";

/** A run with its figures. `drawdown` is by session, a fraction from 0 down. */
export type Backtest = Simulation & {
  drawdown: Float64Array;
  metrics: Metrics;
  /** The ticker held from the first close to the last, for the same capital. */
  buyAndHold: Comparison & { equity: Float64Array };
};

/** The fewest sessions that a strategy can be run on: its warm-up, one that gives a signal, and one that fills it. */
export const leastSessions = ({ warmup }: Pick<ConfiguredStrategy, "warmup">): number => warmup + 2;

/** Runs one strategy over one ticker's bars. `riskFree` is a yearly rate, as a fraction. */
export function runBacktest(
  bars: Bars,
  strategy: ConfiguredStrategy,
  settings: Settings & { riskFree: number },
): Backtest {
  const simulation = simulate(bars, strategy.signals(bars), settings);
  const held = buyAndHoldOf(bars, settings.capital);
  return {
    ...simulation,
    drawdown: drawdownsOf(simulation.equity, settings.capital),
    metrics: measure(bars, simulation, settings),
    buyAndHold: { equity: held, ...compare(simulation.equity, held, settings) },
  };
}
