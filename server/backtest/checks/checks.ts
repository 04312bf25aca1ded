import { type Badge, badgesOf, universeBadgesOf } from "../badges.ts";
import { checkHonesty, findMemory } from "../honesty.ts";
import { findColdSignal, findLookAhead, firstBars } from "../look-ahead.ts";
import type { Strategy } from "../strategies/index.ts";
import type { Configured, ConfiguredStrategy, Pane, TickerStrategy } from "../strategy.ts";
import type { Bars } from "../types.ts";
import { checkUniverseHonesty } from "../universe/honesty.ts";
import type { ConfiguredUniverseStrategy, UniverseStrategy } from "../universe/strategy.ts";
import type { CrossSection } from "../universe/types.ts";
import { panesOf, StrategyFault, scoresOf, targetsOf } from "./fault.ts";
import { inUnits, sampleBars } from "./sample-bars.ts";
import { sampleMarket, sampleUniverse } from "./sample-market.ts";

/**
 * Everything that a strategy with its defaults is put to, on bars that are generated and always the same: the tests put those that are shipped
 * to it, and the workspace those of its files. Throws a StrategyFault where what it answers cannot be used.
 */
export const checkStrategy = (strategy: Strategy): Badge[] =>
  strategy.scope === "ticker" ? checkTickerStrategy(strategy) : checkUniverseStrategy(strategy);

/** The strategy with its defaults. */
function withDefaults<Ready>(strategy: { configure(parameters: unknown): Configured<Ready> }): Ready {
  const configured = strategy.configure({});
  if (configured.success) return configured.strategy;
  const [issue] = configured.error.issues;
  const field = issue?.path.join(".");
  const message = `its defaults do not pass its own schema${field ? `: \`${field}\` ${issue?.message}` : ""}.`;
  throw new StrategyFault("parameters", message);
}

/** Sessions of the histories that are checked; a strategy that needs longer to warm up gets longer ones. */
const leastLength = 260;
const leastLongLength = 900;
/** Beginnings that are cut off, and how many sessions apart they are. */
const cutsOff = 40;

function checkTickerStrategy(strategy: TickerStrategy): Badge[] {
  const ready = withDefaults(strategy);
  const { warmup } = ready;
  if (!Number.isInteger(warmup) || warmup < 0) {
    throw new StrategyFault("warmup", `\`warmup\` has to answer a whole number from 0 on; it answered ${warmup}.`);
  }
  const bars = sampleBars(Math.max(leastLength, 2 * warmup));
  for (const length of new Set([0, 1, warmup, bars.close.length])) {
    const known = firstBars(bars, length);
    targetsOf(ready, known);
    panesOf(ready, known);
  }
  return [...honestyOf(ready), sameAgain(ready), sameInUnits(ready)];
}

/** No look-ahead on every history there is, and no memory from before the warm-up wherever a history begins. */
function honestyOf(ready: ConfiguredStrategy): Badge[] {
  const { warmup } = ready;
  const bars = sampleBars(Math.max(leastLength, 2 * warmup));
  const long = sampleBars(Math.max(leastLongLength, 4 * warmup), 7);
  const honesty = checkHonesty(ready, long);
  const found = findLookAhead(ready, bars) ?? honesty.lookAhead.found;
  const coldSession = findColdSignal(ready, bars) ?? honesty.warmup.coldSession;
  const apart = Math.max(1, Math.floor((long.close.length - warmup) / (2 * cutsOff)));
  const remembered = findMemory(
    ready,
    long,
    Array.from({ length: cutsOff }, (_, index) => 1 + index * apart),
  );
  const badges = badgesOf({
    lookAhead: { passed: found === null, histories: bars.close.length + honesty.lookAhead.histories, found },
    warmup: {
      ...honesty.warmup,
      ...remembered,
      coldSession,
      passed: coldSession === null && remembered.memory !== "never",
    },
  });
  const drawn = findDrawnAhead(ready, bars);
  return badges.map((badge) =>
    badge.id === "look-ahead" && badge.passed && drawn !== null
      ? { ...badge, label: "Looks ahead", passed: false, detail: drawn }
      : badge,
  );
}

