import { findTickerStrategy } from "../backtest/strategies/index.ts";
import type { TickerStrategy } from "../backtest/strategy.ts";
import { createEvaluator, type Evaluator } from "../backtest/sweep/evaluate.ts";
import { resultOf } from "../backtest/sweep/result.ts";
import type { SweepPlan } from "../backtest/sweep/types.ts";
import type { Bars } from "../backtest/types.ts";
import type { FromSweepWorker, ToSweepWorker } from "./messages.ts";

type Work = { bars: Bars; plan: SweepPlan; strategy: TickerStrategy; evaluate: Evaluator };

/** What a worker does about each message. It works on one sweep at a time; a new one takes the place of the last. */
export function createSweepRuntime(
  send: (message: FromSweepWorker, transfer: ArrayBuffer[]) => void,
): (message: ToSweepWorker) => void {
  let work: Work | undefined;

  const handle = (message: ToSweepWorker) => {
    if (message.type === "begin") {
      work = begin(message.bars, message.plan);
      return;
    }
    if (work === undefined) throw new Error("a worker was asked to run points before it had a sweep");
    if (message.type === "finish") {
      // The maps are not part of the result, and stay where they were collected.
      const collected = { ...message.ranking, maps: { pairs: [], values: new Float32Array(0) } };
      send({ type: "finished", result: resultOf(work.bars, work.strategy, work.plan, collected) }, []);
      return;
    }
    const started = performance.now();
    const chunk = work.evaluate(message.first, message.count);
    const buffers = [chunk.outcomes.buffer, chunk.metrics.buffer, chunk.windows.buffer];
    send({ type: "chunk", chunk, durationMs: performance.now() - started }, buffers);
  };

  return (message) => {
    try {
      handle(message);
    } catch (error) {
      send({ type: "failed", message: error instanceof Error ? error.message : String(error) }, []);
    }
  };
}

function begin(bars: Bars, plan: SweepPlan): Work {
  const strategy = findTickerStrategy(plan.strategy);
  if (strategy === undefined) throw new Error(`there is no strategy ${plan.strategy}`);
  return { bars, plan, strategy, evaluate: createEvaluator(bars, strategy, plan) };
}
