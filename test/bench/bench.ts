import { join } from "node:path";
import { openPool } from "../../db/client.ts";
import { startEmbeddedPostgres } from "../../db/embedded.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { type BacktestReport, measureBacktests } from "./backtests.ts";
import { type CapacitySize, measureCapacity } from "./capacity/measure.ts";
import type { StageName } from "./choice.ts";
import { type ExportReport, measureExport } from "./export.ts";
import { type HistoryReport, measureHistory, seedHistory } from "./history.ts";
import { residentBytes, treeBytes, watchMemory } from "./memory.ts";
import { measureEvents } from "./operations.ts";
import { measurePages, type PagesReport } from "./pages.ts";
import type { Report } from "./report.ts";
import { addSession, withBarline } from "./running.ts";
import { readStages } from "./stages.ts";
import { barlineIntervalMs, measureYear, postgresIntervalMs, type Year } from "./year.ts";

export type BenchOptions = {
  folder: string;
  /** What is measured; the others are null in the report. */
  stages: ReadonlySet<StageName>;
  tickers: number;
  /** Of the small year. */
  smallTickers: number;
  sessions: number;
  workers: number;
  encoding: "gzip" | "identity";
  reruns: number;
  /** Readers of the overview during the full year's backfill; any at all take their share of the machine from the other figures. */
  readers: number;
  /** Events that latency is measured with, on jobs that do nothing. */
  events: number;
  idleSeconds: number;
  /** Years of history that a full refresh and the next session are measured on besides; 1: none. */
  years: number;
  /** Markets that the capacity is measured with; as many sessions a year as `sessions`. */
  sizes: readonly CapacitySize[];
  /** Runs of each job that pages have to show, and how often each page is asked for. */
  pages: { runs: number; requests: number };
  machine: { cpus: number; memoryBytes: number; runtime: string };
  /** Tells the person who waits what goes on. */
  say(line: string): void;
};

/** People who read a page at once. */
const clients = 10;

/** Measures the stages that are asked for, one after another; what stands on a year takes the last that was measured. */
export async function runBench(options: BenchOptions): Promise<Report> {
  const { stages, sessions, reruns, idleSeconds, readers, years } = options;
  const common = { ...options, peer: stages.has("peers"), readers: 0, onTop: null };
  const small = stages.has("small-year")
    ? await measureYear(
        { ...common, size: { tickers: options.smallTickers, sessions } },
        join(options.folder, "small-year"),
      )
    : null;
  const full = stages.has("full-year")
    ? await measureYear(
        { ...common, size: { tickers: options.tickers, sessions }, readers, onTop: { reruns, idleSeconds } },
        join(options.folder, "full-year"),
      )
    : null;
  const eventsMs = stages.has("events") ? await measureEvents(options) : null;
  const year = full ?? small;
  return {
    machine: { ...options.machine, workers: options.workers },
    smallYear: small?.report ?? null,
    fullYear: full?.report ?? null,
    eventsMs,
    export: year && stages.has("export") ? await measureExportOf(options, year) : null,
    history: year && years > 1 && stages.has("history") ? await measureYears(options, year) : null,
    backtests: year && stages.has("backtests") ? await measureTests(options, year) : null,
    // Last, as the runs that it adds stay.
    pages: year && stages.has("pages") ? await measurePagesOf(options, year) : null,
    capacity: stages.has("capacity") ? await measureCapacity(options) : null,
    problems: [small, full].flatMap((one) => one?.report.problems ?? []),
  };
}

/** Backtests on all that was published, with Barline gone. */
async function measureTests({ workers, say }: BenchOptions, { dataDir }: Year): Promise<BacktestReport> {
  const server = await startEmbeddedPostgres({ dataDir });
  try {
    return await measureBacktests({ url: server.url, workers, say });
  } finally {
    await server.stop();
  }
}

async function measureExportOf(options: BenchOptions, { market, dataDir }: Year): Promise<ExportReport> {
  return await withBarline(options, market, dataDir, async (running) => {
    options.say("exporting the year, then the next session");
    return await measureExport(running, dataDir, market.next);
  });
}

async function measurePagesOf(options: BenchOptions, { market, dataDir }: Year): Promise<PagesReport> {
  return await withBarline(options, market, dataDir, async (running) => {
    options.say("reading pages");
    return await measurePages(running, { ...options.pages, clients });
  });
}

/** Puts the earlier years in, then lets Barline build all of it anew and add the next session. */
async function measureYears(options: BenchOptions, { market, dataDir }: Year): Promise<HistoryReport> {
  const { years, say } = options;
  say(`putting ${years - 1} earlier years in`);
  const server = await startEmbeddedPostgres({ dataDir });
  let rows: number;
  try {
    const sql = openPool(server.url, "work", { max: 2 });
    rows = await seedHistory(sql, { years, without: market.next });
    await sql.end();
  } finally {
    await server.stop();
  }
  say(`building ${years} years anew`);
  return await withBarline(options, market, dataDir, async (running) => {
    const { barline, work: sql } = running;
    return await measureHistory(
      sql,
      { years, rows, session: market.next },
      {
        fullRefresh: async () => {
          const since = new Date();
          await barline.fullRefresh();
          await barline.idle();
          return (await readStages(running.sql, since)).find(({ job }) => job === jobIds.transform)?.busy ?? Number.NaN;
        },
        addSession: () => addSession(running, market.next),
        watchPostgres: () => watchMemory(() => treeBytes(running.postmaster), postgresIntervalMs),
        watchBarline: () => watchMemory(() => residentBytes(barline.pid), barlineIntervalMs),
      },
    );
  });
}
