import { Hono } from "hono";
import type { AppContext } from "../context.ts";
import { createAboutRoutes } from "./about.tsx";
import { createActivityRoutes } from "./activity.tsx";
import { createAlertRoutes } from "./alerts.tsx";
import { createBackfillRoutes } from "./backfills.tsx";
import { createBacktestRoutes } from "./backtest.tsx";
import { createCalendarRoutes } from "./calendar.tsx";
import { createDatasetRoutes } from "./datasets.tsx";
import { createGraphRoutes } from "./graph.tsx";
import { createGridRoutes } from "./grid.tsx";
import { createJobRoutes } from "./jobs.tsx";
import { createLakeRoutes } from "./lake.ts";
import { createLogRoutes } from "./logs.tsx";
import { createMarketRoutes } from "./market.tsx";
import { createOverviewRoutes } from "./overview.tsx";
import { createQualityRoutes } from "./quality.tsx";
import { createRunRoutes } from "./runs.tsx";
import { createScenarioRoutes } from "./scenarios.tsx";
import { createScreenerRoutes } from "./screener.tsx";
import { createStrategyRoutes } from "./strategies.tsx";
import { createSweepRoutes } from "./sweeps.tsx";
import { createSystemRoutes } from "./system.tsx";
import { createTaskRoutes } from "./tasks.tsx";
import { createTickerRoutes } from "./tickers.tsx";

export { createAssetRoutes } from "./assets.ts";

/** Every page of the dashboard, to be mounted at `/` behind sign-in. */
export function createDashboardRoutes(context: AppContext): Hono {
  const routes = new Hono();
  for (const area of [
    createOverviewRoutes,
    createCalendarRoutes,
    createGridRoutes,
    createGraphRoutes,
    createDatasetRoutes,
    createJobRoutes,
    createBackfillRoutes,
    createRunRoutes,
    createTaskRoutes,
    createLogRoutes,
    createTickerRoutes,
    createMarketRoutes,
    createScreenerRoutes,
    createScenarioRoutes,
    createBacktestRoutes,
    createSweepRoutes,
    createStrategyRoutes,
    createQualityRoutes,
    createLakeRoutes,
    createActivityRoutes,
    createAlertRoutes,
    createSystemRoutes,
    createAboutRoutes,
  ]) {
    routes.route("/", area(context));
  }
  return routes;
}
