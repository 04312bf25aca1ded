import type { CurvesView, MetricLine } from "../../../views/research/scenario-types.ts";
import { type MetricName, metricDefinitions } from "../../backtest/definitions.ts";

/** A run as comparisons need it. */
export type Compared = {
  name: string;
  capital: number;
  metrics: Record<string, number | null>;
  dates: readonly string[];
  equity: readonly number[];
};

const metricNames = Object.keys(metricDefinitions) as MetricName[];

/** Every metric that there is; one that came after the run is not known of it. */
export const allMetrics = (kept: Record<string, number | null>): Record<string, number | null> =>
  Object.fromEntries(metricNames.map((name) => [name, kept[name] ?? null]));

/**
 * The metrics of several runs beside each other, with the best of each marked: those that reach it, unless all do. Dollars
 * are not judged where the runs began with different sums.
 */
export function compareMetrics(runs: readonly Pick<Compared, "capital" | "metrics">[]): MetricLine[] {
  const isSameCapital = new Set(runs.map(({ capital }) => capital)).size <= 1;
  return metricNames.map((name) => {
    const { label, unit, formula, higherIsBetter } = metricDefinitions[name];
    const values = runs.map(({ metrics }) => metrics[name] ?? null);
    const isJudged = higherIsBetter !== null && (unit !== "dollars" || isSameCapital);
    const best = isJudged ? markBest(values, higherIsBetter) : values.map(() => false);
    return { name, label, unit, formula, values, best };
  });
}

/** Which of the values are the best; none where all that are known are equal. */
export function markBest(values: readonly (number | null)[], higherIsBetter: boolean): boolean[] {
  const known = values.filter((value) => value !== null);
  if (new Set(known).size < 2) return values.map(() => false);
  const best = higherIsBetter ? Math.max(...known) : Math.min(...known);
  return values.map((value) => value === best);
}

/** What all ranges share; null where that is nothing. */
export function commonRange(ranges: readonly { from: string; to: string }[]): { from: string; to: string } | null {
  const from = ranges
    .map((range) => range.from)
    .toSorted()
    .at(-1);
  const to = ranges.map((range) => range.to).toSorted()[0];
  return from === undefined || to === undefined || from > to ? null : { from, to };
}

/**
 * The equity of several runs over all their sessions, each divided by its first, so that all begin at 1. Null before a run's
 * first session and after its last; in a session that others alone have, what it was worth before.
 */
export function rebase(runs: readonly Pick<Compared, "name" | "dates" | "equity">[]): CurvesView {
  const dates = [...new Set(runs.flatMap((run) => run.dates))].toSorted();
  const lines = runs.map(({ name, dates: own, equity }) => {
    const first = equity[0] ?? Number.NaN;
    const last = own.at(-1) ?? "";
    let next = 0;
    let value: number | null = null;
    const values = dates.map((date) => {
      if (own[next] === date) value = (equity[next++] ?? Number.NaN) / first;
      return date > last ? null : value;
    });
    return { name, values };
  });
  return { dates, lines };
}
