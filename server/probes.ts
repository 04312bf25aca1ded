import { Hono } from "hono";
import { requestId } from "hono/request-id";
import type { Role } from "../jobs/roles.ts";
import { isLoopback } from "./config.ts";
import type { AppContext } from "./context.ts";
import { requireSignIn } from "./http/auth.ts";
import type { AppEnv } from "./http/environment.ts";
import { HttpError, handleError } from "./http/errors.ts";
import { responseHeaders } from "./http/headers.ts";
import { loopbackNamesOnly } from "./http/origin.ts";
import { requestLog } from "./http/request-log.ts";
import { createMetricsRoutes, measureRequests } from "./metrics/routes.ts";
import { isReadyInTime, notReady } from "./pipeline/status-api.ts";

/** All that a process without the role `web` answers: whether it lives, whether it can work, and behind sign-in its metrics. */
export function createProbes(context: Pick<AppContext, "config" | "guard" | "metrics" | "isReady" | "log">) {
  const { config, guard, metrics, log } = context;
  const app = new Hono<AppEnv>();
  app.onError(handleError);
  app.notFound(() => {
    throw new HttpError(404, "not_found", servesNoPages(config.roles), { title: "No pages here" });
  });
  app.use(requestId(), measureRequests(metrics), requestLog(log), responseHeaders());
  if (guard === null && isLoopback(config.host)) app.use(loopbackNamesOnly());
  if (guard !== null) app.use("/metrics", requireSignIn(guard));
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", async (c) => {
    if (!(await isReadyInTime(context))) throw notReady();
    return c.json({ status: "ready" });
  });
  app.route("/", createMetricsRoutes(metrics));
  return app;
}

const servesNoPages = (roles: readonly Role[]) =>
  `This process has ROLES=${roles.join(",")} and serves no pages and no API, only /healthz, /readyz and /metrics.`;
