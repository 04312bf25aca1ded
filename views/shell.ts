/** Where the browser finds each file; hashed URLs that may be cached for ever, or plain ones that are asked for again. */
export type AssetUrls = {
  styles: string;
  icon: string;
  theme: string;
  app: string;
  htmx: string;
  chart: string;
  chartStyles: string;
  grid: string;
  graph: string;
  log: string;
  market: string;
  backtest: string;
  sweep: string;
  sql: string;
};

/** For pages made without the asset table, such as errors: the same files under names that are checked for news. */
export const plainAssets: AssetUrls = {
  styles: "/assets/styles.css",
  icon: "/assets/icon.svg",
  theme: "/assets/theme.js",
  app: "/assets/app.js",
  htmx: "/assets/htmx.js",
  chart: "/assets/chart.js",
  chartStyles: "/assets/uplot.css",
  grid: "/assets/grid.js",
  graph: "/assets/graph.js",
  log: "/assets/log.js",
  market: "/assets/market.js",
  backtest: "/assets/backtest.js",
  sweep: "/assets/sweep.js",
  sql: "/assets/sql.js",
};

/** What every page shows around its own content. */
export type Shell = {
  /** The request's path, to mark where the reader is. */
  path: string;
  assets: AssetUrls;
  version: string;
  jobs: { id: string; title: string }[];
  /** True on the demo exchange: every page says so. */
  isSimulated: boolean;
  /** The run at which the market API refused the key, until a later one succeeds. */
  keyRefusal: { runId: number; message: string; advice: string | null } | null;
  /** The last build, where tests or a faulty model kept it from being published, and the build that is shown instead. */
  unpublished: {
    runId: number;
    finishedAt: Date | null;
    tests: { name: string; failures: number }[];
    failedTests: number;
    model: string | null;
    shown: { runId: number; finishedAt: Date | null } | null;
  } | null;
  canSignOut: boolean;
  /** False for who may only look: what changes something is not offered. */
  mayChange: boolean;
  /** Problems that stand, for the navigation. */
  openAlerts: number;
};
