import { createHeatMaps, type HeatMaps } from "./heat-map.ts";
import { directionOf, metricNames } from "./metric-names.ts";
import { countPoints, createSpace } from "./space.ts";
import { type Chunk, outcomes, type SweepPlan, type Tally } from "./types.ts";

/** A point that came far, with its row of metrics. */
export type Ranked = { point: number; rank: number; metrics: Float64Array };

/** All that is kept of a sweep's points; how much does not depend on how many there are. */
export type Collected = {
  tally: Tally;
  /** Points whose score is defined. */
  scored: number;
  /** Best first; of equal scores the earlier point. */
  best: Ranked[];
  /** Of the points whose Sharpe ratio is defined; annual. */
  sharpe: { count: number; mean: number /** With n - 1. */; variance: number };
  /** By window the best point on it; null where none had a score. */
  windows: ({ point: number; score: number } | null)[];
  maps: HeatMaps;
};

export type Collector = {
  /** Takes chunks in any order; what is kept is the same whatever the order. */
  add(chunk: Chunk): void;
  /** Points so far. */
  done(): number;
  finish(): Collected;
};

/** Rows in the table of the best points. */
const mostRanked = 20;

/** Keeps the best of a sweep, its maps and what the deflated Sharpe ratio needs. */
export function createCollector(plan: SweepPlan): Collector {
  const space = createSpace(plan.axes, plan.search);
  const places = new Int32Array(plan.axes.length);
  const maps = createHeatMaps(plan.axes);
  const direction = directionOf(plan.score);
  const [scoreColumn, sharpeColumn] = [metricNames.indexOf(plan.score), metricNames.indexOf("sharpe")];
  const tally: Tally = { points: countPoints(plan.axes, plan.search), ran: 0, invalid: 0, cold: 0 };
  const ranking = createRanking();
  const sharpe = createMoments();
  const windows: Collected["windows"] = plan.windows.map(() => null);
  const waiting = new Map<number, Chunk>();
  let [next, done, scored] = [0, 0, 0];

  const addWindows = (point: number, scores: Float64Array) => {
    for (const [window, score] of scores.entries()) {
      const known = windows[window];
      if (Number.isNaN(score)) continue;
      if (!known || direction * score > direction * known.score) windows[window] = { point, score };
    }
  };

  const addPoint = (chunk: Chunk, index: number) => {
    const outcome = chunk.outcomes[index];
    if (outcome === outcomes.invalid) tally.invalid++;
    if (outcome === outcomes.cold) tally.cold++;
    if (outcome !== outcomes.ran) return;
    tally.ran++;
    const point = chunk.first + index;
    const metrics = chunk.metrics.subarray(index * metricNames.length, (index + 1) * metricNames.length);
    const rank = direction * (metrics[scoreColumn] ?? Number.NaN);
    if (!Number.isNaN(rank)) scored++;
    space(point, places);
    maps.add(places, metrics, rank);
    sharpe.add(metrics[sharpeColumn] ?? Number.NaN);
    ranking.add(point, rank, metrics);
    addWindows(point, chunk.windows.subarray(index * windows.length, (index + 1) * windows.length));
  };

  return {
    add: (chunk) => {
      done += chunk.count;
      waiting.set(chunk.first, chunk);
      // In the order of the points, so that sums round alike however many workers there are.
      for (let ready = waiting.get(next); ready !== undefined; ready = waiting.get(next)) {
        waiting.delete(next);
        next += ready.count;
        for (let index = 0; index < ready.count; index++) addPoint(ready, index);
      }
    },
    done: () => done,
    finish: () => ({
      tally,
      scored,
      best: ranking.best,
      sharpe: sharpe.moments(),
      windows,
      maps: maps.finish(),
    }),
  };
}

function createRanking() {
  const best: Ranked[] = [];
  return {
    best,
    add: (point: number, rank: number, metrics: Float64Array) => {
      if (Number.isNaN(rank) || (best.length === mostRanked && rank <= (best.at(-1)?.rank ?? 0))) return;
      const place = best.findIndex((other) => rank > other.rank);
      best.splice(place === -1 ? best.length : place, 0, { point, rank, metrics: metrics.slice() });
      if (best.length > mostRanked) best.pop();
    },
  };
}

/** Mean and variance in one pass, by Welford's method. */
function createMoments() {
  let [count, mean, squares] = [0, 0, 0];
  return {
    add: (value: number) => {
      if (Number.isNaN(value)) return;
      count++;
      const distance = value - mean;
      mean += distance / count;
      squares += distance * (value - mean);
    },
    moments: () => ({ count, mean, variance: count < 2 ? 0 : squares / (count - 1) }),
  };
}
