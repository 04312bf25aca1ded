import type { Sql } from "../../db/client.ts";
import { selectRunsFailedWith } from "../../db/queries/pipeline/recovery.ts";
import { PermanentError } from "../orchestrator/errors.ts";
import type { WorkerPool } from "../orchestrator/pool-types.ts";
import { type Orchestrator, RequestError } from "../orchestrator/types.ts";
import type { MarketClient } from "./client.ts";
import { marketErrorCodes } from "./failures.ts";
import type { Limiter } from "./rate.ts";

/**
 * Remembers that the market refused the key. Hundreds of runs may wait when that is found out: each of them fails with
 * the same words, and only one a minute asks again, whether the account is in order by now.
 */
export type KeyGuard = {
  /** Makes calls wait for leave as before, and refuses it while the key is known to be refused. */
  guardLimiter(limiter: Limiter): Limiter;
  /** Notices refusals of calls that are made here. */
  watchClient(client: MarketClient): MarketClient;
  /** Notices refusals of calls that workers make. */
  watchPool(pool: WorkerPool): WorkerPool;
};

const askAgainAfterMs = 60_000;

export function createKeyGuard(now: () => Date): KeyGuard {
  let refusal: { error: PermanentError; at: number } | undefined;

  const known = () => (refusal && now().getTime() - refusal.at < askAgainAfterMs ? refusal.error : undefined);
  const refuse = () => {
    const error = known();
    if (error) throw error;
  };
  const notice = (error: unknown) => {
    const isRefusal = error instanceof PermanentError && error.code === marketErrorCodes.refusedKey;
    // One that was refused here, and comes by on its way out, must not put off the next question.
    if (isRefusal && !known()) refusal = { error, at: now().getTime() };
    return error;
  };
  const watched = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw notice(error);
    }
  };
  const watchedPages = async function* <T>(pages: AsyncIterable<T>): AsyncGenerator<T, void> {
    try {
      yield* pages;
    } catch (error) {
      throw notice(error);
    }
  };

  return {
    guardLimiter: (limiter) => ({
      async acquire(signal) {
        refuse();
        await limiter.acquire(signal);
        // At five calls a minute others may have been refused in the meantime.
        refuse();
      },
    }),
    watchClient: (client) => ({
      grouped: (...call) => watched(client.grouped(...call)),
      range: (...call) => watchedPages(client.range(...call)),
      tickers: (...call) => watchedPages(client.tickers(...call)),
      splits: (...call) => watchedPages(client.splits(...call)),
      dividends: (...call) => watchedPages(client.dividends(...call)),
      upcomingHolidays: (...call) => watched(client.upcomingHolidays(...call)),
    }),
    watchPool: (pool) => ({ ...pool, run: (...batch) => watched(pool.run(...batch)) }),
  };
}

/** Queues again what failed because the key was refused: whoever starts anew has probably mended it. Answers how many. */
export async function retryRefusedRuns(sql: Sql, orchestrator: Orchestrator, jobId: string): Promise<number> {
  const runs = await selectRunsFailedWith(sql, jobId, marketErrorCodes.refusedKey);
  for (const runId of runs) {
    await orchestrator.retryRun(runId).catch((error) => {
      // Another process that started at the same time was faster.
      if (!(error instanceof RequestError)) throw error;
    });
  }
  return runs.length;
}
