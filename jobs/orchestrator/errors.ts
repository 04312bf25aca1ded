/**
 * `advice`: what somebody can do about an error; shown beside it on the run page. `code`: which error it is, for code that
 * has to know it again; it is kept with the run, while the message is for people and may be reworded.
 */
type ErrorDetails = { cause?: unknown; advice?: string; code?: string };

/**
 * A fault that may pass by itself: the task is tried again, after `retryAfterMs` where the other side asked for that.
 * An `outage` (database, lake, disk) does not count against the task's tries: the work waits until it is over.
 */
export class RetryableError extends Error {
  override readonly name = "RetryableError";
  readonly advice: string | undefined;
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly outage: boolean;
  constructor(message: string, details: ErrorDetails & { retryAfterMs?: number; outage?: boolean } = {}) {
    super(message, { cause: details.cause });
    this.advice = details.advice;
    this.code = details.code;
    this.retryAfterMs = details.retryAfterMs;
    this.outage = details.outage ?? false;
  }
}

/** A fault that no retry mends: the task fails at once and says what to do. */
export class PermanentError extends Error {
  override readonly name = "PermanentError";
  readonly advice: string | undefined;
  readonly code: string | undefined;
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.advice = details.advice;
    this.code = details.code;
  }
}

/** Somebody asked for the work to stop, or another process took it over. Not a failure. */
export class CancelledError extends Error {
  override readonly name = "CancelledError";
}
