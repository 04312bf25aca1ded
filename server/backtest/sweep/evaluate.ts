import type { MetricName, Metrics } from "../definitions.ts";
import { metricNames } from "./metric-names.ts";
import { parametersAt } from "./points.ts";
import { createSpace } from "./space.ts";
import type { SweepSubject, Trial } from "./subject.ts";
import { type Chunk, outcomes, type SweepPlan } from "./types.ts";

/** Runs points of a sweep: `count` of them from `first` on. Each gives what a run of the in-sample part alone would give. */
export type Evaluator = (first: number, count: number) => Chunk;

export function createEvaluator(subject: SweepSubject, plan: SweepPlan): Evaluator {
  const space = createSpace(plan.axes, plan.search);
  const places = new Int32Array(plan.axes.length);
  const { inSample, windows } = plan;

  const scoreWindows = (trial: Trial, scores: Float64Array) => {
    for (const [window, { choose }] of windows.entries()) {
      if (trial.canTrade(choose)) scores[window] = definedOrNaN(trial.figures(choose)[plan.score]);
    }
  };

  return (first, count) => {
    const chunk: Chunk = {
      first,
      count,
      outcomes: new Uint8Array(count),
      metrics: new Float64Array(count * metricNames.length).fill(Number.NaN),
      windows: new Float64Array(count * windows.length).fill(Number.NaN),
    };
    for (let index = 0; index < count; index++) {
      space(first + index, places);
      const trial = subject.configure(parametersAt(plan, places));
      if (trial === null || !trial.canTrade(inSample)) {
        chunk.outcomes[index] = trial === null ? outcomes.invalid : outcomes.cold;
        continue;
      }
      writeFigures(trial.figures(inSample), chunk.metrics, index * metricNames.length);
      if (windows.length > 0) scoreWindows(trial, chunk.windows.subarray(index * windows.length));
    }
    return chunk;
  };
}

/** What a division by nothing gives is not defined; nor is there a zero below zero. */
const definedOrNaN = (figure: number): number => (Number.isFinite(figure) ? figure + 0 : Number.NaN);

function writeFigures(figures: Readonly<Record<MetricName, number>>, row: Float64Array, start: number): void {
  for (let metric = 0; metric < metricNames.length; metric++) {
    const name = metricNames[metric];
    if (name !== undefined) row[start + metric] = definedOrNaN(figures[name]);
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
