import { CancelledError, PermanentError, RetryableError } from "../orchestrator/errors.ts";
import type { Redact } from "./redact.ts";

/** How long to wait for the vendor's end of day when it says that a session is not over yet. */
export const endOfDayWaitMs = 30 * 60_000;
/** The vendor counts calls by the minute: a 429 that names no time has passed after one. */
export const rateLimitWaitMs = 60_000;

/** The errors of the market API that code has to know again, here or from a kept run. */
export const marketErrorCodes = {
  /** The API does not know the key: nothing helps but another one. */
  refusedKey: "refused_key",
  /** More calls than the plan allows. */
  rateLimited: "rate_limited",
} as const;

/** A copy of an error that is safe to keep as a cause: fetch errors may quote the URL or the headers of their request. */
function redactedCause(error: unknown, redact: Redact): Error {
  const { name, message, code }: Error & { code?: unknown } = error instanceof Error ? error : new Error(String(error));
  const clean = new Error(redact(message));
  clean.name = redact(name);
  return typeof code === "string" ? Object.assign(clean, { code: redact(code) }) : clean;
}

/** The error of a try that got no complete answer. */
export function networkFailure(path: string, error: unknown, redact: Redact): RetryableError {
  const cause = redactedCause(error, redact);
  const what =
    cause.name === "TimeoutError" ? "did not answer in time" : "could not be reached or broke off its answer";
  return new RetryableError(`The market API ${what} (${path}).`, {
    cause,
    advice: "Check the connection, and POLYGON_BASE_URL when it was changed.",
  });
}

/** The error of a call that somebody stopped. */
export function cancelledFailure(path: string): CancelledError {
  return new CancelledError(`The call to the market API was cancelled (${path}).`);
}

/** What an answer other than 200 means: an error that says whether a retry can help, and what else would. */
export function statusFailure(
  response: { status: number; headers: Headers; text: string },
  path: string,
  redact: Redact,
  now: Date,
): RetryableError | PermanentError {
  const { status, headers } = response;
  const message = redact(messageOf(response.text));
  const said = message === "" ? "" : `: ${message}`;
  if (status === 401) {
    return new PermanentError(`The market API refused the key (${path})${said}`, {
      code: marketErrorCodes.refusedKey,
      advice: "Check POLYGON_API_KEY: copy the key again from the vendor's dashboard, and restart.",
    });
  }
  if (status === 403) return forbidden(message, path);
  if (status === 429 || status >= 500) {
    const waitMs = retryAfterMs(headers.get("retry-after"), now) ?? (status === 429 ? rateLimitWaitMs : undefined);
    const what = status === 429 ? "The market API asks for fewer calls" : `The market API failed with status ${status}`;
    return new RetryableError(`${what} (${path})${said}`, {
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
      ...(status === 429 && {
        code: marketErrorCodes.rateLimited,
        advice: "Set POLYGON_CALLS_PER_MINUTE to what the plan allows.",
      }),
    });
  }
  if (status >= 300 && status < 400) return redirected(headers.get("location"), path, redact);
  return new PermanentError(`The market API answered ${status} (${path})${said}`);
}

/** One status, several meanings: only the message tells them apart. */
function forbidden(message: string, path: string): RetryableError | PermanentError {
  if (/before end of day|today's data/i.test(message)) {
    return new RetryableError(`The session is not over yet for this plan (${path}): ${message}`, {
      retryAfterMs: endOfDayWaitMs,
    });
  }
  if (/data timeframe|plan.{0,20}history/i.test(message)) {
    return new PermanentError(`The plan's history does not reach this date (${path}): ${message}`, {
      advice:
        "Set START_DATE to a date that the plan's history covers (the free plan: two years), or upgrade the plan.",
    });
  }
  if (/not entitled|upgrade your plan|not authorized|plan doesn't include/i.test(message)) {
    return new PermanentError(`The plan does not include this data (${path}): ${message}`, {
      advice: "Upgrade the plan at the vendor, or use a key of another plan in POLYGON_API_KEY.",
    });
  }
  return new PermanentError(`The market API refused the call (${path})${message === "" ? "" : `: ${message}`}`);
}

function redirected(location: string | null, path: string, redact: Redact): PermanentError {
  const origin = location !== null && URL.canParse(location) ? redact(new URL(location).origin) : undefined;
  return new PermanentError(`The market API redirects elsewhere, and the key is not taken along (${path}).`, {
    advice: origin ? `If you trust it, set POLYGON_BASE_URL to ${origin}.` : "Check POLYGON_BASE_URL.",
  });
}

const longestMessage = 300;

/** The vendor puts its reason under `error` or `message`; a gateway in between answers HTML, which helps nobody. */
function messageOf(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    const { error, message } = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
    return String(typeof error === "string" ? error : typeof message === "string" ? message : "").slice(
      0,
      longestMessage,
    );
  } catch {
    return "";
  }
}

/** Retry-After is seconds or an HTTP date (RFC 9110, 10.2.3). */
export function retryAfterMs(header: string | null, now: Date): number | undefined {
  if (header === null) return undefined;
  const value = header.trim();
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
