import { jobIds } from "../../jobs/pipeline.ts";
import { type BacktestReport, backtestRows } from "./backtests.ts";
import type { CapacityFigures } from "./capacity/figures.ts";
import { capacityTables } from "./capacity/tables.ts";
import { type ProcessorSeconds, ratiosOf } from "./check.ts";
import { type ExportReport, exportRows } from "./export.ts";
import { kilobytes, megabytes, milliseconds, seconds, thousands } from "./format.ts";
import type { HistoryReport } from "./history.ts";
import type { PagesReport } from "./pages.ts";
import type { PeerReport } from "./peer.ts";
import type { PageLoad } from "./readers.ts";
import type { Latency } from "./stages.ts";
import type { OnTop, YearReport } from "./year.ts";

/** All that a run of the benchmark found, null where a stage was not asked for; written as JSON. */
export type Report = {
  machine: { cpus: number; workers: number; memoryBytes: number; runtime: string };
  smallYear: YearReport | null;
  fullYear: YearReport | null;
  /** From an event to the first task of a job that does nothing. */
  eventsMs: Latency | null;
  export: ExportReport | null;
  history: HistoryReport | null;
  backtests: BacktestReport | null;
  pages: PagesReport | null;
  capacity: CapacityFigures | null;
  /** What is wrong with the results; the benchmark fails where there is any. */
  problems: string[];
};

/** The report as tables for a terminal, figures beside what they are held to. */
export function formatReport(report: Report): string {
  const { machine, smallYear, fullYear, eventsMs, history, backtests, pages, capacity, problems } = report;
  const rest = [
    ...(eventsMs === null ? [] : formatEvents(eventsMs)),
    ...(report.export === null ? [] : exportRows(report.export, transformOf(fullYear ?? smallYear))),
    ...(history === null ? [] : formatHistory(history, fullYear?.onTop?.nextSessionSeconds)),
    ...(backtests === null ? [] : backtestRows(backtests)),
    ...(pages === null ? [] : formatPages(pages)),
  ];
  const lines = [
    `${machine.cpus} cores, ${machine.workers} workers, ${machine.runtime}`,
    ...(smallYear === null ? [] : formatYear(smallYear, "4 s")),
    ...(fullYear === null ? [] : formatYear(fullYear, "40 s")),
    ...(rest.length === 0 ? [] : ["", ...formatRows([["figure", "measured", "wanted"], ...rest])]),
    ...(capacity === null ? [] : Object.values(capacityTables(capacity)).flatMap((table) => ["", table])),
    "",
    ...(problems.length === 0 ? ["Results are right."] : problems.map((problem) => `WRONG: ${problem}`)),
  ];
  return `${lines.join("\n")}\n`;
}

const transformOf = (year: YearReport | null) => (year === null ? null : transformSeconds(year));

function formatYear(year: YearReport, wanted: string): string[] {
  const { market, pipeline, processor, floor, disk, peer, overview, onTop } = year;
  const size = `${thousands(market.tickers)} tickers × ${market.sessions} sessions = ${thousands(market.rows)} bars`;
  return [
    "",
    `${size}; ${market.encoding} answers`,
    "",
    ...formatRows([
      ["stage", "runs", "from", "to", "busy"],
      ...pipeline.stages.map(({ job, runs, ...at }) => [job, String(runs), ...[at.from, at.to, at.busy].map(seconds)]),
    ]),
    "",
    ...formatRows([
      ["task", "tasks", "in all", "longest"],
      ...pipeline.tasks.map(({ job, task, count, total, longest }) => [
        `${job.replace("stocks_polygon_", "")}/${task}`,
        String(count),
        seconds(total),
        seconds(longest),
      ]),
    ]),
    "",
    ...formatRows([
      ["figure", "measured", "wanted"],
      ["request to published", seconds(pipeline.wallSeconds), wanted],
      ["bars a second", thousands(pipeline.rowsPerSecond), ""],
      ...(peer === null ? [] : formatPeer(peer)),
      ["floor: COPY, 1 and 2 connections", `${seconds(floor.copyOne)}, ${seconds(floor.copyTwo)}`, ""],
      ["floor: models by hand", seconds(floor.models), ""],
      ["ratio to the floor", year.ratioToFloor.toFixed(2), "2"],
      ["transform, against the models by hand", (transformSeconds(year) / floor.models).toFixed(2), ""],
      ...(processor === null ? [] : formatProcessor(processor, market.rows)),
      ["on disk: data, write-ahead log, lake", [disk.data, disk.wal, disk.lake].map(megabytes).join(", "), ""],
      ...(overview === null ? [] : formatOverview(overview)),
      ...(onTop === null ? [] : formatOnTop(onTop)),
      ["calls to the API", formatCalls(year.calls), ""],
    ]),
  ];
}

