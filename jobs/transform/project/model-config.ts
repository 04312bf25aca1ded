import { z } from "zod";
import { type ConfigLayer, list, mergeLayers, parseLayers } from "./config.ts";
import { refuse } from "./refusal.ts";
import { readSeedConfig, readSnapshotConfig, seedKeys, snapshotKeys } from "./resource-config.ts";
import type { MicrobatchConfig, ModelConfig, ResourceType } from "./types.ts";

const indexes = z.array(
  z.strictObject({
    columns: z.array(z.string()).min(1),
    unique: z.boolean().default(false),
    type: z.string().optional(),
  }),
);
const hook = z.union([z.string(), z.strictObject({ sql: z.string(), transaction: z.literal(true).optional() })]);
const hooks = z
  .union([hook, z.array(hook)])
  .transform((value) =>
    (Array.isArray(value) ? value : [value]).map((one) => (typeof one === "string" ? one : one.sql)),
  );

/** Of anything that is built. */
const common = {
  enabled: z.boolean().default(true),
  tags: list.default([]),
  pre_hook: hooks.default([]),
  post_hook: hooks.default([]),
  full_refresh: z.boolean().nullish(),
  indexes: indexes.default([]),
  unique_key: list.optional(),
  alias: z.string().nullish(),
  schema: z.string().nullish(),
  grants: z.record(z.string(), z.array(z.string())).optional(),
  meta: z
    .looseObject({
      // Of an incremental model that equals its full refresh: the share of its source's rows below which it is built whole.
      rebuild_below: z.number().min(0).max(1).optional(),
      // Of the same: whether it is built whole when its text, its config or a model that it reads changes.
      rebuild_when_changed: z.boolean().optional(),
      // Of the same: whether it is built whole wherever a table that it reads is, as it would find all its rows due.
      rebuild_after_parents: z.boolean().optional(),
      // Of a model whose rows of one key depend on nothing but rows of that key: what a whole build may be divided by.
      independent_by: z.strictObject({ column: z.string(), keys_of: z.string() }).optional(),
      // In a distributed warehouse: the model lies on the shards, by this column, and is computed there.
      distributed_by: z.literal("ticker").optional(),
      // In a distributed warehouse: the model is computed on the shards, and gathered on the coordinator.
      gathered_by: z
        .strictObject({ column: z.enum(["ticker", "security_id"]), own: z.enum(["rows", "greatest"]).default("rows") })
        .optional(),
    })
    .optional(),
  docs: z.unknown().optional(),
  group: z.unknown().optional(),
  access: z.unknown().optional(),
  description: z.unknown().optional(),
  event_time: z.string().nullish(),
  // Descriptions are always kept as comments, which is what this asks for.
  persist_docs: z.unknown().optional(),
};

const ofModel = z.strictObject({
  ...common,
  materialized: z.enum(["view", "table", "incremental", "ephemeral"]).default("view"),
  incremental_strategy: z.enum(["append", "default", "delete+insert", "merge", "microbatch"]).nullish(),
  incremental_predicates: list.nullish(),
  predicates: list.nullish(),
  contract: z.strictObject({ enforced: z.boolean().default(false), alias_types: z.boolean().optional() }).prefault({}),
  batch_size: z.enum(["hour", "day", "month", "year"]).optional(),
  begin: z.union([z.string(), z.date()]).optional(),
  lookback: z.number().int().nonnegative().default(1),
  // Batches are written one after another, which either of these allows.
  concurrent_batches: z.boolean().nullish(),
  merge_update_columns: list.optional(),
  merge_exclude_columns: list.default([]),
  on_schema_change: z.enum(["ignore", "fail", "append_new_columns", "sync_all_columns"]).optional(),
});
const ofSeed = z.strictObject({ ...common, ...seedKeys });
const ofSnapshot = z.strictObject({ ...common, ...snapshotKeys });

/** Checks the config of what is built, given from the weakest to the strongest source. */
export function parseModelConfig(resourceType: ResourceType, layers: ConfigLayer[]): ModelConfig {
  const base = {
    strategy: "append" as const,
    mergeUpdateColumns: undefined,
    mergeExcludeColumns: [],
    incrementalPredicates: [],
    onSchemaChange: undefined,
    microbatch: undefined,
    contract: false,
    seed: undefined,
    snapshot: undefined,
  };
  const values = mergeLayers(layers);
  if (resourceType === "seed") {
    const given = parseLayers(ofSeed, layers);
    return { ...base, ...shared(given, values), materialized: "seed", seed: readSeedConfig(given) };
  }
  if (resourceType === "snapshot") {
    const given = parseLayers(ofSnapshot, layers);
    const snapshot = readSnapshotConfig(layers.at(-1)?.where ?? "", given);
    return { ...base, ...shared(given, values), materialized: "snapshot", snapshot };
  }
  const given = parseLayers(ofModel, layers);
  const config = shared(given, values);
  const stated = given.incremental_strategy === "default" ? undefined : given.incremental_strategy;
  return {
    ...base,
    ...config,
    materialized: given.materialized,
    strategy: stated ?? (config.uniqueKey.length > 0 ? "delete+insert" : "append"),
    incrementalPredicates: given.incremental_predicates ?? given.predicates ?? [],
    onSchemaChange: given.on_schema_change,
    microbatch: stated === "microbatch" ? readMicrobatch(layers.at(-1)?.where ?? "", given) : undefined,
    contract: given.contract.enforced,
    mergeUpdateColumns: given.merge_update_columns,
    mergeExcludeColumns: given.merge_exclude_columns,
  };
}

function shared(given: z.output<ReturnType<typeof commonSchema>>, values: Record<string, unknown>) {
  return {
    uniqueKey: given.unique_key ?? [],
    enabled: given.enabled,
    tags: given.tags,
    rebuildBelow: given.meta?.rebuild_below ?? 0,
    rebuildWhenChanged: given.meta?.rebuild_when_changed,
    rebuildAfterParents: given.meta?.rebuild_after_parents ?? false,
    independentBy: given.meta?.independent_by && {
      column: given.meta.independent_by.column,
      keysOf: given.meta.independent_by.keys_of,
    },
    distributedBy: given.meta?.distributed_by,
    gatheredBy: given.meta?.gathered_by,
    eventTime: given.event_time ?? undefined,
    grants: given.grants,
    fullRefresh: given.full_refresh ?? undefined,
    preHooks: given.pre_hook,
    postHooks: given.post_hook,
    indexes: given.indexes.map(({ columns, unique, type }) => ({ columns, unique, type })),
    values,
  };
}
const commonSchema = () => z.object(common);

/** Checks what a microbatch model needs, as dbt-postgres asks for it. */
function readMicrobatch(where: string, given: z.output<typeof ofModel>): MicrobatchConfig {
  const { event_time, batch_size, begin, lookback, unique_key } = given;
  if (!event_time) throw refuse(where, "a microbatch model needs event_time");
  if (!batch_size) throw refuse(where, "a microbatch model needs batch_size: hour, day, month or year");
  const from = begin === undefined ? undefined : begin instanceof Date ? begin : new Date(utc(begin));
  if (!from || Number.isNaN(from.getTime())) throw refuse(where, "a microbatch model needs begin: a date or a time");
  if (!unique_key) throw refuse(where, "a microbatch model needs unique_key on PostgreSQL");
  return { eventTime: event_time, batchSize: batch_size, begin: from, lookback };
}

/** A time without a zone is UTC's. */
const utc = (text: string) => (/[T ]/.test(text) && !/(Z|[-+]\d\d:?\d\d)$/.test(text) ? `${text}Z` : text);
