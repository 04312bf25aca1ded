import type { ConfiguredStrategy, Pane } from "../strategy.ts";
import type { Bars, Targets } from "../types.ts";
import type { ConfiguredUniverseStrategy } from "../universe/strategy.ts";
import type { CrossSection } from "../universe/types.ts";

/** What a strategy answers that cannot be used at all. `at` is the part of its declaration that answered it. */
export class StrategyFault extends Error {
  override readonly name = "StrategyFault";
  constructor(
    readonly at: "id" | "name" | "description" | "parameters" | "warmup" | "signals" | "panes" | "score" | "lags",
    message: string,
  ) {
    super(message);
  }
}

const values = (count: number) => (count === 1 ? "1 value" : `${count} values`);
const sessions = (count: number) => (count === 1 ? "1 session" : `${count} sessions`);

/** A strategy's targets; throws a StrategyFault where there is not one of -1, 0 and 1 a session. */
export function targetsOf(strategy: ConfiguredStrategy, bars: Bars): Targets {
  const targets: unknown = strategy.signals(bars);
  const { length } = bars.close;
  if (!(targets instanceof Int8Array)) {
    throw new StrategyFault("signals", `\`signals\` has to answer an Int8Array; it answered ${nameOf(targets)}.`);
  }
  if (targets.length !== length) {
    const message = `\`signals\` has to answer one target a session: of ${sessions(length)} it answered ${values(targets.length)}.`;
    throw new StrategyFault("signals", message);
  }
  const wrong = targets.findIndex((target) => target < -1 || target > 1);
  if (wrong === -1) return targets;
  const message = `a target has to be 1, 0 or -1; of session ${wrong + 1} \`signals\` answered ${targets[wrong]}.`;
  throw new StrategyFault("signals", message);
}

/** What a strategy draws; throws a StrategyFault where a line has not one value a session. */
export function panesOf(strategy: ConfiguredStrategy, bars: Bars): Pane[] {
  const panes: unknown = strategy.panes(bars);
  if (!Array.isArray(panes)) {
    throw new StrategyFault("panes", `\`panes\` has to answer a list; it answered ${nameOf(panes)}.`);
  }
  const { length } = bars.close;
  for (const { id, lines } of panes as Pane[]) {
    for (const { label, values: drawn } of Array.isArray(lines) ? lines : []) {
      if (drawn instanceof Float64Array && drawn.length === length) continue;
      const message = `the line “${label}” of the pane “${id}” has to be a Float64Array of ${values(length)}.`;
      throw new StrategyFault("panes", message);
    }
  }
  return panes as Pane[];
}

/** A strategy's scores of one rebalance; throws a StrategyFault where there is not one a ticker. */
export function scoresOf(strategy: ConfiguredUniverseStrategy, section: CrossSection): Float64Array {
  const scores: unknown = strategy.score(section);
  const { length } = section.close;
  if (scores instanceof Float64Array && scores.length === length) return scores;
  const got = scores instanceof Float64Array ? values(scores.length) : nameOf(scores);
  throw new StrategyFault(
    "score",
    `\`score\` has to answer a Float64Array of one score a ticker, ${length}; it answered ${got}.`,
  );
}

/** What a value is called in a sentence. */
function nameOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return typeof value === "object" ? (value.constructor?.name ?? "an object") : `a ${typeof value}`;
}
