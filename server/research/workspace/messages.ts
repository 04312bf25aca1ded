import type { z } from "zod";
import type { Badge } from "../../backtest/badges.ts";
import type { Honesty } from "../../backtest/honesty.ts";
import type { ConfiguredStrategy, Pane } from "../../backtest/strategy.ts";
import type { SweepPlan } from "../../backtest/sweep/types.ts";
import type { Surveyed } from "../../backtest/sweep/universe.ts";
import type { Bars, Targets } from "../../backtest/types.ts";
import type { UniverseHonesty } from "../../backtest/universe/honesty.ts";
import type { ConfiguredUniverseStrategy } from "../../backtest/universe/strategy.ts";
import type { Universe } from "../../backtest/universe/types.ts";

/** The messages between the process and a worker that holds one strategy of the workspace. Both sides import them from here. */

/** One parameter of a strategy. They are all numbers, and all have defaults. */
export type ParameterDescription = {
  name: string;
  isWhole: boolean;
  byDefault: number;
  minimum: number | null;
  exclusiveMinimum: number | null;
  maximum: number | null;
  exclusiveMaximum: number | null;
  description: string;
  /** What the form of a sweep proposes to try. */
  examples: number[];
};

/** What a file declares, as far as it can be told to another thread. */
export type StrategyDescription = {
  id: string;
  name: string;
  description: string;
  scope: "ticker" | "universe";
  parameters: ParameterDescription[];
};

/** A strategy with its parameters, but for its functions. */
export type ReadyParts =
  | ({ scope: "ticker" } & Pick<ConfiguredStrategy, "id" | "parameters" | "warmup">)
  | ({ scope: "universe" } & Omit<ConfiguredUniverseStrategy, "score">);

type Params = Record<string, unknown>;

/** By question what is asked, and what is answered. The file is loaded before the first. */
export type Questions = {
  check: { asked: object; answer: { description: StrategyDescription; checks: Badge[] } };
  configure: { asked: { params: Params }; answer: ReadyParts | { issues: z.core.$ZodIssue[] } };
  evaluate: { asked: { params: Params; bars: Bars }; answer: { targets: Targets; panes: Pane[]; honesty: Honesty } };
  score: {
    asked: { params: Params; universe: Universe };
    answer: { scores: Float64Array[]; honesty: UniverseHonesty };
  };
  /** The fewest sessions that any point of a sweep needs; null where no point's parameters go together. */
  least: { asked: { plan: SweepPlan }; answer: number | null };
  survey: { asked: { plan: SweepPlan }; answer: Surveyed };
};

export type Question = keyof Questions;

export type ToStrategyWorker = {
  [Name in Question]: { question: Name; path: string } & Questions[Name]["asked"];
}[Question];

/** Where a file failed, as far as that is known: `file` from the workspace's folder of strategies on. */
export type Failing = { message: string; file: string | null; line: number | null };

export type FromStrategyWorker =
  | { type: "answered"; answer: Questions[Question]["answer"] }
  | ({ type: "failed" } & Failing);
