import { type CurveMetric, drawdownsOf, returnsOf, sessionsAYear } from "../curve.ts";
import type { Metrics } from "../definitions.ts";
import { type Comparison, compare, measure } from "../metrics.ts";
import { covariance, mean } from "../statistics.ts";
import { at } from "../strategy.ts";
import { equalWeights, everyone, type Membership } from "./choose.ts";
import { simulatePortfolio } from "./portfolio.ts";
import type { HeldBars, PortfolioSettings, PortfolioSimulation, Selection, Universe } from "./types.ts";

/** A run with its figures. `drawdown` is by session, a fraction from 0 down. */
export type PortfolioBacktest = PortfolioSimulation & {
  drawdown: Float64Array;
  /** buyAndHold, alpha and beta are against the equally weighted universe. */
  metrics: Metrics;
  /**
   * The equally weighted universe for the same capital. It is known at rebalances, and stands still between them: what happened between two is in none of
   * its figures, so that those which ask for every session are null.
   */
  buyAndHold: Comparison & { equity: Float64Array };
};

/** Holds what was selected, and measures it. `bars` are needed of every ticker from its selection to its sale. */
export function runPortfolio(
  universe: Universe,
  selections: readonly Selection[],
  bars: ReadonlyMap<number, HeldBars>,
  settings: PortfolioSettings & { riskFree: number },
  isMember: Membership = everyone,
): PortfolioBacktest {
  const simulation = simulatePortfolio(universe.dates.length, selections, bars, settings);
  return {
    ...simulation,
    drawdown: drawdownsOf(simulation.equity, settings.capital),
    ...measurePortfolio(simulation, holdEverything(universe, selections, settings.capital, isMember), settings),
  };
}

/** The figures of a portfolio, beside the equally weighted universe. */
export function measurePortfolio(
  simulation: PortfolioSimulation,
  everything: Levels,
  settings: PortfolioSettings & { riskFree: number },
): Pick<PortfolioBacktest, "metrics" | "buyAndHold"> {
  const { equity } = simulation;
  const held = stepsOf(everything, equity.length, settings.capital);
  const against = measureAgainst(equity, everything, settings.riskFree);
  const { metrics } = compare(equity, held, settings);
  const buyAndHold = { equity: held, metrics: { ...metrics, ...unknownBetweenRebalances }, ...against };
  return {
    metrics: { ...measure(null, simulation, settings), ...against, buyAndHold: buyAndHold.metrics.totalReturn },
    buyAndHold,
  };
}

/** Figures of a curve that every session counts in: of the depths between two rebalances those at rebalances know nothing. */
const unknownBetweenRebalances = {
  ...{ volatility: null, sharpe: null, sortino: null, calmar: null, peakEquity: null },
  ...{ maxDrawdown: null, averageDrawdown: null, maxDrawdownSessions: null, averageDrawdownSessions: null },
} satisfies Partial<Record<CurveMetric, null>>;

/** Dollars by rebalance; `sessions` are indexes into the run's. */
export type Levels = { sessions: readonly number[]; dollars: Float64Array };

/** From the first rebalance that holds anything, as the run before it is cash. */
function holdEverything(
  universe: Universe,
  selections: readonly Selection[],
  capital: number,
  isMember: Membership,
): Levels {
  const begin = selections.findIndex(({ tickers }) => tickers.length > 0);
  const sections = begin === -1 ? [] : universe.sections.slice(begin);
  const levels = equalWeights({ ...universe, sections }, isMember);
  return { sessions: sections.map(({ session }) => session), dollars: levels.map((level) => capital * level) };
}

/** By session what is known by rebalance. */
export function stepsOf({ sessions, dollars }: Levels, length: number, capital: number): Float64Array {
  const equity = new Float64Array(length).fill(capital);
  for (const [index, session] of sessions.entries()) equity.fill(at(dollars, index), session);
  return equity;
}

/**
 * Alpha and beta as `metricDefinitions` has them, but over the periods from rebalance to rebalance, which are all that is known of
 * the universe as a whole. Null where there are too few of them.
 */
function measureAgainst(
  equity: Float64Array,
  { sessions, dollars }: Levels,
  riskFree: number,
): Pick<Metrics, "alpha" | "beta"> {
  const periods = sessions.length - 1;
  const length = ((sessions[periods] ?? 0) - (sessions[0] ?? 0)) / periods;
  const changes = (values: Float64Array) => returnsOf(values.slice(1), at(values, 0));
  const own = changes(Float64Array.from(sessions, (session) => at(equity, session)));
  const others = changes(dollars);
  const [center, otherCenter] = [mean(own), mean(others)];
  const free = (1 + riskFree) ** (length / sessionsAYear) - 1;
  const beta = covariance(own, others, center, otherCenter) / covariance(others, others, otherCenter, otherCenter);
  const alpha = (1 + center - free - beta * (otherCenter - free)) ** (sessionsAYear / length) - 1;
  return { alpha: definedOrNull(alpha), beta: definedOrNull(beta) };
}

const definedOrNull = (value: number): number | null => (Number.isFinite(value) ? value + 0 : null);