/** What a pane draws of a session that a later one changed; null where there is nothing. */
function findDrawnAhead(ready: ConfiguredStrategy, bars: Bars): string | null {
  const whole = linesOf(ready.panes(bars));
  for (const part of [1 / 4, 1 / 2, 3 / 4]) {
    const length = Math.floor(bars.close.length * part);
    for (const [index, { pane, label, values }] of linesOf(ready.panes(firstBars(bars, length))).entries()) {
      const session = values.findIndex((value, at) => !Object.is(value, whole[index]?.values[at]));
      if (session === -1) continue;
      return `Its pane “${pane}” drew ${values[session]} as ${label} of session ${session + 1} when ${length} sessions were known, and draws ${whole[index]?.values[session]} now.`;
    }
  }
  return null;
}

const linesOf = (panes: Pane[]) => panes.flatMap((pane) => pane.lines.map((line) => ({ ...line, pane: pane.title })));

/** Whether it says the same of the same bars each time, and leaves them as they are. */
function sameAgain(ready: ConfiguredStrategy): Badge {
  const bars = sampleBars(Math.max(leastLength, 2 * ready.warmup));
  const before = structuredClone(bars);
  const [first, second] = [ready.signals(bars), ready.signals(bars)];
  ready.panes(bars);
  const changed = (["open", "high", "low", "close", "volume", "dividends", "splitFactor"] as const).find((column) =>
    bars[column].some((value, session) => !Object.is(value, before[column][session])),
  );
  const differs = first.findIndex((target, session) => target !== second[session]);
  const detail =
    changed !== undefined
      ? `It changed the bars that it was given: \`${changed}\` is not what it was.`
      : differs !== -1
        ? `Asked twice about the same bars, it said ${first[differs]} of session ${differs + 1}, and then ${second[differs]}.`
        : "Asked twice about the same bars, it said the same, and left them as they were.";
  const passed = changed === undefined && differs === -1;
  return { id: "repeatable", label: passed ? "Repeatable" : "Not repeatable", passed, detail };
}

/** An eighth, so that not even rounding differs. */
const otherUnit = 0.125;

function sameInUnits(ready: ConfiguredStrategy): Badge {
  const bars = sampleBars(Math.max(400, 2 * ready.warmup), 7);
  const [own, other] = [ready.signals(bars), ready.signals(inUnits(bars, otherUnit))];
  const differs = own.findIndex((target, session) => target !== other[session]);
  const passed = differs === -1;
  const detail = passed
    ? "At an eighth of the prices its signals are the same."
    : `Of session ${differs + 1} it said ${own[differs]}, and with every price an eighth of it ${other[differs]}: a split would change its signals.`;
  return { id: "units", label: passed ? "Unit-free" : "Depends on the price level", passed, detail };
}

/** Tickers and rebalances of the market that strategies of the universe are checked on. */
const sampleTickers = 40;
const sessionsAfterWarmup = 300;

function checkUniverseStrategy(strategy: UniverseStrategy): Badge[] {
  const ready = withDefaults(strategy);
  const { lags } = ready;
  if (!Array.isArray(lags) || lags.some((lag) => !Number.isInteger(lag) || lag < 0)) {
    throw new StrategyFault("lags", "`lags` has to answer whole numbers of sessions from 0 on.");
  }
  const universe = sampleUniverse(sampleMarket(sampleTickers, ready.warmup + sessionsAfterWarmup), lags);
  // Looked at as they are given: who keeps what it saw is asked nothing beforehand.
  const looked = { ...ready, score: (section: CrossSection) => scoresOf(ready, section) };
  return [...universeBadgesOf(checkUniverseHonesty(looked, universe)), sameScores(looked, universe)];
}

function sameScores(ready: ConfiguredUniverseStrategy, universe: ReturnType<typeof sampleUniverse>): Badge {
  const before = structuredClone(universe.sections);
  const differs = universe.sections.find((section) => {
    const [first, second] = [ready.score(section), ready.score(section)];
    return first.some((score, row) => !Object.is(score, second[row]));
  });
  const isChanged = universe.sections.some((section, index) => {
    const now = [section.close, section.eligible, ...section.returns];
    const then = [before[index]?.close, before[index]?.eligible, ...(before[index]?.returns ?? [])];
    return now.some((column, place) => column.some((value, row) => !Object.is(value, then[place]?.[row])));
  });
  const passed = differs === undefined && !isChanged;
  const detail = isChanged
    ? "It changed the cross sections that it was given."
    : differs === undefined
      ? "Asked twice about the same rebalance, it scored the same, and left it as it was."
      : `Asked twice about the rebalance of ${universe.dates[differs.session]}, it scored differently.`;
  return { id: "repeatable", label: passed ? "Repeatable" : "Not repeatable", passed, detail };
}
