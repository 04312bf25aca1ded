/**
 * The house as one table: its rooms, and which rooms each may use. `architecture.test.ts` holds the code to it, and the table to
 * the code: what nothing uses any more is taken out.
 */

/** The six subjects, the same in `server/`, `views/` and `db/queries/`. */
export const subjects = ["pipeline", "backfills", "market", "quality", "research", "operations"] as const;

/**
 * What each room uses. A room is a folder with all below it; the files that stand in `server/`, `jobs/`, `views/`, `public/` or
 * `db/` themselves are a room of that name. Of another subject's room, `crossings` says so, with its reason.
 */
export const rooms: Record<string, readonly string[]> = {
  // Tables, connections and statements: they know of nothing else.
  "db/schema": [],
  db: ["db/schema"],
  "db/backup": ["db"],
  "db/queries/backfills": ["db"],
  "db/queries/market": ["db"],
  "db/queries/operations": ["db"],
  "db/queries/pipeline": ["db"],
  "db/queries/quality": ["db"],
  "db/queries/research": ["db"],

  // What happens in the background. The orchestrator knows of no job; `jobs` itself puts all of it together.
  "jobs/orchestrator": ["db", "db/queries/backfills", "db/queries/operations", "db/queries/pipeline"],
  "jobs/lake": ["db", "jobs/market", "jobs/orchestrator"],
  "jobs/market": ["db", "db/queries/market", "db/queries/pipeline", "jobs/lake", "jobs/orchestrator"],
  "jobs/transform": ["db", "jobs", "jobs/orchestrator"],
  "jobs/drift": [
    "db",
    "db/queries/operations",
    "db/queries/pipeline",
    "db/queries/quality",
    "jobs",
    "jobs/market",
    "jobs/orchestrator",
    "jobs/transform",
  ],
  "jobs/housekeeping": ["db", "db/queries/operations", "db/queries/pipeline", "jobs", "jobs/lake", "jobs/orchestrator"],
  "jobs/quarantine": [
    "db",
    "db/queries/market",
    "db/queries/operations",
    "db/queries/quality",
    "jobs",
    "jobs/lake",
    "jobs/orchestrator",
    "jobs/transform",
  ],
  "jobs/alerts": [
    "db",
    "db/queries/market",
    "db/queries/operations",
    "db/queries/pipeline",
    "db/queries/quality",
    "jobs",
    "jobs/drift",
    "jobs/market",
    "jobs/orchestrator",
  ],
  jobs: [
    "db",
    "db/queries/market",
    "db/queries/operations",
    "db/queries/pipeline",
    "db/queries/quality",
    "jobs/lake",
    "jobs/market",
    "jobs/orchestrator",
    "jobs/quarantine",
    "jobs/transform",
  ],

  // Functions from data to HTML. Of other folders they know types: of the rows above all that they show.
  views: ["db/queries/pipeline"],
  "views/backfills": ["db/queries/backfills", "jobs", "views"],
  "views/market": ["db/queries/market", "views"],
  "views/operations": ["db/queries/operations", "views"],
  "views/pipeline": ["db/queries/pipeline", "server/pipeline", "views"],
  "views/quality": ["db/queries/quality", "jobs/drift", "views"],
  "views/research": ["views"],

  // What runs in a browser writes numbers and dates as the pages around it do.
  public: ["public/backtest", "public/chart", "public/market", "views", "views/market", "views/research"],
  "public/backtest": ["public/chart", "views", "views/research"],
  "public/chart": ["views", "views/market"],
  "public/market": ["public/chart", "views", "views/market"],

  // The pure core: no database, no lake, no clock.
  "server/backtest": [],
  // What every room needs to answer a request; `server` itself puts the rooms together and lists their routes.
  "server/http": [
    "db",
    "db/queries/operations",
    "db/queries/pipeline",
    "jobs",
    "jobs/market",
    "jobs/orchestrator",
    "server",
    "views",
    "views/operations",
  ],
  "server/metrics": [
    "db",
    "db/queries/operations",
    "db/queries/pipeline",
    "jobs",
    "jobs/market",
    "jobs/orchestrator",
    "server/http",
  ],
  "server/backfills": [
    "db/queries/backfills",
    "jobs",
    "jobs/market",
    "jobs/orchestrator",
    "server",
    "server/http",
    "views/backfills",
  ],
  "server/market": ["db", "db/queries/market", "jobs/market", "server", "server/http", "views", "views/market"],
  "server/operations": [
    "db/queries/operations",
    "jobs",
    "jobs/alerts",
    "jobs/housekeeping",
    "jobs/orchestrator",
    "server",
    "server/http",
    "views/operations",
  ],
  "server/pipeline": [
    "db",
    "db/queries/pipeline",
    "jobs",
    "jobs/market",
    "jobs/orchestrator",
    "server",
    "server/http",
    "views",
    "views/pipeline",
  ],
  "server/quality": [
    "db",
    "db/queries/quality",
    "jobs",
    "jobs/drift",
    "jobs/market",
    "jobs/orchestrator",
    "jobs/transform",
    "server",
    "server/http",
    "views",
    "views/quality",
  ],
  "server/research": [
    "db",
    "db/queries/research",
    "jobs",
    "jobs/housekeeping",
    "jobs/market",
    "jobs/orchestrator",
    "server",
    "server/backtest",
    "server/http",
    "views",
    "views/research",
  ],
  // Commands of the terminal, beside the process that serves.
  "server/backup": ["db", "db/backup", "jobs/lake", "server"],
  server: [
    "db",
    "db/queries/operations",
    "db/queries/pipeline",
    "jobs",
    "jobs/alerts",
    "jobs/drift",
    "jobs/housekeeping",
    "jobs/lake",
    "jobs/market",
    "server/backfills",
    "server/backup",
    "server/http",
    "server/market",
    "server/metrics",
    "server/operations",
    "server/pipeline",
    "server/quality",
    "server/research",
  ],
};

