import type { ErrorHandler, NotFoundHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { isQueryCancelled, isTransientDatabaseError, isUnstorableText } from "../../db/errors.ts";
import { PermanentError, RetryableError } from "../../jobs/orchestrator/errors.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import { errorPage } from "../../views/error.tsx";
import type { AppEnv, RequestContext } from "./environment.ts";

/** An answer that is no success, as people and scripts are told of it. `message` is safe to show to anybody. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  constructor(
    readonly status: ContentfulStatusCode,
    readonly code: string,
    message: string,
    readonly details: { field?: string; retryAfterSeconds?: number; title?: string } = {},
  ) {
    super(message);
  }
}

const requestErrorStatus = { not_found: 404, conflict: 409, invalid: 422 } as const;

/** What an error thrown by a route means to the one who asked. Unknown ones say nothing but that they happened. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof RequestError) {
    const details = error.field === undefined ? {} : { field: error.field };
    return new HttpError(requestErrorStatus[error.code], error.code, error.message, details);
  }
  if (error instanceof HTTPException) return fromFramework(error.status);
  if (isTransientDatabaseError(error)) {
    return new HttpError(503, "database_unavailable", "The database does not answer. Work goes on once it is back.", {
      title: "No database",
      retryAfterSeconds: 5,
    });
  }
  if (isQueryCancelled(error)) {
    return new HttpError(503, "too_slow", "The database took longer than 10 s and was stopped. Ask for less at once.", {
      title: "Too slow",
    });
  }
  // Nothing that is looked for has such a name; refused here, as any text of an address, a form or a body may hold it.
  if (isUnstorableText(error))
    return new HttpError(422, "invalid", "What was asked for holds a NUL byte, which no text has.");
  // The two roots of the pipeline carry messages written for people, free of secrets.
  if (error instanceof RetryableError) return new HttpError(503, "try_again", withAdvice(error));
  if (error instanceof PermanentError) return new HttpError(422, "invalid", withAdvice(error));
  return new HttpError(500, "internal", "Something went wrong here. The log has the details under this request id.", {
    title: "Something went wrong",
  });
}

const withAdvice = (error: RetryableError | PermanentError) =>
  error.advice ? `${error.message} ${error.advice}` : error.message;

function fromFramework(status: ContentfulStatusCode): HttpError {
  if (status === 413) return new HttpError(413, "too_large", "The request body is too large.");
  if (status === 400) return new HttpError(400, "malformed", "The request body cannot be read.");
  return new HttpError(status, "refused", "The request was refused.");
}

/** Logs what nobody expected, and answers in the form that the path is read in: JSON, or a page. */
export const handleError: ErrorHandler<AppEnv> = (error, c) => {
  // Nobody is left to be told, and nothing failed here.
  if (c.req.raw.signal.aborted && isAbort(error)) return answerError(c, clientGone);
  const told = toHttpError(error);
  if (told.status >= 500) {
    // Only an unknown error is a fault of ours; the others pass, or are somebody else's.
    const level = told.code === "internal" ? "error" : "warn";
    c.var.log[level]({ requestId: c.var.requestId, method: c.req.method, path: c.req.path, error }, "request failed");
  }
  return answerError(c, told);
};

const clientGone = new HttpError(400, "client_gone", "The connection ended before the request did.");

/** What reading from a connection that ended throws, and waiting for what its signal ends. */
const isAbort = (error: unknown) => error instanceof Error && error.name === "AbortError";

/** Answers for a path that no route has. */
export const handleNotFound: NotFoundHandler<AppEnv> = (c) =>
  answerError(
    c,
    isMachinePath(c.req.path)
      ? new HttpError(404, "not_found", "No such route. /api/openapi.json lists them.")
      : new HttpError(404, "not_found", "There is no page at this address.", { title: "Not found" }),
  );

/** JSON for the API and the probes, a page for everything else. */
export function answerError(c: RequestContext, error: HttpError): Response | Promise<Response> {
  const { field, retryAfterSeconds, title } = error.details;
  const requestId = c.var.requestId;
  if (retryAfterSeconds !== undefined) c.header("Retry-After", String(retryAfterSeconds));
  c.header("Cache-Control", "no-store");
  if (isMachinePath(c.req.path)) {
    const body = { code: error.code, message: error.message, ...(field !== undefined && { field }), requestId };
    return c.json({ error: body }, error.status);
  }
  const page = { status: error.status, title: title ?? titles[error.status] ?? "Refused", message: error.message };
  return c.html(errorPage({ ...page, requestId }), error.status);
}

const titles: Record<number, string> = {
  401: "Sign in",
  403: "Refused",
  404: "Not found",
  405: "Not possible here",
  409: "Not now",
  413: "Too large",
  422: "Cannot be done",
  429: "Too many attempts",
  503: "Try again later",
};

const machinePaths = ["/healthz", "/readyz", "/metrics"];

/** Paths that programs read. */
export function isMachinePath(path: string): boolean {
  return path === "/api" || path.startsWith("/api/") || machinePaths.includes(path);
}
