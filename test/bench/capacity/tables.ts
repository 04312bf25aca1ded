import { thousands } from "../format.ts";
import type { CapacityFigures, CostName, SizeFigures } from "./figures.ts";
import { type CapacityModel, createModel, type Driver, growth, type Workload, yearSessions } from "./model.ts";
import {
  clusterEndsOf,
  clusterNightOf,
  diskOf,
  type Ends,
  endsOf,
  firstOf,
  given,
  hotBytesOf,
  longestYears,
  type Machine,
  nightOf,
  workerDiskOf,
  yearsOfBars,
} from "./simulation.ts";
import { bytes, duration, figure, percent, tableOf } from "./words.ts";

/** The tables of CAPACITY.md by name, as Markdown. */
export function capacityTables(figures: CapacityFigures): Record<string, string> {
  const model = createModel(figures);
  return {
    bytes: measuredTable(figures, model, "bytes a bar", byteRows),
    processor: measuredTable(figures, model, "µs of a processor a bar", processorRows),
    next: measuredTable(figures, model, "the next session, whole", nextRows),
    reading: measuredTable(figures, model, "one answer, ms of a processor", readingRows),
    market: marketTable(model),
    machines: machinesTable(model),
    workers: workersTable(model),
    finer: finerTable(model),
    given: givenTable(model),
  };
}

/** The whole US market, as its sessions have it. */
const market = { tickers: 12_000, barsASession: 1 };
/** A desk's several markets, or every listing that there was. */
const manyMarkets = { tickers: 60_000, barsASession: 1 };
const perMinute = { tickers: 12_000, barsASession: 390 };

const largest = "32 cores, 128 GB, 4 TB";
const worker: Machine = { cores: 8, memoryBytes: 32e9, diskBytes: 1e12 };
const machines = {
  "2 cores, 8 GB, 100 GB": { cores: 2, memoryBytes: 8e9, diskBytes: 100e9 },
  "8 cores, 32 GB, 1 TB": worker,
  [largest]: { cores: 32, memoryBytes: 128e9, diskBytes: 4e12 },
} satisfies Record<string, Machine>;

type Row = { name: CostName; label: string };

const byteRows: readonly Row[] = [
  { name: "raw", label: "raw bars, `source_polygon_stock_bars_daily`" },
  { name: "windows", label: "facts, `int_polygon__stock_bars_windows`" },
  { name: "monthEnds", label: "`fct_polygon__month_ends`" },
  { name: "latest", label: "`fct_polygon__latest_session`" },
  { name: "lists", label: "lists, dimensions, breadth" },
  { name: "state", label: "runs, tasks, events, answers" },
  { name: "lake", label: "raw answers in the lake" },
  { name: "exported", label: "export (`marts`)" },
  { name: "loadLog", label: "write-ahead log of ingest and load, written and recycled" },
  { name: "buildLog", label: "the same of a full build" },
  { name: "temporary", label: "temporary files of a full build" },
];
const processorRows: readonly Row[] = [
  { name: "ingest", label: "ingest" },
  { name: "load", label: "load" },
  { name: "build", label: "full build, tests and publication" },
  { name: "export", label: "export of everything" },
];
const nextRows: readonly Row[] = [
  { name: "nextIngest", label: "ingest, ms of a processor" },
  { name: "nextLoad", label: "load, ms" },
  { name: "nextBuild", label: "incremental build, ms" },
  { name: "nextLog", label: "write-ahead log, kB" },
];
const readingRows: readonly Row[] = [
  { name: "chart", label: "a ticker's page with all of its bars" },
  { name: "screener", label: "a page of the screener" },
  { name: "backtest", label: "a backtest of the whole market" },
];

/** In what a row's figures are told: of a bar, or of the whole; and how many of it make one byte or second. */
const isWhole = (name: CostName) => [...nextRows, ...readingRows].some((row) => row.name === name);
const isBytes = (name: CostName) => byteRows.some((row) => row.name === name) || name === "nextLog";

function measuredTable(
  { sizes }: CapacityFigures,
  { fits }: CapacityModel,
  head: string,
  rows: readonly Row[],
): string {
  return tableOf(
    [head, ...sizes.map(sizeName), "grows by", "misses by at most"],
    rows.map(({ name, label }) => [
      label,
      ...sizes.map((size) => figure(toldOf(name, size))),
      growthOf(name, fits[name].rates),
      percent(fits[name].worstMiss),
    ]),
  );
}

const sizeName = ({ tickers, sessions }: SizeFigures) =>
  `${thousands(tickers)} tickers × ${thousands(sessions)} sessions`;

function toldOf(name: CostName, { tickers, sessions, costs }: SizeFigures): number {
  if (isWhole(name)) return costs[name] * (isBytes(name) ? 1e-3 : 1e3);
  return (costs[name] / (tickers * sessions)) * (isBytes(name) ? 1 : 1e6);
}

const eachOf: Record<Driver, string> = {
  once: "once",
  sessions: "a session",
  tickers: "a ticker",
  days: "a ticker's session",
  arriving: "a bar of it",
  history: "a bar",
  bars: "a bar",
};

function perDriver(driver: Driver, name: CostName): string {
  const isNext = nextRows.some((row) => row.name === name);
  return isNext && (driver === "sessions" || driver === "history") ? "a session before it" : eachOf[driver];
}

function growthOf(name: CostName, rates: readonly number[]): string {
  const parts = growth[name].flatMap((driver, index) => {
    const rate = rates[index] ?? 0;
    if (rate <= 0) return [];
    return [`${isBytes(name) ? bytes(rate) : duration(rate)} ${perDriver(driver, name)}`];
  });
  return parts.length === 0 ? "nothing" : parts.toReversed().join(" + ");
}

