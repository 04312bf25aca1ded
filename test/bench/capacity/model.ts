import { type CapacityFigures, type CostName, costNames, type SizeFigures } from "./figures.ts";
import { type Fit, fitGrowth } from "./fit.ts";

/** What is to be held: tickers, years of sessions, and how many bars a ticker has of one session; of daily bars one. */
export type Workload = { tickers: number; years: number; barsASession: number };

/** Sessions of a year, as the exchanges have them. */
export const yearSessions = 252;

/** What costs grow with. */
const driverNames = ["once", "sessions", "tickers", "days", "arriving", "history", "bars"] as const;
export type Driver = (typeof driverNames)[number];

/** `days` are sessions of all tickers, `arriving` the bars of one session, `history` those of one ticker. */
const driversOf = (tickers: number, sessions: number, barsASession: number): Record<Driver, number> => ({
  once: 1,
  sessions,
  tickers,
  days: tickers * sessions,
  arriving: tickers * barsASession,
  history: sessions * barsASession,
  bars: tickers * sessions * barsASession,
});

/** What each cost may grow with; how much of it each is, the figures say. */
export const growth: Record<CostName, readonly Driver[]> = {
  raw: ["once", "bars"],
  windows: ["once", "bars"],
  // A ticker has one of a month, however fine its bars.
  monthEnds: ["once", "days"],
  latest: ["once", "tickers"],
  lists: ["once", "sessions", "tickers"],
  state: ["once", "sessions"],
  lake: ["sessions", "bars"],
  exported: ["once", "bars"],
  loadLog: ["sessions", "bars"],
  buildLog: ["once", "bars"],
  nextLog: ["once", "history", "arriving"],
  temporary: ["once", "bars"],
  ingest: ["sessions", "bars"],
  load: ["sessions", "bars"],
  build: ["once", "bars"],
  nextIngest: ["once", "sessions", "arriving"],
  nextLoad: ["once", "sessions", "arriving"],
  // A session has some splits, each of which makes all of a ticker's history due.
  nextBuild: ["once", "history", "arriving"],
  export: ["once", "bars"],
  chart: ["once", "history"],
  screener: ["once", "tickers"],
  backtest: ["sessions", "days"],
};

/** What the figures say of any workload. Bytes, and seconds of processors such as those that measured. */
export type CapacityModel = {
  fits: Record<CostName, Fit>;
  costOf(name: CostName, workload: Workload): number;
  /** The part of a build that one core does, however many there are. */
  serialShare: number;
  /** What Barline and its server need themselves while they build. */
  workingBytes: number;
};

export function createModel({ sizes, machine }: CapacityFigures): CapacityModel {
  const fits = Object.fromEntries(costNames.map((name) => [name, fitOf(name, sizes)])) as Record<CostName, Fit>;
  return {
    fits,
    costOf(name, { tickers, years, barsASession }) {
      const drivers = driversOf(tickers, years * yearSessions, barsASession);
      return growth[name].reduce((sum, driver, index) => sum + drivers[driver] * (fits[name].rates[index] ?? 0), 0);
    },
    serialShare: serialShareOf(sizes, machine.cpus),
    workingBytes: Math.max(...sizes.map(({ build }) => (build.barlinePeak ?? 0) + (build.postgresPeak ?? 0))),
  };
}

function fitOf(name: CostName, sizes: readonly SizeFigures[]): Fit {
  return fitGrowth(
    sizes.map(({ tickers, sessions, costs }) => {
      const drivers = driversOf(tickers, sessions, 1);
      return { drivers: growth[name].map((driver) => drivers[driver]), cost: costs[name] };
    }),
  );
}

/** From the clock and the processors of the builds: the least of them, as what else ran meanwhile only adds to the clock. */
function serialShareOf(sizes: readonly SizeFigures[], cores: number): number {
  if (cores < 2) return 1;
  const shares = sizes.map(({ build, costs }) => (build.seconds / costs.build - 1 / cores) / (1 - 1 / cores));
  return Math.min(1, Math.max(0, Math.min(...shares)));
}
