import { createCollector } from "./collect.ts";
import { createEvaluator } from "./evaluate.ts";
import type { HeatMaps } from "./heat-map.ts";
import { resultOf, type SweepResult } from "./result.ts";
import { countPoints } from "./space.ts";
import type { SweepSubject } from "./subject.ts";
import type { SweepPlan } from "./types.ts";

/** Runs a whole sweep in this thread. In workers it goes the same way, chunk by chunk, and finds the same. */
export function runSweep(subject: SweepSubject, plan: SweepPlan): SweepResult & { maps: HeatMaps } {
  const evaluate = createEvaluator(subject, plan);
  const collector = createCollector(plan);
  const points = countPoints(plan.axes, plan.search);
  for (let first = 0; first < points; first += chunkPoints) {
    collector.add(evaluate(first, Math.min(chunkPoints, points - first)));
  }
  const collected = collector.finish();
  return { ...resultOf(subject, plan, collected), maps: collected.maps };
}

/** Points that are run at a time: some ten milliseconds of work on ten years of bars. */
const chunkPoints = 250;