function marketTable(model: CapacityModel): string {
  const of = (cores: number): Machine => ({ cores, memoryBytes: 0, diskBytes: 0 });
  return tableOf(
    [
      "years",
      "bars",
      "disk",
      "during a full refresh",
      "full refresh",
      "on more cores",
      "next session",
      "hot",
      "chart, screener, backtest",
    ],
    [1, 3, 10, 20].map((years) => {
      const workload: Workload = { ...market, years };
      const disk = diskOf(model, workload);
      const [two, many] = [nightOf(model, workload, of(2)), nightOf(model, workload, of(given.mostCores))];
      return [
        String(years),
        thousands(market.tickers * years * yearSessions),
        ...[disk.atRest, disk.atRefresh].map(bytes),
        ...[two.refresh, many.refresh, two.next].map(duration),
        bytes(hotBytesOf(model, workload)),
        (["chart", "screener", "backtest"] as const).map((cost) => duration(model.costOf(cost, workload))).join(", "),
      ];
    }),
  );
}

function machinesTable(model: CapacityModel): string {
  return tableOf(
    ["machine", "daily bars of", "disk", "night", "memory", "it holds"],
    Object.entries(machines).flatMap(([name, machine]) =>
      [market, manyMarkets].map((one) => {
        const ends = endsOf(model, one, machine);
        const each = [ends.disk, ends.night, ends.memory].map(lasting);
        return [name, `${thousands(one.tickers)} tickers`, ...each, endOf(ends)];
      }),
    ),
  );
}

function workersTable(model: CapacityModel): string {
  const ten = { ...manyMarkets, years: 10 };
  const alone = nightOf(model, ten, worker);
  const many = `${thousands(manyMarkets.tickers)} tickers`;
  return tableOf(
    [
      "machines",
      `${many}, 10 years: disk of each`,
      "full refresh",
      "next session",
      `${many} last`,
      "minute bars of 12,000 last",
    ],
    [
      [
        "one server, with its lake",
        bytes(diskOf(model, ten).atRefresh),
        ...[alone.refresh, alone.next].map(duration),
        ...[manyMarkets, perMinute].map((one) => endOf(endsOf(model, one, worker))),
      ],
      ...[1, 2, 4, 8, 16].map((workers) => {
        const cluster = { workers, worker };
        const night = clusterNightOf(model, ten, cluster);
        return [
          `${workers} worker${workers === 1 ? "" : "s"}`,
          bytes(workerDiskOf(model, ten, cluster)),
          ...[night.refresh, night.next].map(duration),
          ...[manyMarkets, perMinute].map((one) => endOf(clusterEndsOf(model, one, cluster))),
        ];
      }),
    ],
  );
}

function finerTable(model: CapacityModel): string {
  return tableOf(
    [
      "bars",
      "a day",
      "disk a year: raw, facts, lake",
      "load of a day",
      "its build",
      "full build of a year",
      `${largest} lasts`,
      "with bars alone",
    ],
    [
      { name: "a day", barsASession: 1 },
      { name: "an hour", barsASession: 7 },
      { name: "five minutes", barsASession: 78 },
      { name: "a minute", barsASession: 390 },
    ].map(({ name, barsASession }) => {
      const finer = { ...market, barsASession };
      const year = { ...finer, years: 1 };
      return [
        name,
        thousands(finer.tickers * barsASession),
        (["raw", "windows", "lake"] as const).map((cost) => bytes(model.costOf(cost, year))).join(", "),
        ...(["nextLoad", "nextBuild"] as const).map((cost) => duration(model.costOf(cost, year))),
        duration(nightOf(model, year, machines[largest]).refresh),
        endOf(endsOf(model, finer, machines[largest])),
        lasting(yearsOfBars(model, finer, machines[largest])),
      ];
    }),
  );
}

function givenTable({ serialShare, workingBytes }: CapacityModel): string {
  const { citus } = given;
  const byHand = "measured once by hand, on a coordinator and two workers";
  return tableOf(
    ["what", "taken as", "from"],
    [
      ["of a build, what one core does alone", percent(serialShare), "clock and processor time of the builds above"],
      [
        "cores that a build uses at the most",
        String(given.mostCores),
        "a query of it has two processes beside its own",
      ],
      ["memory that Barline and PostgreSQL need to build", bytes(workingBytes), "the most of the builds above"],
      ["a night", duration(given.nightSeconds), "from settling to the next morning"],
      ["rechecks of a night", String(given.rechecks), "`RECHECK_SESSIONS`"],
      ["of a disk, what may be full", percent(given.usableDisk), "assumed"],
      ["write-ahead log that stays", bytes(given.keptLogBytes), "the embedded server's setting"],
      ["bars of securities that had several tickers", percent(given.renamedShare), "assumed"],
      ["Citus: processor time that leaves the coordinator", percent(citus.away), byHand],
      ["Citus: all of it, against one server", `${citus.whole} ×`, `${byHand}, one shard a worker core`],
      ...[citus.few, citus.many].map(({ shards, times }) => [
        `Citus: the next session on ${shards} shards`,
        `${times} ×`,
        byHand,
      ]),
    ],
  );
}

const endNames: Record<keyof Ends, string> = { disk: "disk", night: "the night", memory: "memory" };

/** How long it lasts and what ends it. */
function endOf(ends: Ends): string {
  const { years, by } = firstOf(ends);
  return by === null ? lasting(years) : `${lasting(years)} (${endNames[by]})`;
}

function lasting(years: number): string {
  if (years === Number.POSITIVE_INFINITY) return `over ${longestYears} years`;
  if (years < 1) return `${Math.floor(years * yearSessions)} sessions`;
  return `${years < 10 ? years.toFixed(1) : Math.floor(years)} years`;
}
