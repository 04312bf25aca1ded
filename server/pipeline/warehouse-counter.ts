import type { Sql } from "../../db/client.ts";
import { isUndefinedTable } from "../../db/errors.ts";
import { countPublishedBars, type PublishedSize } from "../../db/queries/market/read-warehouse.ts";

/** Tells how much is published, without counting ten years of bars for every request. */
export type WarehouseCounter = {
  /**
   * `publication` names the last publish: the count is kept until it changes. With `mayLag`, a new count waits until ten times
   * the last one's duration has passed since, so that polling during a catch-up takes a tenth of a connection at most.
   */
  size(publication: string, mayLag: boolean): Promise<PublishedSize>;
};

const lagFactor = 10;
const empty: PublishedSize = { bars: 0, tickers: 0, firstDate: null, lastDate: null };

/** One counter a process. Concurrent requests share one count. */
export function createWarehouseCounter(options: { read: Sql; now: () => Date }): WarehouseCounter {
  const clock = () => options.now().getTime();
  let kept: { publication: string; size: PublishedSize; endedAt: number; tookMs: number } | undefined;
  let counting: { publication: string; size: Promise<PublishedSize> } | undefined;

  const count = async (publication: string): Promise<PublishedSize> => {
    const startedAt = clock();
    const size = await countOrEmpty(options.read);
    const endedAt = clock();
    kept = { publication, size, endedAt, tookMs: endedAt - startedAt };
    return size;
  };

  return {
    async size(publication, mayLag) {
      if (kept?.publication === publication) return kept.size;
      if (kept && mayLag && clock() < kept.endedAt + kept.tookMs * lagFactor) return kept.size;
      if (counting?.publication === publication) return await counting.size;
      const started = { publication, size: count(publication) };
      counting = started;
      try {
        return await started.size;
      } finally {
        if (counting === started) counting = undefined;
      }
    },
  };
}

async function countOrEmpty(read: Sql): Promise<PublishedSize> {
  try {
    return await countPublishedBars(read);
  } catch (error) {
    if (isUndefinedTable(error)) return empty;
    throw error;
  }
}
