import { join } from "node:path";
import { type ExportManifest, readCurrent } from "../../jobs/export/manifest.ts";
import { openLake } from "../../jobs/lake/open.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { megabytes, seconds, thousands } from "./format.ts";
import { forgetSession } from "./history.ts";
import { residentBytes, watchMemory } from "./memory.ts";
import { watchProcessor } from "./processor.ts";
import { addSession, type Running } from "./running.ts";
import { readStages } from "./stages.ts";

/** What it takes to write the published tables to the lake. Seconds of the clock, and of the processors of Barline and its server. */
export type ExportReport = {
  rows: number;
  bytes: number;
  seconds: number;
  processorSeconds: number | null;
  barlinePeak: number | null;
  /** After one more session: how long, and of how many of the partitions by year new files were written. */
  nextSession: { seconds: number; partitions: number };
};

const intervalMs = 100;

/** Turns the export on, which writes everything, and then adds a session. */
export async function measureExport(running: Running, dataDir: string, session: string): Promise<ExportReport> {
  const { barline, sql, postmaster } = running;
  const busySince = async (since: Date) =>
    (await readStages(sql, since)).find(({ job }) => job === jobIds.export)?.busy ?? Number.NaN;
  const lake = openLake({ kind: "folder", root: join(dataDir, "lake"), bucket: "test" });
  // The year has had it added already; what it adds is to be new to the export.
  await forgetSession(running.work, session);
  const memory = watchMemory(() => residentBytes(barline.pid), intervalMs);
  const processor = await watchProcessor([barline.pid, postmaster], intervalMs);
  const since = new Date();
  await fetch(`${barline.url}/export`, { method: "POST", body: new URLSearchParams({ mode: "marts" }) });
  await barline.idle();
  await processor.stop();
  const busy = await busySince(since);
  const before = await readCurrent(lake);
  memory.stop();
  const again = new Date();
  await addSession(running, session);
  await barline.idle();
  const after = await readCurrent(lake);
  const tables = Object.values(before?.tables ?? {});
  const sum = (field: "rows" | "bytes") => tables.reduce((total, table) => total + table[field], 0);
  return {
    ...{ rows: sum("rows"), bytes: sum("bytes"), seconds: busy },
    processorSeconds: processor.until(new Date(since.getTime() + busy * 1000)),
    barlinePeak: memory.peak(),
    nextSession: { seconds: await busySince(again), partitions: newFactYears(before, after) },
  };
}

/** How many years of the fact table have other files. */
function newFactYears(before: ExportManifest | undefined, after: ExportManifest | undefined): number {
  const known = new Set(factFiles(before).map(({ key }) => key));
  return new Set(
    factFiles(after)
      .filter(({ key }) => !known.has(key))
      .map(({ year }) => year),
  ).size;
}

const factFiles = (build: ExportManifest | undefined) =>
  (build?.tables.fct_polygon__stock_bars_performance?.partitions ?? []).flatMap(({ year, files }) =>
    files.map(({ key }) => ({ key, year })),
  );

/** The report's rows, with what is wanted where it is so much of the transform's time; null where that was not measured. */
export function exportRows(report: ExportReport, transformSeconds: number | null): string[][] {
  const wanted = transformSeconds === null ? "" : seconds(transformSeconds / 2);
  const { processorSeconds, barlinePeak, nextSession } = report;
  return [
    [`export of ${thousands(report.rows)} rows, ${megabytes(report.bytes)}`, seconds(report.seconds), wanted],
    ...(processorSeconds === null ? [] : [["processor time of it", seconds(processorSeconds), ""]]),
    ...(barlinePeak === null ? [] : [["Barline's memory meanwhile", megabytes(barlinePeak), "500 MB"]]),
    ["export of the next session", seconds(nextSession.seconds), ""],
    ["years of the facts that it wrote", String(nextSession.partitions), "1"],
  ];
}
