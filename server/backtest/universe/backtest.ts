import { drawdownsOf, sessionsAYear } from "../curve.ts";
import type { Metrics } from "../definitions.ts";
import { measure } from "../metrics.ts";
import { covariance, mean } from "../statistics.ts";
import { at } from "../strategy.ts";
import { equalWeights, everyone, type Membership } from "./choose.ts";
import { simulatePortfolio } from "./portfolio.ts";
import type { HeldBars, PortfolioSettings, PortfolioSimulation, Selection, Universe } from "./types.ts";

/** The equally weighted universe in dollars, by rebalance: what holding everything would have made of the same capital. */
export type EqualWeight = { sessions: Int32Array; equity: Float64Array };

/** A run with its figures. `drawdown` is by session, a fraction from 0 down. */
export type PortfolioBacktest = PortfolioSimulation & {
  drawdown: Float64Array;
  /** buyAndHold, alpha and beta are against the equally weighted universe. */
  metrics: Metrics;
  equalWeight: EqualWeight;
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
  const equalWeight = holdEverything(universe, selections, settings.capital, isMember);
  return {
    ...simulation,
    drawdown: drawdownsOf(simulation.equity, settings.capital),
    metrics: { ...measure(null, simulation, settings), ...measureAgainst(simulation.equity, equalWeight, settings) },
    equalWeight,
  };
}

/** From the first rebalance that holds anything, as the run before it is cash. */
function holdEverything(
  universe: Universe,
  selections: readonly Selection[],
  capital: number,
  isMember: Membership,
): EqualWeight {
  const begin = selections.findIndex(({ tickers }) => tickers.length > 0);
  const sections = begin === -1 ? [] : universe.sections.slice(begin);
  const levels = equalWeights({ ...universe, sections }, isMember);
  return {
    sessions: Int32Array.from(sections, ({ session }) => session),
    equity: levels.map((level) => capital * level),
  };
}

/**
 * Like `measureAgainst` of a ticker's run, but over the periods from rebalance to rebalance, which are all that is known of the
 * universe as a whole. Null where there are too few of them.
 */
function measureAgainst(
  equity: Float64Array,
  { sessions, equity: everything }: EqualWeight,
  { capital, riskFree }: { capital: number; riskFree: number },
): Pick<Metrics, "buyAndHold" | "alpha" | "beta"> {
  const periods = sessions.length - 1;
  const total = (everything.at(-1) ?? Number.NaN) / capital - 1;
  if (periods < 1) return { buyAndHold: null, alpha: null, beta: null };
  const length = ((sessions[periods] ?? 0) - (sessions[0] ?? 0)) / periods;
  const own = changesOf(Float64Array.from(sessions, (session) => at(equity, session)));
  const others = changesOf(everything);
  const [center, otherCenter] = [mean(own), mean(others)];
  const free = (1 + riskFree) ** (length / sessionsAYear) - 1;
  const beta = covariance(own, others, center, otherCenter) / covariance(others, others, otherCenter, otherCenter);
  const alpha = (1 + center - free - beta * (otherCenter - free)) ** (sessionsAYear / length) - 1;
  return { buyAndHold: definedOrNull(total), alpha: definedOrNull(alpha), beta: definedOrNull(beta) };
}

const changesOf = (values: Float64Array): Float64Array =>
  values.slice(1).map((value, index) => (at(values, index) > 0 ? value / at(values, index) - 1 : 0));

const definedOrNull = (value: number): number | null => (Number.isFinite(value) ? value + 0 : null);
