import { HttpError } from "../../http/errors.ts";
import type { RecentRuns } from "./recent-runs.ts";
import { type Lack, TooFewSessions } from "./too-few-sessions.ts";
import type { BacktestRun } from "./types.ts";
import { type Problem, requestFromQuery } from "./url.ts";

/** What came of an address: its run, or all that is wrong with it; `lack` where the history alone is too short. */
export type Attempt = { run: BacktestRun; problems: [] } | { run: null; problems: Problem[]; lack: Lack | null };

/** Runs what a query asks for; a refusal is told at its field, and anything else is thrown on. */
export async function attempt(runs: RecentRuns, query: URLSearchParams): Promise<Attempt> {
  const { request, problems } = requestFromQuery(query);
  if (request === null) return { run: null, problems, lack: null };
  try {
    return { run: await runs.run(request), problems: [] };
  } catch (error) {
    if (!(error instanceof HttpError) || error.details.field === undefined) throw error;
    const problem = { field: error.details.field, message: error.message };
    return { run: null, problems: [problem], lack: error instanceof TooFewSessions ? error.lack : null };
  }
}
