import {
  annualReturnOf,
  type CurveMetric,
  type CurveSettings,
  measureAgainst,
  measureCurve,
  measureDrawdowns,
  type Reference,
  referenceOf,
  returnsOf,
  sessionsAYear,
  sharpeOf,
  sortinoOf,
} from "./curve.ts";
import type { Metrics } from "./definitions.ts";
import { mean } from "./statistics.ts";
import { at } from "./strategy.ts";
import { measureTrades, profitFactorOf } from "./trade-metrics.ts";
import type { Bars, Simulation } from "./types.ts";

/** What is held without trading, and what a run's figures are compared with. */
type Held = Pick<Bars, "close" | "dividends">;

type Measured = Pick<
  Simulation,
  "equity" | "trades" | "sessionsHeld" | "traded" | "costs" | "commission" | "dividends"
>;

/**
 * The figures of a run, as `metricDefinitions` defines them. `held` are the bars of the ticker; null where there is no one
 * ticker, which leaves what compares with it undefined.
 */
export function measure(held: Held | null, simulation: Measured, settings: CurveSettings): Metrics {
  const { equity, trades, traded, costs, commission, sessionsHeld } = simulation;
  const returns = returnsOf(equity, settings.capital);
  const reference = held && holdingOf(held);
  const against = reference && measureAgainst(returns, reference, settings.riskFree);
  return definedOnly({
    ...measureCurve(equity, returns, settings),
    ...measureTrades(trades),
    exposure: sessionsHeld / equity.length,
    turnover: ((traded / 2 / mean(equity)) * sessionsAYear) / equity.length,
    costs,
    commission,
    slippage: costs - commission,
    dividends: simulation.dividends,
    sessions: equity.length,
    buyAndHold: reference?.total ?? Number.NaN,
    alpha: against?.alpha ?? Number.NaN,
    beta: against?.beta ?? Number.NaN,
  });
}

/** Figures that a sweep may rank by, one by one. */
export const scoreNames = [
  "totalReturn",
  "cagr",
  "sharpe",
  "sortino",
  "calmar",
  "maxDrawdown",
  "profitFactor",
  "trades",
] as const;
export type ScoreName = (typeof scoreNames)[number];

/** One figure of a run alone, the same to the last digit as `measure` has it; NaN where it is not defined. */
export function scoreOf(name: ScoreName, simulation: Pick<Simulation, "equity" | "trades">, settings: CurveSettings) {
  const score = computeScore(name, simulation, settings);
  return Number.isFinite(score) ? score + 0 : Number.NaN;
}

function computeScore(
  name: ScoreName,
  { equity, trades }: Pick<Simulation, "equity" | "trades">,
  settings: CurveSettings,
): number {
  const { capital } = settings;
  switch (name) {
    case "totalReturn":
      return (equity.at(-1) ?? capital) / capital - 1;
    case "cagr":
      return annualReturnOf(equity, capital);
    case "sharpe":
      return sharpeOf(equity, settings);
    case "sortino":
      return sortinoOf(equity, settings);
    case "calmar":
      return annualReturnOf(equity, capital) / -measureDrawdowns(equity, capital).deepest;
    case "maxDrawdown":
      return measureDrawdowns(equity, capital).deepest;
    case "profitFactor":
      return profitFactorOf(trades);
    case "trades":
      return trades.reduce((count, { exit }) => (exit === null ? count : count + 1), 0);
  }
}

/** A curve of equity beside a run's: its own figures, and the run's alpha and beta against it. */
export type Comparison = { metrics: Pick<Metrics, CurveMetric>; alpha: number | null; beta: number | null };

/** Compares a run's equity with that of something held over the same sessions. Both start from the capital. */
export function compare(equity: Float64Array, other: Float64Array, settings: CurveSettings): Comparison {
  const own = returnsOf(equity, settings.capital);
  const returns = returnsOf(other, settings.capital);
  const against = measureAgainst(own, referenceOf(returns), settings.riskFree);
  return { metrics: definedOnly(measureCurve(other, returns, settings)), ...definedOnly(against) };
}

/** Capital put into the ticker at the first close, without costs; dividends are kept as cash. */
export function buyAndHoldOf({ close, dividends }: Held, capital: number): Float64Array {
  const first = at(close, 0);
  const equity = new Float64Array(close.length);
  let paid = 0;
  for (let session = 0; session < close.length; session++) {
    if (session > 0) paid += at(dividends, session);
    equity[session] = (capital * (at(close, session) + paid)) / first;
  }
  return equity;
}

/** What was held is the same for every run of a sweep, so it is worked out once for the same bars. */
const holdings = new WeakMap<Held, Reference & { total: number }>();

function holdingOf(held: Held): Reference & { total: number } {
  const known = holdings.get(held);
  if (known !== undefined) return known;
  const equity = buyAndHoldOf(held, 1);
  const holding = { ...referenceOf(returnsOf(equity, 1)), total: (equity.at(-1) ?? Number.NaN) - 1 };
  holdings.set(held, holding);
  return holding;
}

/** JSON knows neither NaN nor infinity: what a division by nothing gives is not defined, and null says so. */
function definedOnly<Name extends string>(values: Record<Name, number>): Record<Name, number | null> {
  const entries = Object.entries<number>(values).map(([name, value]) => [
    name,
    Number.isFinite(value) ? value + 0 : null,
  ]);
  return Object.fromEntries(entries) as Record<Name, number | null>;
}
