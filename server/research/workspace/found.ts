import type { Badge } from "../../backtest/badges.ts";

/** A file of strategies that was found in the workspace, and what came of it. */
export type FoundStrategy = {
  /** Its name in the folder of strategies. */
  file: string;
  /** `checking`: it is run for the first time since it was written; what it was before is used meanwhile. */
  state: "checking" | "ok" | "broken";
  /** Null as long as they are not known. */
  id: string | null;
  name: string | null;
  scope: "ticker" | "universe" | null;
  /** Why it is broken, a sentence; null where it is not. */
  message: string | null;
  /** Where that is, in `file` or in a file beside it that it imports; null where it is not known. */
  problemFile: string | null;
  line: number | null;
  /** What the checks on generated bars found; empty where they were not made. */
  checks: readonly Badge[];
  foundAt: Date;
};

/** The strategies of the workspace. */
export type OwnStrategies = {
  /** Every file with its state, by name. */
  list(): FoundStrategy[];
  /** Looks for changes now; resolves when all that was found is checked. */
  look(): Promise<void>;
  stop(): Promise<void>;
};
