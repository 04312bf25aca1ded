import type { MetricName, Metrics } from "../definitions.ts";
import type { Settings } from "../types.ts";

/** A parameter and the values that it is tried with, at least one, in the order in which they were asked for. */
export type Axis = { name: string; values: readonly number[] };

/** Which points of the grid are run: all, or some that are drawn without putting back. */
export type Search =
  | { kind: "grid" }
  | { kind: "random"; points: number /** The same seed draws the same points. */; seed: number };

/** Sessions from `from` up to, and without, `to`; indexes into the bars. */
export type Segment = { from: number; to: number };

/** One step of a walk-forward test: parameters are chosen on the first part, and run on the one after it. */
export type WalkWindow = { choose: Segment; run: Segment };

/** All that a sweep is, besides what it runs on. */
export type SweepPlan = {
  /** Id of a strategy, of one ticker or of the universe. */
  strategy: string;
  /** Parameters that are the same in every point; what is in neither has its default. */
  fixed: Readonly<Record<string, number>>;
  axes: readonly Axis[];
  search: Search;
  score: MetricName;
  settings: Settings & { riskFree: number };
  /** Of the universe: choose only from tickers that were traded in the newest session. */
  survivorsOnly: boolean;
  /** Where parameters are chosen. */
  inSample: Segment;
  /** What the choice did not see; null where the whole range chooses. */
  outOfSample: Segment | null;
  windows: readonly WalkWindow[];
};

/**
 * What became of a point: it ran, its parameters do not go together, or it holds nothing in the part in sample: there are too few sessions for
 * its warm-up, or its minimums let nobody through.
 */
export const outcomes = { ran: 0, invalid: 1, cold: 2 } as const;

/** The results of consecutive points. `metrics` has a row of all metrics a point, `windows` one score for each window; NaN where not defined. */
export type Chunk = {
  first: number;
  count: number;
  outcomes: Uint8Array<ArrayBuffer>;
  metrics: Float64Array<ArrayBuffer>;
  windows: Float64Array<ArrayBuffer>;
};

/** Points of a sweep by what became of them. */
export type Tally = { points: number; ran: number; invalid: number; cold: number };

export type SweepPoint = {
  /** The axes' parameters only. */
  params: Record<string, number>;
  /** As the whole in-sample part run by itself. */
  inSample: Metrics;
  /** Null without an out-of-sample part. */
  outOfSample: Metrics | null;
};

/** How the choice of one window went; `params` is null where no point had a score there, and nothing was held. */
export type WalkStep = {
  window: WalkWindow;
  params: Record<string, number> | null;
  /** Of the part that chose. */
  score: number | null;
  /** Of the part after it, run by itself. */
  outOfSample: Metrics;
};

export type WalkForward = {
  steps: WalkStep[] /** Of the first session that is run, and those after it. */;
  from: number;
  equity: Float64Array;
  metrics: Metrics;
};
