import { jobIds } from "../../jobs/pipeline.ts";
import { type BacktestReport, backtestRows } from "./backtests.ts";
import type { Floor } from "./floor.ts";
import type { HistoryReport } from "./history.ts";
import type { PageLoad } from "./readers.ts";
import type { Latency, Stage, TaskTime } from "./stages.ts";

/** All that a run of the benchmark found; written as JSON. Seconds, bytes and milliseconds are named so. */
export type Report = {
  market: { tickers: number; sessions: number; rows: number; encoding: string };
  machine: { cpus: number; workers: number; memoryBytes: number; runtime: string };
  pipeline: { wallSeconds: number; rowsPerSecond: number; stages: Stage[]; tasks: TaskTime[] };
  /** The session after the year, on top of it: of three times the one in the middle. */
  nextSessionSeconds: number;
  calls: Record<string, number>;
  latencyMs: Latency;
  /** The same of jobs that do nothing. */
  eventsMs: Latency;
  /** Null where nobody read. */
  overview: PageLoad | null;
  memoryBytes: { barlinePeak: number | null; barlineIdle: number | null; postgresPeak: number | null };
  floor: Floor;
  ratioToFloor: number;
  /** Null where only the one year was asked for. */
  history: HistoryReport | null;
  backtests: BacktestReport;
  /** What is wrong with the results; the benchmark fails where there is any. */
  problems: string[];
};

const seconds = (value: number) => `${value.toFixed(1)} s`;
const milliseconds = (value: number) => `${value.toFixed(0)} ms`;
const megabytes = (value: number | null) => (value === null ? "unknown" : `${(value / 1e6).toFixed(0)} MB`);
const thousands = (value: number) => Math.round(value).toLocaleString("en-US");

/** The report as a table for a terminal, figures beside what they are held to. */
export function formatReport(report: Report): string {
  const { market, machine, pipeline, floor, latencyMs, eventsMs, overview, memoryBytes } = report;
  const size = `${thousands(market.tickers)} tickers × ${market.sessions} sessions = ${thousands(market.rows)} bars`;
  const lines = [
    `${size}; ${market.encoding} answers; ${machine.cpus} cores, ${machine.workers} workers, ${machine.runtime}`,
    "",
    ...formatRows([
      ["stage", "runs", "from", "to", "busy"],
      ...pipeline.stages.map((stage) => [
        stage.job,
        String(stage.runs),
        ...[stage.from, stage.to, stage.busy].map(seconds),
      ]),
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
      ["request to published", seconds(pipeline.wallSeconds), "60 s"],
      ["bars a second", thousands(pipeline.rowsPerSecond), ""],
      ["floor: COPY, 1 and 2 connections", `${seconds(floor.copyOne)}, ${seconds(floor.copyTwo)}`, ""],
      ["floor: models by hand", seconds(floor.models), ""],
      ["ratio to the floor", report.ratioToFloor.toFixed(2), "2"],
      ["transform, against the models by hand", (transformSeconds(report) / floor.models).toFixed(2), ""],
      ["next session on top", seconds(report.nextSessionSeconds), "5 s"],
      [`event to first task, p50 of ${latencyMs.count}`, milliseconds(latencyMs.p50), ""],
      ["event to first task, p99", milliseconds(latencyMs.p99), "100 ms"],
      [`the same of empty jobs, p50 of ${eventsMs.count}`, milliseconds(eventsMs.p50), ""],
      ["the same of empty jobs, p99", milliseconds(eventsMs.p99), "100 ms"],
      ...(overview === null ? [] : formatOverview(overview)),
      ...(report.history === null ? [] : formatHistory(report.history, report.nextSessionSeconds)),
      ...backtestRows(report.backtests),
      ["Barline, peak memory", megabytes(memoryBytes.barlinePeak), "500 MB"],
      ["Barline, idle memory", megabytes(memoryBytes.barlineIdle), "150 MB"],
      ["PostgreSQL, peak memory", megabytes(memoryBytes.postgresPeak), ""],
      [
        "calls to the API",
        Object.entries(report.calls)
          .map(([route, count]) => `${count} ${route}`)
          .join(", "),
        "",
      ],
    ]),
    "",
    ...(report.problems.length === 0 ? ["Results are right."] : report.problems.map((problem) => `WRONG: ${problem}`)),
  ];
  return `${lines.join("\n")}\n`;
}

const formatOverview = ({ clients, perSecond, p95 }: PageLoad): string[][] => [
  [`overview during the backfill, ${clients} readers`, `${perSecond.toFixed(0)} a second`, ""],
  ["overview during the backfill, p95", milliseconds(p95), ""],
];

/** The longest build, which is that of the whole year, with its tests. */
const transformSeconds = ({ pipeline }: Report): number =>
  pipeline.tasks.find(({ job, task }) => job === jobIds.transform && task === "build")?.longest ?? Number.NaN;

const formatHistory = (history: HistoryReport, onOneYear: number): string[][] => [
  [`full refresh of ${history.years} years, ${thousands(history.rows)} bars`, seconds(history.fullRefreshSeconds), ""],
  ["the same, PostgreSQL's peak memory", megabytes(history.postgresPeak), ""],
  ["the same, Barline's peak memory", megabytes(history.barlinePeak), "500 MB"],
  ["the same, temporary files", megabytes(history.temporaryBytes), ""],
  [`next session on top of ${history.years} years`, seconds(history.nextSessionSeconds), "5 s"],
  ["the same, against one year", (history.nextSessionSeconds / onOneYear).toFixed(2), "1.3"],
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
