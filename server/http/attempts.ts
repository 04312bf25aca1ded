/** Counts attempts to sign in by where they come from, and all together. */
export type Attempts = {
  /** Seconds until `client` may try again; 0 where it may now. */
  blockedSeconds(client: string): number;
  /**
   * Counts an attempt as failed before it is checked, so that many at once are no more than one after the other. Answers the
   * seconds to wait where it may not be checked now; 0 where it may.
   */
  begin(client: string): number;
  /** Takes back what was counted for `client`. */
  succeed(client: string): void;
  /** Failures of `client` that still count. */
  failures(client: string): number;
};

const windowMs = 10 * 60_000;
export const allowedFailures = 10;
/** Bounds the memory that an attacker with many addresses can take. */
const rememberedClients = 10_000;

/** Bounds what attackers with many addresses can make us hash: 60 × 40 ms is 4 % of a core. */
const checkedEachMinute = 60;
const minuteMs = 60_000;

const secondsUntil = (until: number, now: number) => Math.max(1, Math.ceil((until - now) / 1000));

/**
 * Ten failures in ten minutes block a client for the rest of them: about 1,440 guesses a day. All clients together have
 * sixty failures a minute; who is signed in needs none.
 */
export function createAttempts(now: () => Date): Attempts {
  const clients = new Map<string, { count: number; until: number }>();
  let everybody = { count: 0, until: 0 };

  const current = (client: string) => {
    const entry = clients.get(client);
    return entry && entry.until > now().getTime() ? entry : undefined;
  };
  const blockedSeconds = (client: string) => {
    const entry = current(client);
    return entry && entry.count >= allowedFailures ? secondsUntil(entry.until, now().getTime()) : 0;
  };
  const count = (client: string) => {
    const entry = current(client) ?? { count: 0, until: now().getTime() + windowMs };
    entry.count += 1;
    clients.delete(client);
    clients.set(client, entry);
    const oldest = clients.size > rememberedClients ? clients.keys().next().value : undefined;
    if (oldest !== undefined) clients.delete(oldest);
  };

  return {
    blockedSeconds,
    begin(client) {
      const blocked = blockedSeconds(client);
      if (blocked > 0) return blocked;
      count(client);
      const at = now().getTime();
      if (everybody.until <= at) everybody = { count: 0, until: at + minuteMs };
      if (everybody.count >= checkedEachMinute) return secondsUntil(everybody.until, at);
      everybody.count += 1;
      return 0;
    },
    succeed(client) {
      clients.delete(client);
      everybody.count = Math.max(0, everybody.count - 1);
    },
    failures: (client) => current(client)?.count ?? 0,
  };
}
