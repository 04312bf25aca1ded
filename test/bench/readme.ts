import type { BacktestReport } from "./backtests.ts";
import { kilobytes, megabytes, milliseconds, seconds, thousands } from "./format.ts";
import type { HistoryReport } from "./history.ts";
import type { PagesReport } from "./pages.ts";
import type { Report } from "./report.ts";
import type { Latency } from "./stages.ts";
import type { OnTop, YearReport } from "./year.ts";

type Row = readonly [figure: string, measured: string];

/** What stands around the table in the README, and is not seen there. */
const begin = "<!-- figures: bun run bench --peers --readme -->";
const end = "<!-- end of figures -->";

/** `readme` with the table between its two marks made anew from a report. Throws where it has no marks. */
export function withFigures(readme: string, report: Report): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`The README has no lines "${begin}" and "${end}".`);
  return `${readme.slice(0, from)}${begin}\n${formatFigures(report)}${readme.slice(to)}`;
}

/** Only what the run measured: a stage that was left out has no row. */
function formatFigures(report: Report): string {
  const { machine, smallYear, fullYear, eventsMs, history, backtests, pages } = report;
  const head = `${machine.cpus} cores, ${(machine.memoryBytes / 2 ** 30).toFixed(0)} GB of memory, ${machine.runtime}`;
  const rows: Row[] = [
    ...(smallYear ? yearRows(smallYear) : []),
    ...(fullYear ? yearRows(fullYear) : []),
    ...(fullYear?.onTop ? onTopRows(fullYear.onTop) : []),
    ...(history ? historyRows(history) : []),
    ...(eventsMs ? eventRows(eventsMs) : []),
    ...(backtests ? backtestRows(backtests) : []),
    ...(pages ? pageRows(pages) : []),
  ];
  return [
    "",
    `| ${head} | |`,
    "|---|---|",
    ...rows.map(([figure, measured]) => `| ${figure} | ${measured} |`),
    "",
    "",
  ].join("\n");
}

function yearRows({ market, pipeline, floor, ratioToFloor, peer, disk }: YearReport): Row[] {
  const year = `${thousands(market.tickers)} tickers × ${market.sessions} sessions, ${thousands(market.rows)} bars`;
  return [
    [`**${year}**: from the request to all models published and tested`, `**${seconds(pipeline.wallSeconds)}**`],
    ...(peer
      ? [["DuckDB: the same indicators from the same answers, and the ratio", of(peer.seconds, peer.ratio)] as const]
      : []),
    [
      "the floor: plain `COPY`, the models' SQL by hand, and the ratio",
      `${seconds(floor.copy)}, ${of(floor.models, ratioToFloor)}`,
    ],
    ["on disk: data, write-ahead log, raw answers", [disk.data, disk.wal, disk.lake].map(megabytes).join(", ")],
  ];
}

const of = (value: number, ratio: number) => `${seconds(value)}, ${ratio.toFixed(2)}`;

const onTopRows = ({ nextSessionSeconds, memoryBytes }: OnTop): Row[] => [
  ["the next session on top of one year", seconds(nextSessionSeconds)],
  [
    "memory of Barline at its peak, and at rest after the work; of PostgreSQL at its peak",
    [memoryBytes.barlinePeak, memoryBytes.barlineIdle, memoryBytes.postgresPeak].map(megabytes).join(", "),
  ],
];

const historyRows = ({ years, rows, fullRefreshSeconds, nextSessionSeconds }: HistoryReport): Row[] => [
  [`full refresh of ${years} years, ${thousands(rows)} bars`, seconds(fullRefreshSeconds)],
  [`the next session on top of ${years} years`, seconds(nextSessionSeconds)],
];

const eventRows = ({ count, p50, p99 }: Latency): Row[] => [
  [
    `from a dataset event to the first task it wakes, median and 99th percentile of ${thousands(count)}`,
    `${milliseconds(p50)}, ${milliseconds(p99)}`,
  ],
];

const backtestRows = ({ engine, request, page, sweep, manyPoints, universe, ...market }: BacktestReport): Row[] => [
  [
    `one backtest of ${thousands(market.sessions)} sessions: engine, request to response at the 95th percentile, its page`,
    [engine.times.p50, request.times.p95, page.times.p95].map(milliseconds).join(", "),
  ],
  [
    `a sweep of ${thousands(sweep.points)} points on them, and with the start of its workers`,
    [sweep.times.least, sweep.times.first].map(milliseconds).join(", "),
  ],
  [`a sweep of ${thousands(manyPoints.points)} points`, seconds(manyPoints.times.first / 1000)],
  [`cross-sectional momentum over ${thousands(market.tickers)} tickers`, seconds(universe.times.least / 1000)],
];

const pageRows = ({ alone, together }: PagesReport): Row[] => [
  ...alone.map(
    ({ name, p95, bytes }): Row => [
      `${name}: 95th percentile, as it is sent`,
      `${milliseconds(p95)}, ${kilobytes(bytes)}`,
    ],
  ),
  ...together.map(
    ({ name, clients, p95 }): Row => [`${name} with ${clients} readers at once: 95th percentile`, milliseconds(p95)],
  ),
];
