import { runBacktest } from "../backtest.ts";
import { simulate } from "../engine.ts";
import { measure } from "../metrics.ts";
import type { ConfiguredStrategy, TickerStrategy } from "../strategy.ts";
import type { Bars, Targets } from "../types.ts";
import type { Collected, Ranked } from "./collect.ts";
import { deflatedSharpe, expectedMaximum, shapeOf } from "./deflated-sharpe.ts";
import { configureAt, readMetrics } from "./evaluate.ts";
import { barsOf } from "./segments.ts";
import { createSpace, paramsAt } from "./space.ts";
import type { Segment, SweepPlan, SweepPoint, Tally, WalkForward, WalkStep } from "./types.ts";

/** The deflated Sharpe ratio of the best point, with what it was made from. Sharpe ratios are annual here. */
export type Deflated = {
  /** Null where it is not defined. */
  probability: number | null;
  sharpe: number | null;
  expectedMaximum: number;
  trials: number;
  variance: number;
  skewness: number | null;
  kurtosis: number | null;
  sessions: number;
};

export type SweepResult = {
  tally: Tally;
  /** Points whose score is defined; the others are ranked nowhere. */
  scored: number;
  /** The best first; empty where no point has a score. */
  best: SweepPoint[];
  deflated: Deflated | null;
  /** The best point over the whole range, by session. */
  equity: Float64Array | null;
  walkForward: WalkForward | null;
};

/** What a sweep found: the best points with what they did out of sample, and how much of it chance explains. */
export function resultOf(bars: Bars, strategy: TickerStrategy, plan: SweepPlan, collected: Collected): SweepResult {
  const [best] = collected.best;
  const ready = best && readyAt(strategy, plan, best.point);
  return {
    tally: collected.tally,
    scored: collected.scored,
    best: collected.best.map((ranked) => describe(bars, strategy, plan, ranked)),
    deflated: best && ready ? deflate(bars, ready, plan, collected) : null,
    equity: ready ? runBacktest(bars, ready, plan.settings).equity : null,
    walkForward: plan.windows.length === 0 ? null : walkForward(bars, strategy, plan, collected),
  };
}

function placesOf(plan: SweepPlan, point: number): Int32Array {
  const places = new Int32Array(plan.axes.length);
  createSpace(plan.axes, plan.search)(point, places);
  return places;
}

function readyAt(strategy: TickerStrategy, plan: SweepPlan, point: number): ConfiguredStrategy {
  const ready = configureAt(strategy, plan, placesOf(plan, point));
  if (ready === null) throw new Error(`point ${point} ran, and has parameters that do not go together`);
  return ready;
}

/** Targets are those of the whole history, so that indicators are warm from the segment's first session on. */
function runSegment(bars: Bars, targets: Targets, segment: Segment, { settings }: SweepPlan) {
  const part = barsOf(bars, segment);
  return measure(part, simulate(part, targets.subarray(segment.from, segment.to), settings), settings);
}

function describe(bars: Bars, strategy: TickerStrategy, plan: SweepPlan, { point, metrics }: Ranked): SweepPoint {
  const params = paramsAt(plan.axes, placesOf(plan, point));
  const inSample = readMetrics(metrics, 0);
  if (plan.outOfSample === null) return { params, inSample, outOfSample: null };
  const targets = readyAt(strategy, plan, point).signals(bars);
  return { params, inSample, outOfSample: runSegment(bars, targets, plan.outOfSample, plan) };
}

const sessionsAYear = 252;

function deflate(bars: Bars, ready: ConfiguredStrategy, plan: SweepPlan, { tally, sharpe }: Collected): Deflated {
  const { equity, metrics } = runBacktest(barsOf(bars, plan.inSample), ready, plan.settings);
  const returns = equity.map((value, session) => {
    const before = session === 0 ? plan.settings.capital : (equity[session - 1] ?? 0);
    return before > 0 ? value / before - 1 : 0;
  });
  const shape = shapeOf(returns);
  const trials = { trials: tally.ran, variance: sharpe.variance / sessionsAYear };
  const own = (metrics.sharpe ?? Number.NaN) / Math.sqrt(sessionsAYear);
  const probability = deflatedSharpe({ ...trials, ...shape, sharpe: own, sessions: returns.length });
  return {
    probability: finite(probability),
    sharpe: metrics.sharpe,
    expectedMaximum: expectedMaximum(trials) * Math.sqrt(sessionsAYear),
    trials: tally.ran,
    variance: sharpe.variance,
    skewness: finite(shape.skewness),
    kurtosis: finite(shape.kurtosis),
    sessions: returns.length,
  };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** One run over all parts that were not chosen on, in which the parameters change from part to part and positions are carried. */
function walkForward(bars: Bars, strategy: TickerStrategy, plan: SweepPlan, { windows }: Collected): WalkForward {
  const stitched = new Int8Array(bars.dates.length);
  const steps = plan.windows.map((window, index): WalkStep => {
    const chosen = windows[index] ?? null;
    const targets = chosen ? readyAt(strategy, plan, chosen.point).signals(bars) : new Int8Array(stitched.length);
    stitched.set(targets.subarray(window.run.from, window.run.to), window.run.from);
    return {
      window,
      params: chosen && paramsAt(plan.axes, placesOf(plan, chosen.point)),
      score: chosen?.score ?? null,
      outOfSample: runSegment(bars, targets, window.run, plan),
    };
  });
  const whole = { from: plan.windows[0]?.run.from ?? 0, to: plan.windows.at(-1)?.run.to ?? 0 };
  const part = barsOf(bars, whole);
  const { equity, ...rest } = simulate(part, stitched.subarray(whole.from, whole.to), plan.settings);
  return { steps, from: whole.from, equity, metrics: measure(part, { equity, ...rest }, plan.settings) };
}
