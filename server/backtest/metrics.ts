import {
  type CurveMetric,
  type CurveSettings,
  measureAgainst,
  measureCurve,
  type Reference,
  referenceOf,
  sessionsAYear,
  spreadOf,
  walkCurve,
} from "./curve.ts";
import type { MetricName, Metrics } from "./definitions.ts";
import { at } from "./strategy.ts";
import { measureTrades } from "./trade-metrics.ts";
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
export const measure = (held: Held | null, simulation: Measured, settings: CurveSettings): Metrics =>
  definedOnly(figuresOf(held, simulation, settings));

/** The same, NaN or infinite where they are not defined. `scratch` is written to: as long as the run, and free for the next one. */
export function figuresOf(
  held: Held | null,
  simulation: Measured,
  settings: CurveSettings,
  scratch?: Float64Array,
): Record<MetricName, number> {
  const { equity, trades, traded, costs, commission, sessionsHeld } = simulation;
  const reference = held && holdingOf(held);
  const walk = walkCurve(equity, settings.capital, scratch);
  const spread = spreadOf(walk, settings.riskFree, reference);
  const against = reference && measureAgainst(walk, spread, reference, settings.riskFree);
  return {
    ...measureCurve(equity, walk, spread, settings),
    ...measureTrades(trades),
    exposure: sessionsHeld / equity.length,
    turnover: ((traded / 2 / walk.meanEquity) * sessionsAYear) / equity.length,
    costs,
    commission,
    slippage: costs - commission,
    dividends: simulation.dividends,
    sessions: equity.length,
    buyAndHold: reference?.total ?? Number.NaN,
    alpha: against?.alpha ?? Number.NaN,
    beta: against?.beta ?? Number.NaN,
  };
}

/** A curve of equity beside a run's: its own figures, and the run's alpha and beta against it. */
export type Comparison = { metrics: Pick<Metrics, CurveMetric>; alpha: number | null; beta: number | null };

/** Compares a run's equity with that of something held over the same sessions. Both start from the capital. */
export function compare(equity: Float64Array, other: Float64Array, settings: CurveSettings): Comparison {
  const [own, others] = [walkCurve(equity, settings.capital), walkCurve(other, settings.capital)];
  const reference = referenceOf(others);
  const against = measureAgainst(own, spreadOf(own, settings.riskFree, reference), reference, settings.riskFree);
  const figures = measureCurve(other, others, spreadOf(others, settings.riskFree, null), settings);
  return { metrics: definedOnly(figures), ...definedOnly(against) };
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
  const holding = { ...referenceOf(walkCurve(equity, 1)), total: (equity.at(-1) ?? Number.NaN) - 1 };
  holdings.set(held, holding);
  return holding;
}

/** JSON knows neither NaN nor infinity: what a division by nothing gives is not defined, and null says so. */
export function definedOnly<Name extends string>(values: Record<Name, number>): Record<Name, number | null> {
  const entries = Object.entries<number>(values).map(([name, value]) => [
    name,
    Number.isFinite(value) ? value + 0 : null,
  ]);
  return Object.fromEntries(entries) as Record<Name, number | null>;
}
