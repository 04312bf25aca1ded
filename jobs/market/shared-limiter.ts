import type { Sql } from "../../db/client.ts";
import { bookCall } from "../../db/queries/market/rate.ts";
import { createSlidingWindowLimiter, type Limiter, rateOf, sleep } from "./rate.ts";

/** The vendor's clock and ours differ, and calls take time to arrive: leave this much around its minute. */
const marginMs = 1000;

/**
 * The limiter of the market API. A plan with calls a minute is counted in the database, over all processes, workers and
 * restarts, as the vendor counts; an unlimited plan is only kept from bursts, in this process.
 */
export function createMarketLimiter(sql: Sql, callsPerMinute: number | null): Limiter {
  const rate = rateOf(callsPerMinute);
  if (callsPerMinute === null) return createSlidingWindowLimiter(rate);
  const booking = { name: "market", calls: rate.calls, perMs: rate.perMs + marginMs };
  return { acquire: async (signal) => await sleep(await bookCall(sql, booking), signal) };
}
