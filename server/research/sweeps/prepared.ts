import type { SweepPlan } from "../../backtest/sweep/types.ts";
import type { SweepSource } from "./pool.ts";
import type { SweepRequest } from "./schemas.ts";

/** What is ready to be run: a checked request, the sessions that its plan counts by, and where its points get what they run on. */
export type PreparedSweep = {
  request: SweepRequest;
  plan: SweepPlan;
  dates: readonly string[];
  source: SweepSource;
  dataVersion: string;
};
