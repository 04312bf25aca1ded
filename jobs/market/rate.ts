import { setTimeout as delay } from "node:timers/promises";
import { CancelledError, PermanentError } from "../orchestrator/errors.ts";

/** Grants permission to make one call. Rejects with a CancelledError when the signal aborts first; no grant is then used. */
export type Limiter = { acquire(signal?: AbortSignal): Promise<void> };

/** Waits; rejects when the signal aborts. */
export type Sleep = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

/** The vendor asks paid plans to stay under 100 calls a second. */
const paidPlanRate = { calls: 99, perMs: 1_000 } as const;

/** The rate of a plan: so many calls in any minute, or for unlimited plans (null) what the vendor asks of them. */
export function rateOf(callsPerMinute: number | null): { calls: number; perMs: number } {
  return callsPerMinute === null ? paidPlanRate : { calls: callsPerMinute, perMs: 60_000 };
}

/** Sleeps on the real clock. */
export const sleep: Sleep = async (milliseconds, signal) => {
  await delay(milliseconds, undefined, signal ? { signal } : {});
};

/**
 * Grants at most `calls` in any window of `perMs` milliseconds, first come, first served. A token bucket would let twice as
 * many through around a refill, and the vendor counts a sliding window. `now` is in milliseconds.
 */
export function createSlidingWindowLimiter(options: {
  calls: number;
  perMs: number;
  now?: () => number;
  sleep?: Sleep;
}): Limiter {
  const { calls, perMs, now = () => performance.now(), sleep: wait = sleep } = options;
  if (!Number.isSafeInteger(calls) || calls < 1)
    throw new PermanentError(`A rate of ${calls} calls lets nothing through.`);
  let grants: number[] = [];
  let latest = Number.NEGATIVE_INFINITY;
  let queue: Promise<unknown> = Promise.resolve();

  /** A clock that is set back takes the grants along: a wait for the rate must not last until the old time returns. */
  function readClock(): number {
    const time = now();
    const back = Math.max(0, latest - time);
    if (back > 0) grants = grants.map((grant) => grant - back);
    latest = time;
    return time;
  }

  async function take(signal?: AbortSignal): Promise<void> {
    for (;;) {
      if (signal?.aborted) throw cancelled(signal);
      const time = readClock();
      const oldest = grants.length < calls ? Number.NEGATIVE_INFINITY : (grants[0] ?? 0);
      const waitMs = oldest + perMs - time;
      if (waitMs <= 0) break;
      await wait(waitMs, signal);
    }
    grants.push(latest);
    if (grants.length > calls) grants.shift();
  }

  return {
    acquire(signal) {
      const turn = queue.then(() => take(signal));
      queue = turn.catch(() => undefined);
      return orAborted(turn, signal);
    },
  };
}

function cancelled(signal: AbortSignal): CancelledError {
  return new CancelledError("The wait for the rate limit was cancelled.", { cause: signal.reason });
}

/** Whoever gives up stops waiting at once, even in the middle of the queue. */
async function orAborted(turn: Promise<void>, signal?: AbortSignal): Promise<void> {
  if (!signal) return turn;
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(cancelled(signal));
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([turn, aborted.promise]);
  } catch (error) {
    throw signal.aborted ? cancelled(signal) : error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
