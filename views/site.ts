/** The five groups of pages, in the order in which they stand in the navigation. */
export const siteGroups = ["Pipeline", "Market", "Research", "Quality", "System"] as const;
export type SiteGroup = (typeof siteGroups)[number];

export type SitePage = {
  group: SiteGroup;
  href: string;
  label: string;
  /** What one finds there, in one line, for the palette and the list of shortcuts. */
  description: string;
  /** The letter that leads there after a `g`. */
  key?: string;
  /** Where the pages about single things live that are reached from it. */
  covers?: readonly string[];
};

/**
 * Every page that can be opened without knowing more than its name. The navigation, the palette and the shortcuts read it, and a
 * test holds that no route is missing: a page is added by one line here.
 */
// biome-ignore format: a page a line is what makes the list readable, and easy to add to.
export const sitePages: readonly SitePage[] = [
  { group: "Pipeline", href: "/", label: "Overview", key: "o", description: "How all jobs stand, and what is published" },
  { group: "Pipeline", href: "/grid", label: "Grid", key: "g", description: "The newest runs and each of their tasks", covers: ["/tasks"] },
  { group: "Pipeline", href: "/runs", label: "Runs", key: "u", description: "All runs, to look through and to change many at once" },
  { group: "Pipeline", href: "/timeline", label: "Timeline", key: "i", description: "What ran when, on a day" },
  { group: "Pipeline", href: "/calendar", label: "Calendar", key: "c", description: "Every session, and how far it has come" },
  { group: "Pipeline", href: "/graph", label: "Graph", key: "h", description: "Jobs, datasets and models, and what feeds what" },
  { group: "Pipeline", href: "/datasets", label: "Datasets", key: "d", description: "What jobs announce, and who waits for it", covers: ["/events"] },
  { group: "Pipeline", href: "/backfills", label: "Backfills", key: "b", description: "Sessions that were asked for again, and how far they are" },
  { group: "Pipeline", href: "/backfills/new", label: "New backfill", key: "n", description: "Plan and start a backfill" },
  { group: "Market", href: "/market", label: "Market", key: "m", description: "Breadth, movers and new highs of a session" },
  { group: "Market", href: "/screener", label: "Screener", key: "s", description: "Tickers by any of their figures" },
  { group: "Market", href: "/screens", label: "Saved screens", description: "What people look for in the screener, by name" },
  { group: "Market", href: "/watchlists", label: "Watchlists", key: "w", description: "Tickers that people watch, by name, with notes" },
  { group: "Market", href: "/alerts/new", label: "New data alert", description: "Be told when a figure crosses a value, or who enters a screen" },
  { group: "Market", href: "/tickers", label: "Tickers", key: "t", description: "Every ticker, its chart and its history" },
  { group: "Research", href: "/backtest", label: "Backtest", key: "r", description: "Try a strategy on a ticker or on the market" },
  { group: "Research", href: "/scenarios", label: "Scenarios", key: "e", description: "Backtests that are kept by name" },
  { group: "Research", href: "/sweeps", label: "Sweeps", key: "p", description: "Searches over the parameters of a strategy" },
  { group: "Research", href: "/strategies", label: "Strategies", description: "What each strategy does, every rule and every figure" },
  { group: "Research", href: "/workspace", label: "Workspace", description: "Your own models, tests and strategies, and how each stands" },
  { group: "Research", href: "/sql", label: "SQL", key: "l", description: "Ask the published tables yourself, read only" },
  { group: "Quality", href: "/quality", label: "Tests", key: "q", description: "What the data tests found", covers: ["/quality/tests", "/quality/models", "/quality/sources"] },
  { group: "Quality", href: "/quality/coverage", label: "Coverage", key: "v", description: "Which sessions are there, and which are missing" },
  { group: "Quality", href: "/quality/rejects", label: "Rejects", description: "Rows that were not loaded, with their reasons" },
  { group: "Quality", href: "/quality/quarantine", label: "Quarantine", description: "Bars of few tickers that are held back" },
  { group: "Quality", href: "/quality/lineage", label: "Lineage", description: "From one number back to the raw answer", covers: ["/lake"] },
  { group: "Quality", href: "/quality/drift", label: "Drift", description: "Whether what is published equals what the raw tables make" },
  { group: "System", href: "/alerts", label: "Alerts", key: "a", description: "What needs somebody, and who was told" },
  { group: "System", href: "/activity", label: "Activity", key: "y", description: "Who did what, and when" },
  { group: "System", href: "/system", label: "System", key: "z", description: "Processes, sizes, tokens and what is kept how long" },
  { group: "System", href: "/search", label: "Search", description: "Everything that can be found by its name" },
  { group: "System", href: "/export", label: "Export", description: "What is written to the lake as Parquet, for other programs" },
  { group: "System", href: "/about", label: "About", description: "What the data is, and what it is not" },
];

/** Something to do, which a page has a form for. */
export type SiteAction = { label: string; description: string; href: string };

// biome-ignore format: an action a line, as the pages above.
export const siteActions: readonly SiteAction[] = [
  { label: "Start a backfill", description: "Fetch, or fetch again, the sessions of a range", href: "/backfills/new" },
  { label: "Run a backtest", description: "Try a strategy on a ticker or on the market", href: "/backtest" },
  { label: "Start a sweep", description: "Search the parameters of a strategy", href: "/sweeps" },
  { label: "Screen the market", description: "Find tickers by any of their figures", href: "/screener" },
  { label: "See what failed", description: "Data tests that fail now", href: "/quality?status=failed" },
  { label: "Follow one number", description: "From a page back to the raw answer", href: "/quality/lineage" },
  { label: "Test an alert channel", description: "Send a message to see that it comes", href: "/alerts#channels" },
  { label: "Make an API token", description: "For a script or another machine", href: "/system#tokens" },
  { label: "Change what is kept", description: "How long logs, tries and rejects stay", href: "/system#retention" },
];

const isAt = (path: string, href: string) => path === href || path.startsWith(`${href}/`);

/** The page that an address is of: itself, or the one that it lies below; none for an address of no page. */
export function sitePageAt<Page extends { href: string; covers?: readonly string[] }>(
  pages: readonly Page[],
  path: string,
): Page | undefined {
  let found: { page: Page; length: number } | undefined;
  for (const page of pages) {
    for (const href of [page.href, ...(page.covers ?? [])]) {
      // Nothing lies below the overview, or everything would.
      const isHere = href === "/" ? path === href : isAt(path, href);
      if (isHere && href.length > (found?.length ?? 0)) found = { page, length: href.length };
    }
  }
  return found?.page;
}
