import { HttpError } from "../../http/errors.ts";
import type { RecentRuns } from "./recent-runs.ts";
import type { BacktestRun } from "./types.ts";
import { type Problem, requestFromQuery } from "./url.ts";

/** What came of an address: its run, or all that is wrong with it. */
export type Attempt = { run: BacktestRun; problems: [] } | { run: null; problems: Problem[] };

/** Runs what a query asks for; a refusal is told at its field, and anything else is thrown on. */
export async function attempt(runs: RecentRuns, query: URLSearchParams): Promise<Attempt> {
  const { request, problems } = requestFromQuery(query);
  if (request === null) return { run: null, problems };
  try {
    return { run: await runs.run(request), problems: [] };
  } catch (error) {
    if (!(error instanceof HttpError) || error.details.field === undefined) throw error;
    return { run: null, problems: [{ field: error.details.field, message: error.message }] };
  }
}
