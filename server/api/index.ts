import { Hono } from "hono";
import type { AppContext } from "../context.ts";
import type { AppEnv } from "../environment.ts";
import { actionOperations } from "./actions.ts";
import { alertOperations } from "./alerts.ts";
import { backfillOperations } from "./backfills.ts";
import { backtestOperations } from "./backtests.ts";
import { barOperations } from "./bars.ts";
import { calendarOperations } from "./calendar.ts";
import { driftOperations } from "./drift.ts";
import { eventOperations } from "./events.ts";
import { graphOperations } from "./graph.ts";
import { gridOperations } from "./grid.ts";
import { jobOperations } from "./jobs.ts";
import { logOperations } from "./logs.ts";
import { openApiOperation } from "./openapi.ts";
import type { Operation } from "./operation.ts";
import { qualityOperations } from "./quality.ts";
import { runOperations } from "./runs.ts";
import { scenarioOperations } from "./scenarios.ts";
import { screenerOperations } from "./screener.ts";
import { statusOperations } from "./status.ts";
import { sweepOperations } from "./sweeps.ts";
import { systemOperations } from "./system.ts";
import { taskOperations } from "./tasks.ts";
import { createWarehouseCounter } from "./warehouse.ts";

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
  ...qualityOperations,
  ...driftOperations,
  ...barOperations,
  ...screenerOperations,
  ...backtestOperations,
  ...sweepOperations,
  ...scenarioOperations,
];

/** Every call of the JSON API, each declared once for routing, checking and describing. */
export const operations: readonly Operation[] = [...described, openApiOperation(described)];

/** The JSON API and the two probes, at their full paths. */
export function createApi(context: AppContext): Hono<AppEnv> {
  const api = { ...context, warehouse: createWarehouseCounter(context) };
  const app = new Hono<AppEnv>();
  for (const { method, path, respond } of operations) {
    app.on(method, path.replaceAll(/\{(\w+)\}/g, ":$1"), (c) => respond(c, api));
  }
  return app;
}
