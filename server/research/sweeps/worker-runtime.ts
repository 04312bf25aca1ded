import { findStrategy, type Strategy } from "../../backtest/strategies/index.ts";
import { createEvaluator, type Evaluator } from "../../backtest/sweep/evaluate.ts";
import { createSubject } from "../../backtest/sweep/input.ts";
import { resultOf } from "../../backtest/sweep/result.ts";
import type { SweepSubject } from "../../backtest/sweep/subject.ts";
import type { SweepPlan } from "../../backtest/sweep/types.ts";
import { markChosen } from "../../backtest/sweep/universe.ts";
import type { UniverseStrategy } from "../../backtest/universe/strategy.ts";
import { failingOf } from "../workspace/failing.ts";
import { loadStrategy } from "../workspace/load.ts";
import { toSentence } from "../workspace/words.ts";
import type { FromSweepWorker, ToSweepWorker } from "./messages.ts";

type Message<Type extends ToSweepWorker["type"]> = Extract<ToSweepWorker, { type: Type }>;

/** What a worker is at: it finds whom points choose, or runs them. */
type Work =
  | ({ at: "survey"; strategy: UniverseStrategy } & Message<"survey">)
  | { at: "points"; plan: SweepPlan; subject: SweepSubject; evaluate: Evaluator };

/** What a worker does about each message. It works on one sweep at a time; a new one takes the place of the last. */
export function createSweepRuntime(
  send: (message: FromSweepWorker, transfer: ArrayBuffer[]) => void,
  freeMemory: () => void,
): (message: ToSweepWorker) => Promise<void> {
  let work: Work | undefined;
  let path: string | null = null;
  let last = Promise.resolve();
  /**
   * A point of the universe leaves columns of the whole market behind at every rebalance, some 12 MB over 11,000 tickers and ten
   * years. By itself the collector lets them grow to hundreds. Also where the best points are run once more for what was found.
   */
  const freeing = (subject: SweepSubject): SweepSubject => ({
    ...subject,
    configure: (parameters) => {
      freeMemory();
      return subject.configure(parameters);
    },
  });

  const handle = async (message: ToSweepWorker) => {
    switch (message.type) {
      case "survey": {
        path = message.path;
        const strategy = await strategyOf(message);
        if (strategy.scope !== "universe") throw new Error(`${strategy.id} does not choose from all tickers`);
        work = { at: "survey", strategy, ...message };
        return;
      }
      case "begin": {
        const { input, plan } = message;
        path = message.path;
        const read = createSubject(input, await strategyOf(message), plan);
        const subject = input.scope === "universe" ? freeing(read) : read;
        work = { at: "points", plan, subject, evaluate: createEvaluator(subject, plan) };
        return;
      }
      case "choose":
        return choose(message);
      case "run":
        return run(message);
      case "finish":
        return finish(message);
      case "end":
        work = undefined;
    }
  };
  const choose = ({ first, count }: Message<"choose">) => {
    if (work?.at !== "survey") throw new Error("a worker was asked whom points choose before it had a market");
    const started = performance.now();
    markChosen(work.market, work.strategy, work.plan, [first, count], work.chosen);
    freeMemory();
    send({ type: "chosen", count, durationMs: performance.now() - started }, []);
  };
  const run = ({ first, count }: Message<"run">) => {
    if (work?.at !== "points") throw new Error("a worker was asked to run points before it had a sweep");
    const started = performance.now();
    const chunk = work.evaluate(first, count);
    const buffers = [chunk.outcomes.buffer, chunk.metrics.buffer, chunk.windows.buffer];
    send({ type: "chunk", chunk, durationMs: performance.now() - started }, buffers);
  };
  const finish = ({ ranking }: Message<"finish">) => {
    if (work?.at !== "points") throw new Error("a worker was asked what a sweep found before it had one");
    // The maps are not part of the result, and stay where they were collected.
    const collected = { ...ranking, maps: { pairs: [], values: new Float32Array(0) } };
    send({ type: "finished", result: resultOf(work.subject, work.plan, collected) }, []);
  };

  const attempt = async (message: ToSweepWorker) => {
    try {
      await handle(message);
    } catch (error) {
      send({ type: "failed", message: await tell(error, path) }, []);
    }
  };
  // One after the other: a file is loaded before its points are run.
  return (message) => {
    last = last.then(() => attempt(message));
    return last;
  };
}

async function strategyOf({ path, plan }: Message<"survey"> | Message<"begin">): Promise<Strategy> {
  const strategy = path === null ? findStrategy(plan.strategy) : await loadStrategy(path);
  if (strategy === undefined) throw new Error(`there is no strategy ${plan.strategy}`);
  return strategy;
}

/** What went wrong, and of a file of the workspace where. */
async function tell(error: unknown, path: string | null): Promise<string> {
  if (path === null) return error instanceof Error ? error.message : String(error);
  const source = await Bun.file(path)
    .text()
    .catch(() => "");
  return toSentence(failingOf(error, path, source));
}
