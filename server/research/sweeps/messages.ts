import type { Collected } from "../../backtest/sweep/collect.ts";
import type { SweepInput } from "../../backtest/sweep/input.ts";
import type { SweepResult } from "../../backtest/sweep/result.ts";
import type { Chunk, SweepPlan } from "../../backtest/sweep/types.ts";
import type { Chosen, SweptMarket } from "../../backtest/sweep/universe.ts";

/** The messages between the process and the workers of its sweeps. Both sides import them from here. */

/** What `resultOf` needs of what was collected; the maps stay where they are. */
type Ranking = Omit<Collected, "maps">;

export type ToSweepWorker =
  /** `path` of both: the file of the workspace that declares the strategy; null of one that is shipped. */
  /** Of the universe first: whom the points choose, marked in memory that is shared, as only their bars are read. */
  | { type: "survey"; market: SweptMarket; plan: SweepPlan; chosen: Chosen; path: string | null }
  | { type: "choose"; first: number; count: number }
  | { type: "begin"; input: SweepInput; plan: SweepPlan; path: string | null }
  | { type: "run"; first: number; count: number }
  | { type: "finish"; ranking: Ranking }
  /** What was handed over is not needed any more, and need not wait in memory for the next sweep. */
  | { type: "end" };

export type FromSweepWorker =
  /** With how long the points took, so that the next chunk is as long as it should be. */
  | { type: "chosen"; count: number; durationMs: number }
  | { type: "chunk"; chunk: Chunk; durationMs: number }
  | { type: "finished"; result: SweepResult }
  | { type: "failed"; message: string };
