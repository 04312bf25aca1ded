import type { Logger } from "pino";
import type { Sql } from "../db/client.ts";
import type { Distribution } from "../db/distribution/types.ts";
import type { AlertDesk } from "../jobs/alerts/types.ts";
import type { Drift } from "../jobs/drift/types.ts";
import type { Housekeeping } from "../jobs/housekeeping/types.ts";
import type { Pipeline } from "../jobs/pipeline.ts";
import type { Config } from "./config.ts";
import type { Guard } from "./http/guard.ts";
import type { Snapshots } from "./http/snapshots.ts";
import type { DataAlerts } from "./market/data-alerts.ts";
import type { SavedScreens } from "./market/saved-screens.ts";
import type { Watchlists } from "./market/watchlists.ts";
import type { Metrics } from "./metrics/metrics.ts";
import type { PublishedLogins } from "./operations/published-logins.ts";
import type { Backtests } from "./research/backtests/elsewhere.ts";
import type { Scenarios } from "./research/scenarios/scenarios.ts";
import type { SqlConsole } from "./research/sql/console.ts";
import type { Sweeps } from "./research/sweeps/sweeps.ts";
import type { OwnStrategies } from "./research/workspace/found.ts";

/** What routes may use. Made once by main.ts, or by a test; no route reaches for anything else. */
export type AppContext = {
  config: Config;
  /** Who is signed in, and the check of the password; null where none is set. */
  guard: Guard | null;
  /** Read-only, with a statement timeout. */
  read: Sql;
  pipeline: Pipeline;
  /** Where the large tables lie on shards; one server has them all where left out. */
  distribution?: Distribution | undefined;
  /** Where alerts go, their tests and retries. */
  alerts: AlertDesk;
  housekeeping: Housekeeping;
  /** The daily comparison of what is published with what the raw tables make. */
  drift: Drift;
  /** Where backtests are run. */
  backtests: Backtests;
  /** Searches over parameters of strategies. */
  sweeps: Sweeps;
  /** Strategies of the people's own, as files of the workspace. */
  ownStrategies: OwnStrategies;
  /** Backtests that are kept by name. */
  scenarios: Scenarios;
  /** Statements that people type, as a login that reads what is published. */
  sqlConsole: SqlConsole;
  /** Lists of tickers that are kept by name. */
  watchlists: Watchlists;
  /** What is looked for in the screener, kept by name. */
  screens: SavedScreens;
  /** What people want to be told of the data. */
  dataAlerts: DataAlerts;
  /** Logins of the database for other programs. */
  publishedLogins: PublishedLogins;
  /** What is read once for all who look at the same. */
  snapshots: Snapshots;
  metrics: Metrics;
  /** True where this process can serve: database reachable and migrated, lake ready, orchestrator started. */
  isReady(): Promise<boolean>;
  log: Logger;
  now(): Date;
};
