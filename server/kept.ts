import type { Sql } from "../db/client.ts";
import type { AppContext } from "./context.ts";
import { createDataAlerts } from "./market/data-alerts.ts";
import { createSavedScreens } from "./market/saved-screens.ts";
import { createWatchlists } from "./market/watchlists.ts";
import type { Backtests } from "./research/backtests/elsewhere.ts";
import { createScenarios } from "./research/scenarios/scenarios.ts";

/** What people keep by name, on one database: `sql` writes it, `read` is where backtests read bars. */
export const createKept = (options: {
  sql: Sql;
  read: Sql;
  backtests?: Backtests;
  now(): Date;
}): Pick<AppContext, "scenarios" | "watchlists" | "screens" | "dataAlerts"> => ({
  scenarios: createScenarios(options),
  watchlists: createWatchlists(options),
  screens: createSavedScreens(options),
  dataAlerts: createDataAlerts(options),
});
