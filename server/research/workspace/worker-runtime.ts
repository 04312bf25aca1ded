import { checkStrategy } from "../../backtest/checks/checks.ts";
import { panesOf, scoresOf, targetsOf } from "../../backtest/checks/fault.ts";
import { checkHonesty } from "../../backtest/honesty.ts";
import type { Strategy } from "../../backtest/strategies/index.ts";
import type { Configured, ConfiguredStrategy, TickerStrategy } from "../../backtest/strategy.ts";
import { leastOfPoints } from "../../backtest/sweep/points.ts";
import { surveyPoints } from "../../backtest/sweep/universe.ts";
import { checkUniverseHonesty } from "../../backtest/universe/honesty.ts";
import type { UniverseStrategy } from "../../backtest/universe/strategy.ts";
import type { CrossSection } from "../../backtest/universe/types.ts";
import { describeStrategy } from "./describe.ts";
import { failingOf } from "./failing.ts";
import { loadStrategy } from "./load.ts";
import type { FromStrategyWorker, Question, Questions, ToStrategyWorker } from "./messages.ts";

type Answer<Name extends Question> = Questions[Name]["answer"];
type Asked<Name extends Question> = Extract<ToStrategyWorker, { question: Name }>;

/** What a worker does about each question: it loads the file once, and answers by it. Never throws. */
export function createStrategyRuntime(): (asked: ToStrategyWorker) => Promise<FromStrategyWorker> {
  let loaded: Promise<Strategy> | undefined;
  return async (asked) => {
    try {
      loaded ??= loadStrategy(asked.path);
      return { type: "answered", answer: answerTo(asked, await loaded) };
    } catch (error) {
      const source = await Bun.file(asked.path)
        .text()
        .catch(() => "");
      return { type: "failed", ...failingOf(error, asked.path, source) };
    }
  };
}

function answerTo(asked: ToStrategyWorker, strategy: Strategy): Answer<Question> {
  switch (asked.question) {
    case "check":
      return { description: describeStrategy(strategy), checks: checkStrategy(strategy) };
    case "configure":
      return configure(strategy, asked);
    case "evaluate":
      return evaluate(ofTicker(strategy), asked);
    case "score":
      return score(ofUniverse(strategy), asked);
    case "least":
      return leastOfPoints(ofTicker(strategy), asked.plan);
    case "survey":
      return surveyPoints(ofUniverse(strategy), asked.plan);
  }
}

function ofTicker(strategy: Strategy): TickerStrategy {
  if (strategy.scope === "ticker") return strategy;
  throw new Error(`${strategy.id} chooses from all tickers`);
}

function ofUniverse(strategy: Strategy): UniverseStrategy {
  if (strategy.scope === "universe") return strategy;
  throw new Error(`${strategy.id} trades one ticker`);
}

function configure(strategy: Strategy, { params }: Asked<"configure">): Answer<"configure"> {
  if (strategy.scope === "ticker") {
    const configured = strategy.configure(params);
    if (!configured.success) return { issues: plain(configured.error.issues) };
    const { id, parameters, warmup } = configured.strategy;
    return { scope: "ticker", id, parameters, warmup };
  }
  const configured = strategy.configure(params);
  if (!configured.success) return { issues: plain(configured.error.issues) };
  const { score: _, ...parts } = configured.strategy;
  return { scope: "universe", ...parts };
}

/** Issues may hold functions, which cross to no other thread. */
const plain = <Issues>(issues: Issues): Issues => JSON.parse(JSON.stringify(issues)) as Issues;

/** Parameters that were configured before. */
function ready<Ready>(strategy: { configure(parameters: unknown): Configured<Ready> }, params: unknown): Ready {
  const configured = strategy.configure(params);
  if (!configured.success) throw configured.error;
  return configured.strategy;
}

function evaluate(strategy: TickerStrategy, { params, bars }: Asked<"evaluate">): Answer<"evaluate"> {
  const configured = ready(strategy, params);
  const targets = targetsOf(configured, bars);
  const panes = panesOf(configured, bars);
  const checked: ConfiguredStrategy = { ...configured, signals: (cut) => targetsOf(configured, cut) };
  return { targets, panes, honesty: checkHonesty(checked, bars) };
}

function score(strategy: UniverseStrategy, { params, universe }: Asked<"score">): Answer<"score"> {
  const configured = ready(strategy, params);
  const checked = { ...configured, score: (section: CrossSection) => scoresOf(configured, section) };
  // First the checks: who keeps what it saw has seen nothing then.
  const honesty = checkUniverseHonesty(checked, universe);
  return { scores: universe.sections.map(checked.score), honesty };
}
