import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { methodNotAllowed } from "hono/method-not-allowed";
import { requestId } from "hono/request-id";
import { timing } from "hono/timing";
import { apiDocument, createApi, operations } from "./api.ts";
import { createClientRoutes } from "./clients/routes.ts";
import { isLoopback } from "./config.ts";
import type { AppContext } from "./context.ts";
import { readersChangeNothing } from "./http/access.ts";
import { unnamedActor } from "./http/actor.ts";
import { addSignInRoutes, requireSignIn } from "./http/auth.ts";
import { warnOfDisbelieved } from "./http/client.ts";
import { compressed } from "./http/compress.ts";
import type { AppEnv } from "./http/environment.ts";
import { answerError, HttpError, handleError, handleNotFound } from "./http/errors.ts";
import { responseHeaders } from "./http/headers.ts";
import { loopbackNamesOnly, sameOriginWrites } from "./http/origin.ts";
import { requestLog } from "./http/request-log.ts";
import { dropAfterChanges } from "./http/snapshots.ts";
import { visiblePages } from "./http/visible.ts";
import { wellFormedAddress, wellFormedForms } from "./http/well-formed.ts";
import { createMetricsRoutes, measureRequests } from "./metrics/routes.ts";
import { sqlCalls } from "./research/sql/allowed.ts";

/** Forms and JSON alike; a list of every ticker in the market takes a third of it. */
const bodyLimitBytes = 256 * 1024;

/**
 * Everything that answers a request: middleware, then the API, then the pages. `fetch` takes Bun's server as its second
 * argument, for the peer's address.
 */
export function createApp(context: AppContext, parts: { dashboard: Hono; assets: Hono }): Hono<AppEnv> {
  const { config, guard } = context;
  const app = new Hono<AppEnv>();

  app.onError(handleError);
  app.notFound(handleNotFound);
  app.use(
    requestId(),
    measureRequests(context.metrics),
    requestLog(context.log),
    // Without a password, whoever reaches this machine may do everything.
    unnamedActor(guard === null ? "admin" : "read"),
    responseHeaders(),
    timing({ totalDescription: "Time to answer" }),
    compressed(),
    visiblePages(),
  );
  app.use(wellFormedAddress());
  if (guard === null && isLoopback(config.host)) app.use(loopbackNamesOnly());
  app.use(sameOriginWrites());
  app.use(bodyLimit({ maxSize: bodyLimitBytes }));
  if (guard !== null) app.use(warnOfDisbelieved({ ...context, clients: guard.clients }), requireSignIn(guard));
  app.use(
    readersChangeNothing([...operations.filter(({ keepsNothing }) => keepsNothing), ...sqlCalls(config)]),
    dropAfterChanges(context.snapshots),
  );
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        const allowed = methods.join(", ");
        c.header("Allow", allowed);
        return answerError(c, new HttpError(405, "method_not_allowed", `Only ${allowed} can be asked here.`));
      },
    }),
  );
  app.use(wellFormedForms());

  addSignInRoutes(app, guard);
  app.route("/", createMetricsRoutes(context.metrics));
  app.route("/", createApi(context));
  app.route("/", createClientRoutes(apiDocument));
  app.route("/", parts.assets);
  app.route("/", parts.dashboard);
  return app;
}
