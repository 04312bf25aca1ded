import type { Badge } from "../../backtest/badges.ts";
import { checkHonesty, type Honesty } from "../../backtest/honesty.ts";
import { type Strategy, strategies as shipped } from "../../backtest/strategies/index.ts";
import type { Configured, ConfiguredStrategy, Described, TickerStrategy } from "../../backtest/strategy.ts";
import { leastOfPoints } from "../../backtest/sweep/points.ts";
import type { SweepPlan } from "../../backtest/sweep/types.ts";
import { type Surveyed, surveyPoints } from "../../backtest/sweep/universe.ts";
import type { Bars } from "../../backtest/types.ts";
import { checkUniverseHonesty, type UniverseHonesty } from "../../backtest/universe/honesty.ts";
import type { ConfiguredUniverseStrategy, UniverseStrategy } from "../../backtest/universe/strategy.ts";
import type { Universe } from "../../backtest/universe/types.ts";

/**
 * Every strategy that a request may name: those that are shipped, and those of the workspace's files that can be used now. What is shipped runs
 * here; what a file declares runs in a worker alone, so that everything about a strategy but its words is asked for and waited for.
 */

/** A file of the workspace as it was read: `path` to run it, `name` from the folder of strategies on. */
export type OwnFile = { name: string; path: string; version: string };

type Told = Described & {
  /** Null of a strategy that is shipped. */
  file: OwnFile | null;
  /** What a file was found to be when it was put to the checks; empty of what is shipped, which tests hold to them. */
  checks: readonly Badge[];
};

/** What a strategy came to on some data, as a strategy that says it again, and the checks on the same data. */
type Evaluated<Ready, Found> = { strategy: Ready; honesty(): Found };

/** A strategy of one ticker with its parameters. */
export type ReadyTicker = Pick<ConfiguredStrategy, "id" | "parameters" | "warmup"> & {
  evaluate(bars: Bars): Promise<Evaluated<ConfiguredStrategy, Honesty>>;
};

/** A strategy of the universe with its parameters. */
export type ReadyUniverse = Omit<ConfiguredUniverseStrategy, "score"> & {
  evaluate(universe: Universe): Promise<Evaluated<ConfiguredUniverseStrategy, UniverseHonesty>>;
};

export type ListedTicker = Told & {
  scope: "ticker";
  configure(parameters: Record<string, unknown>): Promise<Configured<ReadyTicker>>;
  /** The fewest sessions that any point of a plan needs; null where no point's parameters go together. */
  least(plan: SweepPlan): Promise<number | null>;
};

export type ListedUniverse = Told & {
  scope: "universe";
  configure(parameters: Record<string, unknown>): Promise<Configured<ReadyUniverse>>;
  survey(plan: SweepPlan): Promise<Surveyed>;
};

export type ListedStrategy = ListedTicker | ListedUniverse;

/** A strategy's words. */
const wordsOf = ({ id, name, description, parameters }: Described) => ({ id, name, description, parameters });

function listTicker(strategy: TickerStrategy): ListedTicker {
  return {
    ...{ scope: "ticker", ...wordsOf(strategy), file: null, checks: [] },
    least: async (plan) => leastOfPoints(strategy, plan),
    configure: async (parameters) => {
      const configured = strategy.configure(parameters);
      if (!configured.success) return configured;
      const ready = configured.strategy;
      const evaluate = async (bars: Bars) => ({ strategy: ready, honesty: () => checkHonesty(ready, bars) });
      return { success: true, strategy: { ...ready, evaluate } };
    },
  };
}

function listUniverse(strategy: UniverseStrategy): ListedUniverse {
  return {
    ...{ scope: "universe", ...wordsOf(strategy), file: null, checks: [] },
    survey: async (plan) => surveyPoints(strategy, plan),
    configure: async (parameters) => {
      const configured = strategy.configure(parameters);
      if (!configured.success) return configured;
      const ready = configured.strategy;
      const evaluate = async (universe: Universe) => ({
        strategy: ready,
        honesty: () => checkUniverseHonesty(ready, universe),
      });
      return { success: true, strategy: { ...ready, evaluate } };
    },
  };
}

const list = (strategy: Strategy): ListedStrategy =>
  strategy.scope === "ticker" ? listTicker(strategy) : listUniverse(strategy);

const listedShipped: readonly ListedStrategy[] = shipped.map(list);

type Listed = {
  strategies: readonly ListedStrategy[];
  /** By id why a file's strategy cannot be used now. */
  broken: ReadonlyMap<string, string>;
  changes: number;
};

/** One process has one workspace, and schemas of requests are made before it is read: they ask here for what there is now. */
let listed: Listed = { strategies: listedShipped, broken: new Map(), changes: 0 };

/** Takes the strategies of the workspace's files in place of those before. */
export function listOwnStrategies(own: readonly ListedStrategy[], broken: ReadonlyMap<string, string>): void {
  const byName = [...listedShipped, ...own].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  listed = { strategies: byName, broken, changes: listed.changes + 1 };
}

/** All of them, by name. */
export const listStrategies = (): readonly ListedStrategy[] => listed.strategies;

/** The strategy of that id; undefined where there is none that can be used. */
export const findListed = (id: string): ListedStrategy | undefined =>
  listed.strategies.find((strategy) => strategy.id === id);

/** Why the strategy of that id cannot be used now, in a sentence; undefined where no file says it is its own. */
export const whyBroken = (id: string): string | undefined => listed.broken.get(id);

/** Why a strategy that was kept by its id cannot be run now, a sentence; null where it can. */
export function whyUnusable(id: string): string | null {
  if (findListed(id) !== undefined) return null;
  const why = whyBroken(id);
  return why === undefined
    ? `The strategy ${id} is gone: no file of the workspace declares it any more.`
    : `The strategy ${id} is broken. ${why}`;
}

/** How often the list has changed: what was made from it is old where this is another number. */
export const countListChanges = (): number => listed.changes;