/** Where one subject uses another's room, and why. */
export const crossings: readonly { from: string; to: string; why: string }[] = [
  {
    from: "db/queries/operations",
    to: "db/queries/pipeline",
    why: "An alert is about runs that still count as failed.",
  },
  { from: "db/queries/research", to: "db/queries/market", why: "A backtest reads a range of bars as a chart does." },
  { from: "server/http", to: "server/pipeline", why: "Every operation may tell how much is published." },
  { from: "server/backfills", to: "db/queries/pipeline", why: "A backfill is made of runs, and its page lists them." },
  { from: "server/backfills", to: "db/queries/operations", why: "Its page tells who did what to it." },
  { from: "server/backfills", to: "server/pipeline", why: "It is of a job, and of days that have come so far." },
  { from: "server/operations", to: "db/queries/market", why: "The page about the data says what is stored of it." },
  { from: "server/operations", to: "server/pipeline", why: "What people did is filtered by job." },
  { from: "server/pipeline", to: "db/queries/backfills", why: "A job's page lists its newest backfills." },
  { from: "server/pipeline", to: "server/backfills", why: "A job's page has the form that starts one." },
  { from: "server/pipeline", to: "views/backfills", why: "A job's page has the form that starts one." },
  { from: "server/pipeline", to: "db/queries/market", why: "The overview and the graph tell what is stored." },
  { from: "server/pipeline", to: "db/queries/operations", why: "A run's page tells who did what to it." },
  { from: "server/quality", to: "db/queries/market", why: "Coverage and lineage are of a ticker's bars." },
  { from: "server/quality", to: "db/queries/pipeline", why: "Coverage follows sessions through their runs." },
  {
    from: "server/quality",
    to: "server/pipeline",
    why: "A gap is a day that has not come through; days are told in one way.",
  },
  {
    from: "server/quality",
    to: "views/pipeline",
    why: "A gap is a day that has not come through; days are told in one way.",
  },
  { from: "server/research", to: "db/queries/market", why: "A backtest reads a ticker's bars, splits and names." },
  { from: "server/research", to: "db/queries/operations", why: "What people do with scenarios and sweeps is kept." },
  { from: "server/research", to: "server/market", why: "Amounts are typed as in the screener." },
  { from: "server/research", to: "views/market", why: "A ticker is chosen as on the page of tickers." },
  { from: "views/backfills", to: "db/queries/operations", why: "Its page tells who did what to it." },
  { from: "views/backfills", to: "db/queries/pipeline", why: "A backfill is made of runs, and its page lists them." },
  { from: "views/backfills", to: "views/operations", why: "Its page tells who did what to it." },
  { from: "views/backfills", to: "views/pipeline", why: "Its runs and days look as they do elsewhere." },
  { from: "views/operations", to: "views/research", why: "Of what people did, the words about scenarios." },
  { from: "views/pipeline", to: "db/queries/backfills", why: "A job's page lists its newest backfills." },
  { from: "views/pipeline", to: "db/queries/market", why: "A run's page tells what it has held back." },
  { from: "views/pipeline", to: "db/queries/operations", why: "A run's page tells who did what to it." },
  { from: "views/pipeline", to: "views/backfills", why: "A job's page has the form that starts one." },
  { from: "views/pipeline", to: "views/operations", why: "A run's page tells who did what to it." },
  { from: "views/quality", to: "db/queries/market", why: "Doubtful data are bars and splits of tickers." },
  { from: "views/research", to: "views/market", why: "A change has the tone that it has on the page of tickers." },
];

/** Where markup is put together as text, how often, and why that is safe and worth it. */
export const rawMarkup: Record<string, { times: number; why: string }> = {
  "public/log.ts": { times: 1, why: "Lines of a log come as the page's own markup, escaped where it is made." },
  "views/backfills/session-map.tsx": {
    times: 1,
    why: "2,500 cells take 35 ms as elements and 5 ms as text; states are a closed list, ids numbers, titles escaped.",
  },
  "views/pipeline/grid-table.ts": {
    times: 1,
    why: "A thousand runs are ten thousand elements; all that is no number and no word of ours is escaped where it is made.",
  },
  "views/quality/coverage.tsx": {
    times: 2,
    why: "A year's 260 bars and rows; numbers, a closed list of classes, escaped titles and reasons.",
  },
  "views/quality/parts.tsx": {
    times: 1,
    why: "A page has a thousand of them; classes are of a closed list, runs are numbers, words are ours.",
  },
};