const formatPeer = (peer: PeerReport): string[][] => [
  ["DuckDB: the same answers, the same indicators", seconds(peer.seconds), ""],
  [
    "the same: fetching, processor seconds in all",
    `${seconds(peer.fetchSeconds)}, ${seconds(peer.processorSeconds)}`,
    "",
  ],
  ["ratio to DuckDB", peer.ratio.toFixed(2), "2"],
  ["the same of processor seconds", peer.processorRatio?.toFixed(2) ?? "unknown", ""],
];

function formatProcessor(processor: ProcessorSeconds, rows: number): string[][] {
  const { barline, floor } = processor;
  const ratios = ratiosOf(processor);
  const both = (part: "load" | "transform") => `${seconds(barline[part])}, ${seconds(floor[part])}`;
  return [
    ["processor seconds of ingest and load, floor", both("load"), ""],
    ["the same: bars a processor second, ratio", `${thousands(rows / barline.load)}, ${ratios.load.toFixed(2)}`, ""],
    ["processor seconds of the transform, floor", both("transform"), ""],
    [
      "the same: bars a processor second, ratio",
      `${thousands(rows / barline.transform)}, ${ratios.transform.toFixed(2)}`,
      "",
    ],
    ["processor seconds in all, ratio to the floor", ratios.all.toFixed(2), ""],
  ];
}

const formatOverview = ({ clients, perSecond, p95 }: PageLoad): string[][] => [
  [`overview during the backfill, ${clients} readers`, `${perSecond.toFixed(0)} a second`, ""],
  ["overview during the backfill, p95", milliseconds(p95), ""],
];

const formatOnTop = ({ nextSessionSeconds, latencyMs, memoryBytes }: OnTop): string[][] => [
  ["next session on top", seconds(nextSessionSeconds), "5 s"],
  [`event to first task, p50 of ${latencyMs.count}`, milliseconds(latencyMs.p50), ""],
  ["event to first task, p99", milliseconds(latencyMs.p99), "100 ms"],
  ["Barline, peak memory", megabytes(memoryBytes.barlinePeak), "500 MB"],
  ["Barline, idle memory", megabytes(memoryBytes.barlineIdle), "150 MB"],
  ["PostgreSQL, peak memory", megabytes(memoryBytes.postgresPeak), ""],
];

const formatCalls = (calls: Record<string, number>) =>
  Object.entries(calls)
    .map(([route, count]) => `${count} ${route}`)
    .join(", ");

/** The longest build, which is that of the whole year, with its tests. */
const transformSeconds = ({ pipeline }: YearReport): number =>
  pipeline.tasks.find(({ job, task }) => job === jobIds.transform && task === "build")?.longest ?? Number.NaN;

const formatEvents = (latency: Latency): string[][] => [
  [`event to first task of empty jobs, p50 of ${latency.count}`, milliseconds(latency.p50), ""],
  ["the same, p99", milliseconds(latency.p99), "100 ms"],
];

const formatHistory = (history: HistoryReport, onOneYear: number | undefined): string[][] => [
  [
    `full refresh of ${history.years} years, ${thousands(history.rows)} bars`,
    seconds(history.fullRefreshSeconds),
    "180 s",
  ],
  ["the same, PostgreSQL's peak memory", megabytes(history.postgresPeak), ""],
  ["the same, Barline's peak memory", megabytes(history.barlinePeak), "500 MB"],
  ["the same, temporary files", megabytes(history.temporaryBytes), ""],
  [`next session on top of ${history.years} years`, seconds(history.nextSessionSeconds), "3 s"],
  ...(onOneYear === undefined
    ? []
    : [["the same, against one year", (history.nextSessionSeconds / onOneYear).toFixed(2), "1.3"]]),
];

const formatPages = ({ alone, together }: PagesReport): string[][] => [
  ...alone.flatMap(({ name, p95, longest, bytes }) => [
    [`${name}, p95`, milliseconds(p95), "50 ms"],
    ["the same, longest", milliseconds(longest), ""],
    ["the same, as it is sent", kilobytes(bytes), "300 kB"],
  ]),
  ...together.map(({ name, clients, p95 }) => [
    `${name} with ${clients} readers at once, p95`,
    milliseconds(p95),
    "100 ms",
  ]),
];

/** Columns as wide as their widest cell; the first is text, the others are figures. */
function formatRows(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
