import { createMarketClient, type MarketClientOptions } from "../../../jobs/market/client.ts";
import { PermanentError, RetryableError } from "../../../jobs/orchestrator/errors.ts";
import { answers, type Behaviour, type FaultyServer, startFaultyServer } from "./faulty-server.ts";

/** A key with characters that look different inside a URL. */
export const key = "k3y/with+odd=signs";

export const bars = {
  status: "OK",
  request_id: "r1",
  adjusted: false,
  resultsCount: 1,
  results: [{ T: "AAPL", o: 1, h: 1, l: 1, c: 1, v: 1 }],
};
export const ok = answers(200, bars);

/** Clients of servers with a script; their sleeps are recorded and take no time. `stop` ends the servers. */
export function createClients() {
  const servers: FaultyServer[] = [];
  return {
    async clientOf(script: Behaviour[], options: Partial<MarketClientOptions> = {}) {
      const server = await startFaultyServer(...script);
      servers.push(server);
      const sleeps: number[] = [];
      const permits = { used: 0 };
      const client = createMarketClient({
        baseUrl: server.url,
        apiKey: key,
        limiter: {
          async acquire() {
            permits.used += 1;
          },
        },
        random: () => 0.5,
        now: () => new Date("2025-01-03T12:00:00Z"),
        sleep: async (milliseconds) => void sleeps.push(milliseconds),
        timeoutMs: 2_000,
        ...options,
      });
      return { client, sleeps, permits, requests: server.requests, url: server.url };
    },
    async stop() {
      await Promise.all(servers.splice(0).map((server) => server.stop()));
    },
  };
}

/** The error of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<RetryableError | PermanentError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof RetryableError || error instanceof PermanentError) return error;
  throw new Error("the call did not fail as it should", { cause: error });
}
