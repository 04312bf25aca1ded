import type { MetricName, Metrics } from "../definitions.ts";
import { type Levels, measurePortfolio, stepsOf } from "../universe/backtest.ts";
import { choose, equalWeightChange, levelsOf, type Membership } from "../universe/choose.ts";
import { simulatePortfolio } from "../universe/portfolio.ts";
import type { ConfiguredUniverseStrategy, Minimums, UniverseStrategy } from "../universe/strategy.ts";
import type { Selection } from "../universe/types.ts";
import type { PartRun, SweepSubject, Trial } from "./subject.ts";
import type { Segment, SweepPlan } from "./types.ts";
import { membershipOf, type SweptSection, type SweptUniverse, sectionFor } from "./universe.ts";

/** What is chosen at each rebalance; sections are told by their place among all. */
type Choices = { tickersAt(section: number): readonly number[]; minimumsAt(section: number): Minimums };

type UniverseTrial = Trial & Choices;

/** The sections of a part: at all but the last it is chosen, and at the last one everything is valued. */
type PartSections = { rebalances: readonly number[]; all: readonly number[] };

const noMinimums: Minimums = { price: 0, dollarVolume: 0 };

/**
 * Prepares the market for many points. A strategy of the universe looks at each ticker's own sessions, also at those before a part, so that a
 * part is, to the last digit, what a run from its first session to its last one finds.
 */
export function createUniverseSubject(
  universe: SweptUniverse,
  strategy: UniverseStrategy,
  plan: SweepPlan,
): SweepSubject<UniverseTrial> {
  const { sections, bars, dates } = universe;
  const { capital, sizing } = plan.settings;
  const settings = { ...plan.settings, fraction: sizing.kind === "equity" ? sizing.fraction : 1 };
  const isMember = membershipOf(universe, plan);
  const sectionsOf = remember(
    ({ from, to }: Segment) => `${from} ${to}`,
    (part): PartSections => sectionsIn(sections, part),
  );
  const sectionAt = sectionsByIndex(sections);
  const changeOf = rememberChanges(universe, sectionAt, isMember);

  const selectionsOf = (part: Segment, { tickersAt }: Choices): Selection[] =>
    sectionsOf(part).rebalances.map((index) => ({ session: sectionAt(index).session, tickers: tickersAt(index) }));

  /** The equally weighted universe, from the first rebalance on that holds anything: the run before it is cash. */
  const everythingOf = (part: Segment, { minimumsAt }: Choices, selections: readonly Selection[]): Levels => {
    const begin = selections.findIndex(({ tickers }) => tickers.length > 0);
    const held = begin === -1 ? [] : sectionsOf(part).all.slice(begin);
    const changes = held.slice(1).map((now, place) => {
      const before = held[place] ?? now;
      return changeOf(minimumsAt(before), before, now);
    });
    return {
      sessions: held.map((index) => sectionAt(index).session - part.from),
      dollars: levelsOf(changes).map((level) => capital * level),
    };
  };

  const run = (part: Segment, choices: Choices): PartRun => {
    const selections = selectionsOf(part, choices);
    const simulation = simulatePortfolio(part.to - part.from, selections, bars, settings, part.from);
    const { metrics } = measurePortfolio(simulation, everythingOf(part, choices, selections), settings);
    return { equity: simulation.equity, metrics };
  };

  const trialOf = (ready: ConfiguredUniverseStrategy): UniverseTrial => {
    const tickersAt = remember(String, (index: number) =>
      choose(sectionFor(universe, sectionAt(index), ready), ready, isMember),
    );
    const choices: Choices = { tickersAt, minimumsAt: () => ready.minimums };
    return {
      ...choices,
      canTrade: (part) => sectionsOf(part).rebalances.some((index) => tickersAt(index).length > 0),
      run: (part) => run(part, choices),
      figures: (part) => figuresOf(run(part, choices).metrics),
      measure: (part) => run(part, choices).metrics,
    };
  };

  const runInTurn: SweepSubject<UniverseTrial>["runInTurn"] = (turns) => {
    const whole = { from: turns[0]?.part.from ?? 0, to: turns.at(-1)?.part.to ?? 0 };
    const trialAt = (index: number) => trialOfTurn(turns, sectionAt(index).session);
    return run(whole, {
      tickersAt: (index) => trialAt(index)?.tickersAt(index) ?? [],
      minimumsAt: (index) => trialAt(index)?.minimumsAt(index) ?? noMinimums,
    });
  };

  return {
    sessions: dates.length,
    runInTurn,
    configure: (parameters) => {
      const configured = strategy.configure(parameters);
      return configured.success ? trialOf(configured.strategy) : null;
    },
    holdEverything: (trial) => {
      const whole = { from: 0, to: dates.length };
      return stepsOf(everythingOf(whole, trial, selectionsOf(whole, trial)), dates.length, capital);
    },
  };
}

const figuresOf = (metrics: Metrics) =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, value ?? Number.NaN])) as Record<
    MetricName,
    number
  >;

const sectionsByIndex =
  (sections: readonly SweptSection[]) =>
  (index: number): SweptSection => {
    const section = sections[index];
    if (section === undefined) throw new Error(`there is no section ${index}`);
    return section;
  };

/** The trial whose turn holds a session. */
const trialOfTurn = (turns: Parameters<SweepSubject<UniverseTrial>["runInTurn"]>[0], session: number) =>
  turns.find(({ part }) => session >= part.from && session < part.to)?.trial ?? null;

function sectionsIn(sections: readonly SweptSection[], { from, to }: Segment): PartSections {
  const last = sections.findIndex(({ session }) => session === to - 1);
  if (last === -1) throw new Error(`session ${to - 1}, at which a part ends, was not read`);
  const rebalances = sections.flatMap(({ session, isRebalance }, index) =>
    isRebalance && session >= from && session < to - 1 ? [index] : [],
  );
  return { rebalances, all: [...rebalances, last] };
}

/** Computes once for each key. */
function remember<Given extends unknown[], Value>(
  keyOf: (...given: Given) => string,
  compute: (...given: Given) => Value,
): (...given: Given) => Value {
  const known = new Map<string, Value>();
  return (...given) => {
    const key = keyOf(...given);
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = compute(...given);
    known.set(key, value);
    return value;
  };
}

/** How the equally weighted universe changes between two sections: the same of all points with the same minimums. */
function rememberChanges(universe: SweptUniverse, sectionAt: (index: number) => SweptSection, isMember: Membership) {
  return remember(
    ({ price, dollarVolume }: Minimums, before: number, now: number) => `${price} ${dollarVolume} ${before} ${now}`,
    (minimums, before, now) => {
      const eligible = sectionFor(universe, sectionAt(before), { lags: [], minimums });
      return equalWeightChange(eligible, sectionAt(now), universe, isMember);
    },
  );
}
