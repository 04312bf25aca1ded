import { z } from "zod";
import { refuse } from "./refusal.ts";
import type { SeedConfig, SnapshotConfig } from "./types.ts";

const key = z.union([z.string(), z.array(z.string())]);
const truth = z.union([
  z.boolean(),
  z.enum(["true", "True", "false", "False"]).transform((value) => /^t/i.test(value)),
]);

/** What only a seed's config may say. */
export const seedKeys = {
  materialized: z.literal("seed").optional(),
  column_types: z.record(z.string(), z.string()).default({}),
  quote_columns: truth.default(true),
  delimiter: z.string().length(1).default(","),
};

const columnNames = z.strictObject({
  dbt_scd_id: z.string().optional(),
  dbt_updated_at: z.string().optional(),
  dbt_valid_from: z.string().optional(),
  dbt_valid_to: z.string().optional(),
});

/** What only a snapshot's config may say. */
export const snapshotKeys = {
  materialized: z.literal("snapshot").optional(),
  strategy: z.enum(["timestamp", "check"]).optional(),
  unique_key: key.transform((value) => (Array.isArray(value) ? value : [value])).optional(),
  updated_at: z.string().optional(),
  check_cols: z.union([z.literal("all"), z.array(z.string()).min(1)]).optional(),
  hard_deletes: z.enum(["ignore", "invalidate"]).nullish(),
  invalidate_hard_deletes: z.boolean().nullish(),
  dbt_valid_to_current: z.string().nullish(),
  snapshot_meta_column_names: columnNames.optional(),
  target_schema: z.string().optional(),
};

export function readSeedConfig(given: z.output<z.ZodObject<typeof seedKeys>>): SeedConfig {
  return { columnTypes: given.column_types, quoteColumns: given.quote_columns, delimiter: given.delimiter };
}

/** Checks what belongs together in a snapshot's config. */
export function readSnapshotConfig(where: string, given: z.output<z.ZodObject<typeof snapshotKeys>>): SnapshotConfig {
  const { strategy, unique_key, updated_at, check_cols } = given;
  if (!strategy) throw refuse(where, "the snapshot names no strategy: timestamp or check");
  if (!unique_key) throw refuse(where, "the snapshot names no unique_key");
  if (strategy === "timestamp" && !updated_at) throw refuse(where, "a snapshot by timestamp needs updated_at");
  if (strategy === "check" && !check_cols) throw refuse(where, "a snapshot by check needs check_cols: names or 'all'");
  if (given.hard_deletes && given.invalidate_hard_deletes !== undefined && given.invalidate_hard_deletes !== null) {
    throw refuse(where, "hard_deletes and invalidate_hard_deletes cannot both be set");
  }
  const names = given.snapshot_meta_column_names ?? {};
  return {
    strategy,
    updatedAt: updated_at,
    checkColumns: check_cols ?? "all",
    hardDeletes: given.hard_deletes ?? (given.invalidate_hard_deletes ? "invalidate" : "ignore"),
    validToCurrent: given.dbt_valid_to_current ?? undefined,
    columns: {
      dbt_scd_id: names.dbt_scd_id ?? "dbt_scd_id",
      dbt_updated_at: names.dbt_updated_at ?? "dbt_updated_at",
      dbt_valid_from: names.dbt_valid_from ?? "dbt_valid_from",
      dbt_valid_to: names.dbt_valid_to ?? "dbt_valid_to",
    },
  };
}
