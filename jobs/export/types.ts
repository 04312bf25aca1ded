import type { Sql, TransactionSql } from "../../db/client.ts";
import type { ObjectStore } from "../lake/store.ts";
import type { TaskLog } from "../orchestrator/types.ts";
import type { ExportTable } from "./tables.ts";

export type ExportWork = {
  sql: Sql;
  lake: ObjectStore;
  tables: readonly ExportTable[];
  signal: AbortSignal;
  log: Pick<TaskLog, "info">;
  /** Rows written so far, of those of the partitions that are written. */
  progress(rows: number): void;
  /** Rows of a year's file at the most, which is in memory until it is in the lake; for tests. */
  fileRows?: number;
};

/** What of a table is written where, and why. */
export type PartitionPlan = { year: number | null; rows: number | null; version: string | null };

/** Transactions that read the same snapshot, and can be asked beside each other. */
export type Readers = readonly [TransactionSql, ...TransactionSql[]];
