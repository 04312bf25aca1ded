import type { Collected, Ranked } from "./collect.ts";
import { deflatedSharpe, expectedMaximum, shapeOf } from "./deflated-sharpe.ts";
import { readMetrics } from "./evaluate.ts";
import { parametersAt } from "./points.ts";
import { createSpace, paramsAt } from "./space.ts";
import type { PartRun, SweepSubject, Trial, Turn } from "./subject.ts";
import type { SweepPlan, SweepPoint, Tally, WalkForward, WalkStep } from "./types.ts";

/** The deflated Sharpe ratio of the best point, with what it was made from. Sharpe ratios are annual here. */
type Deflated = {
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
  /** The best point over the whole range, by session, and what is held beside it without choosing. */
  equity: Float64Array | null;
  held: Float64Array | null;
  walkForward: WalkForward | null;
};

/** What a sweep found: the best points with what they did out of sample, and how much of it chance explains. */
export function resultOf<Own extends Trial>(
  subject: SweepSubject<Own>,
  plan: SweepPlan,
  collected: Collected,
): SweepResult {
  const [best] = collected.best;
  const chosen = best && trialAt(subject, plan, best.point);
  const whole = { from: 0, to: subject.sessions };
  return {
    tally: collected.tally,
    scored: collected.scored,
    best: collected.best.map((ranked) => describe(subject, plan, ranked)),
    deflated: chosen ? deflate(chosen.run(plan.inSample), plan, collected) : null,
    equity: chosen ? chosen.run(whole).equity : null,
    held: chosen ? subject.holdEverything(chosen) : null,
    walkForward: plan.windows.length === 0 ? null : walkForward(subject, plan, collected),
  };
}

function placesOf(plan: SweepPlan, point: number): Int32Array {
  const places = new Int32Array(plan.axes.length);
  createSpace(plan.axes, plan.search)(point, places);
  return places;
}

function trialAt<Own extends Trial>(subject: SweepSubject<Own>, plan: SweepPlan, point: number): Own {
  const trial = subject.configure(parametersAt(plan, placesOf(plan, point)));
  if (trial === null) throw new Error(`point ${point} ran, and has parameters that do not go together`);
  return trial;
}

function describe(subject: SweepSubject, plan: SweepPlan, { point, metrics }: Ranked): SweepPoint {
  const params = paramsAt(plan.axes, placesOf(plan, point));
  const inSample = readMetrics(metrics, 0);
  if (plan.outOfSample === null) return { params, inSample, outOfSample: null };
  return { params, inSample, outOfSample: trialAt(subject, plan, point).measure(plan.outOfSample) };
}

const sessionsAYear = 252;

function deflate({ equity, metrics }: PartRun, plan: SweepPlan, { tally, sharpe }: Collected): Deflated {
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
function walkForward<Own extends Trial>(
  subject: SweepSubject<Own>,
  plan: SweepPlan,
  { windows }: Collected,
): WalkForward {
  const turns = plan.windows.map(({ run }, index): Turn<Own> => {
    const chosen = windows[index] ?? null;
    return { part: run, trial: chosen && trialAt(subject, plan, chosen.point) };
  });
  const steps = plan.windows.map((window, index): WalkStep => {
    const chosen = windows[index] ?? null;
    const trial = turns[index]?.trial ?? null;
    return {
      window,
      params: chosen && paramsAt(plan.axes, placesOf(plan, chosen.point)),
      score: chosen?.score ?? null,
      outOfSample: trial?.measure(window.run) ?? subject.runInTurn([{ part: window.run, trial }]).metrics,
    };
  });
  return { steps, from: plan.windows[0]?.run.from ?? 0, ...subject.runInTurn(turns) };
}
