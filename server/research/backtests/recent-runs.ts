import type { Sql } from "../../../db/client.ts";
import { findListed } from "../workspace/catalogue.ts";
import { readRequestVersion } from "./data-version.ts";
import type { Backtests } from "./elsewhere.ts";
import type { BacktestRequest } from "./schemas.ts";
import type { BacktestRun } from "./types.ts";

/** Runs that are looked at from several addresses: a page, its charts, its tables. */
export type RecentRuns = {
  /** As backtests are run, or what it gave a moment ago where the data are still the same. */
  run(request: BacktestRequest): Promise<BacktestRun>;
};

/** Some megabytes each: a portfolio has thousands of trades. */
const mostKept = 4;
/** What a version does not tell, such as a ticker that is listed again, is read anew after so long. */
const longestMs = 60_000;

type Options = { backtests: Backtests; read: Sql; now(): Date };
type Kept = { run: Promise<BacktestRun>; at: number };

/**
 * Keeps the last runs over the universe, which take seconds; one over a ticker takes hardly longer than to find out whether its data
 * have changed. Requests for the same run that come while it is under way share it.
 */
export function createRecentRuns({ backtests, read, now }: Options): RecentRuns {
  const kept = new Map<string, Kept>();

  const begin = (key: string, request: BacktestRequest): Kept => {
    const run = backtests.run(request);
    const entry = { run, at: now().getTime() };
    kept.delete(key);
    kept.set(key, entry);
    for (const oldest of [...kept.keys()].slice(0, -mostKept)) kept.delete(oldest);
    run.catch(() => {
      if (kept.get(key) === entry) kept.delete(key);
    });
    return entry;
  };

  const isCurrent = async ({ run, at }: Kept): Promise<boolean> => {
    if (now().getTime() - at > longestMs) return false;
    const { dataVersion, scenario } = await run;
    return dataVersion === (await readRequestVersion(read, scenario));
  };

  return {
    async run(request) {
      const strategy = findListed(request.strategy);
      if (strategy?.scope !== "universe") return await backtests.run(request);
      const key = JSON.stringify([request, strategy.file?.version]);
      const known = kept.get(key);
      if (known !== undefined && (await isCurrent(known))) return await known.run;
      return await begin(key, request).run;
    },
  };
}
