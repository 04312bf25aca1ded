import type { Sql } from "../../../db/client.ts";
import { selectPublishedMark } from "../../../db/queries/research/data-changes.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { readRequestVersion } from "../backtests/data-version.ts";
import type { Scenario } from "../backtests/types.ts";

/** Longest that an answer is given again: tables may also be built by hand, which leaves no mark. */
const longestMs = 60_000;

export type VersionCache = {
  /** The data versions of requests, in their order; each as it was up to a minute ago. */
  versionsOf(requests: readonly Scenario[]): Promise<string[]>;
};

/**
 * A page lists some dozens of scenarios, and the version of each takes 3 ms of reading: what was read is kept until another
 * build is published or reference data are read, and for a minute at the most.
 */
export function createVersionCache({ read, now }: { read: Sql; now(): Date }): VersionCache {
  let known = { mark: "", at: 0, versions: new Map<string, Promise<string>>() };
  return {
    async versionsOf(requests) {
      const mark = await selectPublishedMark(read, jobIds.transform);
      const at = now().getTime();
      if (mark !== known.mark || at - known.at > longestMs) known = { mark, at, versions: new Map() };
      const { versions } = known;
      const versionOf = (request: Scenario) => {
        const { ticker, from, to, benchmark } = request;
        const key = JSON.stringify([ticker, from, to, benchmark]);
        const version = versions.get(key) ?? readRequestVersion(read, request);
        versions.set(key, version);
        version.catch(() => versions.delete(key));
        return version;
      };
      return await Promise.all(requests.map(versionOf));
    },
  };
}
