/** Counts failed sign-ins by where they come from. */
export type Attempts = {
  /** Seconds until `client` may try again; 0 where it may now. */
  blockedSeconds(client: string): number;
  fail(client: string): void;
  succeed(client: string): void;
};

const windowMs = 10 * 60_000;
const allowedFailures = 10;
/** Bounds the memory that an attacker with many addresses can take. */
const rememberedClients = 10_000;

/** Ten failures in ten minutes block a client for the rest of them: about 1,440 guesses a day. */
export function createAttempts(now: () => Date): Attempts {
  const failures = new Map<string, { count: number; until: number }>();
  const current = (client: string) => {
    const entry = failures.get(client);
    return entry && entry.until > now().getTime() ? entry : undefined;
  };
  return {
    blockedSeconds: (client) => {
      const entry = current(client);
      if (!entry || entry.count < allowedFailures) return 0;
      return Math.ceil((entry.until - now().getTime()) / 1000);
    },
    fail: (client) => {
      const entry = current(client) ?? { count: 0, until: now().getTime() + windowMs };
      entry.count += 1;
      failures.delete(client);
      failures.set(client, entry);
      const oldest = failures.size > rememberedClients ? failures.keys().next().value : undefined;
      if (oldest !== undefined) failures.delete(oldest);
    },
    succeed: (client) => {
      failures.delete(client);
    },
  };
}
