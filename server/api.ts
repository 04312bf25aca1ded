import { Hono } from "hono";
import { backfillOperations } from "./backfills/api.ts";
import type { AppContext } from "./context.ts";
import type { AppEnv, RequestContext } from "./http/environment.ts";
import { HttpError } from "./http/errors.ts";
import { openApi } from "./http/openapi.ts";
import type { Operation } from "./http/operation.ts";
import { barOperations } from "./market/bar-api.ts";
import { dataAlertOperations } from "./market/data-alert-api.ts";
import { rowOperations } from "./market/rows-api.ts";
import { savedScreenOperations } from "./market/saved-screen-api.ts";
import { screenerOperations } from "./market/screener-api.ts";
import { watchlistOperations } from "./market/watchlist-api.ts";
import { actionOperations } from "./operations/activity-api.ts";
import { alertOperations } from "./operations/alert-api.ts";
import { publishedLoginOperations } from "./operations/published-login-api.ts";
import { systemOperations } from "./operations/system-api.ts";
import { tokenOperations } from "./operations/token-api.ts";
import { calendarOperations } from "./pipeline/calendar-api.ts";
import { eventOperations } from "./pipeline/event-api.ts";
import { graphOperations } from "./pipeline/graph-api.ts";
import { gridOperations } from "./pipeline/grid-api.ts";
import { jobOperations } from "./pipeline/job-api.ts";
import { logOperations } from "./pipeline/log-api.ts";
import { runOperations } from "./pipeline/run-api.ts";
import { statusOperations } from "./pipeline/status-api.ts";
import { taskOperations } from "./pipeline/task-api.ts";
import { createWarehouseCounter } from "./pipeline/warehouse-counter.ts";
import { qualityOperations } from "./quality/api.ts";
import { driftOperations } from "./quality/drift-api.ts";
import { quarantineOperations } from "./quality/quarantine-api.ts";
import { splitOperations } from "./quality/split-api.ts";
import { backtestOperations } from "./research/backtests/api.ts";
import { scenarioOperations } from "./research/scenarios/api.ts";
import { sqlOperations } from "./research/sql/api.ts";
import { sweepOperations } from "./research/sweeps/api.ts";
import { tearSheetOperations } from "./research/tear-sheets/api.ts";
import { workspaceOperations } from "./research/workspace/api.ts";
import { countListChanges } from "./research/workspace/catalogue.ts";

const described = [
  ...statusOperations,
  ...jobOperations,
  ...gridOperations,
  ...calendarOperations,
  ...backfillOperations,
  ...runOperations,
  ...taskOperations,
  ...logOperations,
  ...eventOperations,
  ...graphOperations,
  ...actionOperations,
  ...alertOperations,
  ...systemOperations,
  ...tokenOperations,
  ...publishedLoginOperations,
  ...qualityOperations,
  ...driftOperations,
  ...quarantineOperations,
  ...splitOperations,
  ...barOperations,
  ...rowOperations,
  ...screenerOperations,
  ...backtestOperations,
  ...tearSheetOperations,
  ...sweepOperations,
  ...watchlistOperations,
  ...savedScreenOperations,
  ...dataAlertOperations,
  ...scenarioOperations,
  ...sqlOperations,
  ...workspaceOperations,
];

const { operation: ownDescription, document } = openApi(described, countListChanges);

/** Every call of the JSON API, each declared once for routing, checking and describing. */
export const operations: readonly Operation[] = [...described, ownDescription];

/** What `/api/openapi.json` says. */
export const apiDocument = document;

/** The JSON API and the two probes, at their full paths. */
export function createApi(context: AppContext): Hono<AppEnv> {
  const api = { ...context, warehouse: createWarehouseCounter(context) };
  const app = new Hono<AppEnv>();
  for (const [path, calls] of Map.groupBy(operations, ({ path }) => path)) {
    const route = path.replaceAll(/\{(\w+)\}/g, ":$1");
    for (const { method, respond } of calls) app.on(method, route, (c) => respond(c, api));
    // Another method of it is not the one of a later path that has a parameter in this place.
    if (route === path) app.all(route, (c) => refuseMethod(c, calls));
  }
  return app;
}

function refuseMethod(c: RequestContext, calls: readonly Operation[]): never {
  const allowed = calls
    .flatMap(({ method }) => (method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()]))
    .join(", ");
  c.header("Allow", allowed);
  throw new HttpError(405, "method_not_allowed", `Only ${allowed} can be asked here.`);
}
