import { Hono } from "hono";
import { createBackfillRoutes } from "./backfills/routes.tsx";
import type { AppContext } from "./context.ts";
import { createDataAlertRoutes } from "./market/data-alert-routes.tsx";
import { createMarketRoutes } from "./market/market-routes.tsx";
import { createSavedScreenRoutes } from "./market/saved-screen-routes.tsx";
import { createScreenerRoutes } from "./market/screener-routes.tsx";
import { createTickerRoutes } from "./market/ticker-routes.tsx";
import { createWatchlistRoutes } from "./market/watchlist-routes.tsx";
import { createAboutRoutes } from "./operations/about-routes.tsx";
import { createActivityRoutes } from "./operations/activity-routes.tsx";
import { createAlertRoutes } from "./operations/alert-routes.tsx";
import { createExportRoutes } from "./operations/export-routes.tsx";
import { createSystemRoutes } from "./operations/system-routes.tsx";
import { createCalendarRoutes } from "./pipeline/calendar-routes.tsx";
import { createDatasetRoutes } from "./pipeline/dataset-routes.tsx";
import { createGraphRoutes } from "./pipeline/graph-routes.tsx";
import { createGridRoutes } from "./pipeline/grid-routes.tsx";
import { createJobRoutes } from "./pipeline/job-routes.tsx";
import { createLogRoutes } from "./pipeline/log-routes.tsx";
import { createOverviewRoutes } from "./pipeline/overview-routes.tsx";
import { createRunListRoutes } from "./pipeline/run-list-routes.tsx";
import { createRunRoutes } from "./pipeline/run-routes.tsx";
import { createTaskRoutes } from "./pipeline/task-routes.tsx";
import { createTimelineRoutes } from "./pipeline/timeline-routes.tsx";
import { createLakeRoutes } from "./quality/lake-routes.ts";
import { createQualityRoutes } from "./quality/routes.tsx";
import { createBacktestRoutes } from "./research/backtests/routes.tsx";
import { createScenarioRoutes } from "./research/scenarios/routes.tsx";
import { createSqlRoutes } from "./research/sql/routes.tsx";
import { createStrategyRoutes } from "./research/strategies/routes.tsx";
import { createSweepRoutes } from "./research/sweeps/routes.tsx";
import { createWorkspaceRoutes } from "./research/workspace/routes.tsx";
import { createSearchRoutes } from "./search/routes.tsx";

export { createAssetRoutes } from "./http/assets.ts";

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
    createRunListRoutes,
    createTimelineRoutes,
    createRunRoutes,
    createTaskRoutes,
    createLogRoutes,
    createTickerRoutes,
    createMarketRoutes,
    createScreenerRoutes,
    createSavedScreenRoutes,
    createWatchlistRoutes,
    createDataAlertRoutes,
    createScenarioRoutes,
    createBacktestRoutes,
    createSweepRoutes,
    createStrategyRoutes,
    createWorkspaceRoutes,
    createSqlRoutes,
    createQualityRoutes,
    createLakeRoutes,
    createActivityRoutes,
    createAlertRoutes,
    createExportRoutes,
    createSystemRoutes,
    createAboutRoutes,
    createSearchRoutes,
  ]) {
    routes.route("/", area(context));
  }
  return routes;
}
