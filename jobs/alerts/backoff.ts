const firstDelayMs = 10_000;
const longestDelayMs = 3_600_000;
/** With the delays below, some 12 hours of trying. */
const maxAttempts = 20;

/**
 * Milliseconds before the attempt that follows attempt `attempts`: doubling from 10 s to an hour, less up to a fifth by
 * chance, and not before the receiver wants it. Null where it is given up.
 */
export function nextDelayMs(attempts: number, retryAfterMs: number | null, random: () => number): number | null {
  if (attempts >= maxAttempts) return null;
  const ceiling = Math.min(longestDelayMs, firstDelayMs * 2 ** (attempts - 1));
  const own = ceiling * (1 - random() / 5);
  // A receiver that asks for days must not keep a message back for days.
  return Math.round(Math.max(own, Math.min(retryAfterMs ?? 0, longestDelayMs)));
}
