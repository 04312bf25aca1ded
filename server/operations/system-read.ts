import { statfs } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readServerMemory } from "../../db/embedded-memory.ts";
import {
  type HousekeepingRow,
  selectDatabaseBytes,
  selectHousekeepingRuns,
  selectLanded,
  selectProcesses,
  selectTableSizes,
  type TableRow,
} from "../../db/queries/operations/read-system.ts";
import { type HousekeepingRecord, type LakeSize, nothingRemoved, type Removed } from "../../jobs/housekeeping/types.ts";
import { leaseMs } from "../../jobs/orchestrator/lease.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import type { AppContext } from "../context.ts";

const processesShown = 50;

/** Tables that belong together, in the words of people. */
type TableGroup = { name: string; rows: number | null; bytes: number; tables: string[] };

export type Sizes = {
  databaseBytes: number;
  groups: TableGroup[];
  /** By prefix as housekeeping last counted it, and what runs say that they landed since; all of it before the first time. */
  lake: { asOf: Date | null; parts: LakeSize[]; since: { objects: number; bytes: number } };
  /** Of the disk that holds DATA_DIR; null where there is no such folder. */
  disk: { freeBytes: number; totalBytes: number } | null;
  /** Of this process, and of the embedded PostgreSQL; null where that is another's, or the system does not tell. */
  memory: { processBytes: number; databaseBytes: number | null };
};

/** Which group a table belongs to, by the first pattern that its qualified name meets. */
const groups: [RegExp, string][] = [
  [/^public\.source_polygon_stock_bars_daily$/, "Raw bars"],
  [
    /^(public\.source_polygon_(stock_bars_restatements|(removed|withdrawn)_bars)|barline\.(loaded_answers|doubtful_bars))$/,
    "Corrections",
  ],
  [/^public\.source_polygon_/, "Tickers, splits, dividends"],
  [/^barline\.staging_/, "Staging"],
  [/^barline\.task_logs$/, "Logs"],
  [/^barline\.tries$/, "Tries"],
  [/^barline\.(dataset_events|event_claims|pending_events|subscriptions)$/, "Events"],
  [/^barline\.rejects$/, "Rejected rows"],
  [/^barline\.(runs|tasks|run_partitions|recheck_rounds|backfills|jobs|actions)$/, "Runs and tasks"],
  [/^barline\.(model|test)_results$/, "Model and test results"],
  [/^barline\.alert/, "Alerts"],
  [/^(barline|drizzle)\./, "Everything else of Barline"],
  [/./, "Models"],
];

/** Tables by group, the largest first; a group's rows are unknown only where those of all its tables are. */
function groupTables(tables: TableRow[]): TableGroup[] {
  const found = new Map<string, TableGroup>();
  for (const { schema, name, rows, bytes } of tables) {
    const table = `${schema}.${name}`;
    const group = groups.find(([pattern]) => pattern.test(table))?.[1] ?? table;
    const known = found.get(group) ?? { name: group, rows: null, bytes: 0, tables: [] };
    found.set(group, {
      name: group,
      rows: rows === null ? known.rows : (known.rows ?? 0) + rows,
      bytes: known.bytes + bytes,
      tables: [...known.tables, table].sort(),
    });
  }
  return [...found.values()].sort((a, b) => b.bytes - a.bytes);
}

export async function readSizes({ read, config }: AppContext, runs: HousekeepingRow[]): Promise<Sizes> {
  const counted = runs.find((run) => run.finishedAt && recordOf(run).lake);
  const asOf = counted?.finishedAt ?? null;
  const [databaseBytes, tables, since, disk, serverBytes] = await Promise.all([
    selectDatabaseBytes(read),
    selectTableSizes(read),
    selectLanded(read, jobIds.ingest, asOf ?? new Date(0)),
    readDisk(resolve(config.dataDir)),
    config.databaseUrl === null ? readServerMemory(join(resolve(config.dataDir), "postgres")) : null,
  ]);
  const parts = counted ? (recordOf(counted).lake ?? []) : [];
  const memory = { processBytes: process.memoryUsage.rss(), databaseBytes: serverBytes };
  return { databaseBytes, groups: groupTables(tables), lake: { asOf, parts, since }, disk, memory };
}

async function readDisk(folder: string): Promise<Sizes["disk"]> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    // With its own database and an S3 lake, Barline needs no folder.
    return null;
  }
}

/** What one cleaning-up says of itself; zeros where it has not begun to say. */
export function recordOf({ removed }: HousekeepingRow): HousekeepingRecord {
  const kept = (typeof removed === "object" && removed !== null ? removed : {}) as Partial<HousekeepingRecord>;
  return { counts: { ...nothingRemoved(), ...kept.counts } as Removed, lake: kept.lake ?? null };
}

export const readProcesses = ({ read }: AppContext) => selectProcesses(read, leaseMs, processesShown);
export const readHousekeepingRuns = ({ read }: AppContext, limit: number) => selectHousekeepingRuns(read, limit);
