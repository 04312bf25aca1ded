import type { Sql } from "../../db/client.ts";
import { selectPublishedRange } from "../../db/queries/pipeline/publication.ts";
import { jobIds } from "../../jobs/pipeline.ts";

type Range = { first: string; last: string };

/** First and last session that readers can see; `publication` names the last load and build, and is what it is kept for. */
export type PublishedRange = (publication: string) => Promise<Range | null>;

/** Follows all sessions through their loads and builds, which after years takes longer than the rest of a page: once each time one ends. */
export function createPublishedRange(read: Sql): PublishedRange {
  let kept: { publication: string; range: Promise<Range | null> } | undefined;
  return async (publication) => {
    if (kept?.publication !== publication) kept = { publication, range: selectPublishedRange(read, jobIds, null) };
    const current = kept;
    try {
      return await current.range;
    } catch (error) {
      if (kept === current) kept = undefined;
      throw error;
    }
  };
}
