import { isQueryCancelled, isTransientDatabaseError } from "../../db/errors.ts";
import { CancelledError, PermanentError, RetryableError } from "./errors.ts";
import { storableText } from "./storable.ts";
import type { ErrorRecord } from "./types.ts";

const firstDelayMs = 1000;
const longestDelayMs = 30_000;

/** What is done about an error of a task. */
export type Verdict =
  | { kind: "retry"; counts: boolean; atLeastMs: number; error: ErrorRecord }
  | { kind: "fail"; error: ErrorRecord }
  | { kind: "cancelled" };

/**
 * Decides by the error's class. What is of no known class is a fault in our code: it is not repeated, as the same
 * input would meet it again.
 */
export function judge(error: unknown): Verdict {
  if (error instanceof CancelledError || isQueryCancelled(error)) return { kind: "cancelled" };
  if (error instanceof RetryableError) {
    return { kind: "retry", counts: !error.outage, atLeastMs: error.retryAfterMs ?? 0, error: record(error) };
  }
  if (isTransientDatabaseError(error)) {
    return { kind: "retry", counts: false, atLeastMs: 0, error: databaseOutage(error) };
  }
  return { kind: "fail", error: record(error) };
}

/** Milliseconds before try `failures + 1`: exponential, capped, with full jitter over the upper half so that a herd spreads out. */
export function backoffMs(failures: number, random: () => number): number {
  const ceiling = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.max(0, failures - 1));
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}

/** An error as it is kept and shown. */
function record(error: unknown): ErrorRecord {
  if (!(error instanceof Error)) return { name: "Error", message: storableText(String(error)) };
  const { advice, code } = error instanceof RetryableError || error instanceof PermanentError ? error : {};
  return {
    name: error.name,
    message: storableText(error.message),
    ...(advice && { advice: storableText(advice) }),
    ...(code && { code }),
  };
}

function databaseOutage(error: unknown): ErrorRecord {
  const message = error instanceof Error ? error.message : String(error);
  return {
    name: "RetryableError",
    message: storableText(`The database did not answer as it should: ${message}`),
    advice: "The work goes on by itself when the database is back. Check that it runs, and that its disk is not full.",
  };
}
