import { Hono, type MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { AppEnv, RequestContext } from "../http/environment.ts";
import type { Metrics } from "./metrics.ts";

/** `/metrics`, for Prometheus; behind sign-in as all but the probes. */
export function createMetricsRoutes(metrics: Metrics): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.get("/metrics", async (c) => {
    const text = await metrics.text();
    return c.body(text, 200, { "Content-Type": metrics.contentType, "Cache-Control": "no-store" });
  });
  return routes;
}

/** Methods of HTTP; anything else that a client makes up is told as one. */
const knownMethods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Counts each request under the pattern of its route. */
export function measureRequests(metrics: Metrics): MiddlewareHandler<AppEnv> {
  return async function measureRequests(c, next) {
    const started = performance.now();
    await next();
    metrics.requestEnded({
      route: routeOf(c),
      method: knownMethods.has(c.req.method) ? c.req.method : "other",
      status: c.res.status,
      seconds: (performance.now() - started) / 1000,
    });
  };
}

/** The pattern that matched last, which is the handler's; `none` where only middleware did: nobody's path, or method. */
const routeOf = (c: RequestContext): string => matchedRoutes(c).findLast(({ path }) => path !== "/*")?.path ?? "none";
