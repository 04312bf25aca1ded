import type { MiddlewareHandler } from "hono";
import type { Logger } from "pino";
import type { AppEnv } from "./environment.ts";

/** Paths asked for all the time by pages, probes and scrapes: at level info they would drown the rest. */
const quietPaths = ["/assets/", "/healthz", "/readyz", "/metrics", "/favicon.ico"];

/** One line a request, with its duration. The query is left out: it may hold what somebody typed. */
export function requestLog(log: Logger): MiddlewareHandler<AppEnv> {
  return async function requestLog(c, next) {
    const startedAt = performance.now();
    c.set("log", log);
    await next();
    const { status } = c.res;
    const isQuiet = c.req.header("HX-Request") === "true" || quietPaths.some((path) => c.req.path.startsWith(path));
    const fields = {
      requestId: c.var.requestId,
      method: c.req.method,
      path: c.req.path,
      status,
      durationMs: performance.now() - startedAt,
    };
    log[status >= 500 ? "warn" : isQuiet ? "debug" : "info"](fields, "request");
  };
}
