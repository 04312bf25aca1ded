import { leastSessions } from "../backtest.ts";
import type { Metrics } from "../definitions.ts";
import { columnsOf, simulate } from "../engine.ts";
import { keepIndicators } from "../indicators.ts";
import { measure } from "../metrics.ts";
import type { ConfiguredStrategy, TickerStrategy } from "../strategy.ts";
import type { Bars } from "../types.ts";
import { metricNames } from "./metric-names.ts";
import { barsOf } from "./segments.ts";
import { createSpace, paramsAt } from "./space.ts";
import { type Chunk, outcomes, type SweepPlan } from "./types.ts";

/** Runs points of a sweep: `count` of them from `first` on. Each gives what a run of the in-sample bars alone would give. */
export type Evaluator = (first: number, count: number) => Chunk;

/** The strategy at a point of the sweep; null where its parameters do not go together. */
export function configureAt(
  strategy: TickerStrategy,
  { fixed, axes }: SweepPlan,
  places: ArrayLike<number>,
): ConfiguredStrategy | null {
  const configured = strategy.configure({ ...fixed, ...paramsAt(axes, places) });
  return configured.success ? configured.strategy : null;
}

/** Prepares bars for many points: indicators are computed once for each window, and kept as long as the evaluator is. */
export function createEvaluator(bars: Bars, strategy: TickerStrategy, plan: SweepPlan): Evaluator {
  const space = createSpace(plan.axes, plan.search);
  const places = new Int32Array(plan.axes.length);
  const inSample = barsOf(bars, plan.inSample);
  const walked = plan.windows.map(({ choose }) => ({ choose, bars: barsOf(bars, choose) }));
  // Each run writes over the one before it, of which only figures are kept.
  const scratch = columnsOf(inSample.dates.length);
  const windowScratch = walked.map(({ bars: part }) => columnsOf(part.dates.length));
  const columns = [inSample, ...(walked.length > 0 ? [bars] : [])];
  for (const { open, high, low, close } of columns)
    for (const column of [open, high, low, close]) keepIndicators(column);

  const scoreWindows = (ready: ConfiguredStrategy, scores: Float64Array) => {
    // No strategy looks ahead, so that what it says of a window does not depend on what comes after it.
    const targets = ready.signals(bars);
    for (const [window, { choose, bars: part }] of walked.entries()) {
      if (choose.to < leastSessions(ready)) continue;
      const within = targets.subarray(choose.from, choose.to);
      const simulation = simulate(part, within, plan.settings, windowScratch[window]);
      scores[window] = measure(part, simulation, plan.settings)[plan.score] ?? Number.NaN;
    }
  };

  return (first, count) => {
    const chunk: Chunk = {
      first,
      count,
      outcomes: new Uint8Array(count),
      metrics: new Float64Array(count * metricNames.length).fill(Number.NaN),
      windows: new Float64Array(count * walked.length).fill(Number.NaN),
    };
    for (let index = 0; index < count; index++) {
      space(first + index, places);
      const ready = configureAt(strategy, plan, places);
      chunk.outcomes[index] = outcomeOf(ready, inSample);
      if (ready === null || chunk.outcomes[index] !== outcomes.ran) continue;
      const simulation = simulate(inSample, ready.signals(inSample), plan.settings, scratch);
      writeMetrics(measure(inSample, simulation, plan.settings), chunk.metrics, index * metricNames.length);
      if (walked.length > 0) scoreWindows(ready, chunk.windows.subarray(index * walked.length));
    }
    return chunk;
  };
}

function outcomeOf(ready: ConfiguredStrategy | null, bars: Bars): number {
  if (ready === null) return outcomes.invalid;
  return bars.dates.length < leastSessions(ready) ? outcomes.cold : outcomes.ran;
}

function writeMetrics(metrics: Metrics, row: Float64Array, start: number): void {
  for (let metric = 0; metric < metricNames.length; metric++) {
    const name = metricNames[metric];
    if (name !== undefined) row[start + metric] = metrics[name] ?? Number.NaN;
  }
}

/** A row of metrics as a run answers them. */
export const readMetrics = (rows: Float64Array, start: number): Metrics =>
  Object.fromEntries(
    metricNames.map((name, metric) => {
      const value = rows[start + metric] ?? Number.NaN;
      return [name, Number.isNaN(value) ? null : value];
    }),
  ) as Metrics;
