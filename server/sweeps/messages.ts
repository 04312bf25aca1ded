import type { Collected } from "../backtest/sweep/collect.ts";
import type { SweepResult } from "../backtest/sweep/result.ts";
import type { Chunk, SweepPlan } from "../backtest/sweep/types.ts";
import type { Bars } from "../backtest/types.ts";

/** The messages between the process and the workers of its sweeps. Both sides import them from here. */

/** What `resultOf` needs of what was collected; the maps stay where they are. */
export type Ranking = Omit<Collected, "maps">;

export type ToSweepWorker =
  | { type: "begin"; bars: Bars; plan: SweepPlan }
  | { type: "run"; first: number; count: number }
  | { type: "finish"; ranking: Ranking };

export type FromSweepWorker =
  /** With how long the chunk took, so that the next is as long as it should be. */
  | { type: "chunk"; chunk: Chunk; durationMs: number }
  | { type: "finished"; result: SweepResult }
  | { type: "failed"; message: string };
