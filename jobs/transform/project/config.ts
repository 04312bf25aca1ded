import { z } from "zod";
import { refuse, refuseUnsupported } from "./refusal.ts";
import { readSeedConfig, readSnapshotConfig, seedKeys, snapshotKeys } from "./resource-config.ts";
import type { ModelConfig, ResourceType, TestConfig } from "./types.ts";

/** What one place says of a config, and where that is, for messages. */
export type ConfigLayer = { where: string; values: Record<string, unknown> };

const list = z.union([z.string(), z.array(z.string())]).transform((value) => (Array.isArray(value) ? value : [value]));
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
  meta: z
    .looseObject({
      // Of an incremental model that equals its full refresh: the share of its source's rows below which it is built whole.
      rebuild_below: z.number().min(0).max(1).optional(),
      // Of the same: whether it is built whole wherever a table that it reads is, as it would find all its rows due.
      rebuild_after_parents: z.boolean().optional(),
      // Of a model whose rows of one key depend on nothing but rows of that key: what a whole build may be divided by.
      independent_by: z.strictObject({ column: z.string(), keys_of: z.string() }).optional(),
    })
    .optional(),
  docs: z.unknown().optional(),
  group: z.unknown().optional(),
  access: z.unknown().optional(),
  description: z.unknown().optional(),
  event_time: z.unknown().optional(),
  // Descriptions are always kept as comments, which is what this asks for.
  persist_docs: z.unknown().optional(),
};

const ofModel = z.strictObject({
  ...common,
  materialized: z.enum(["view", "table", "incremental", "ephemeral"]).default("view"),
  incremental_strategy: z.enum(["append", "delete+insert", "merge"]).nullish(),
  merge_update_columns: list.optional(),
  merge_exclude_columns: list.default([]),
  // A changed model is built anew, which satisfies each of these.
  on_schema_change: z.enum(["ignore", "fail", "append_new_columns", "sync_all_columns"]).optional(),
});
const ofSeed = z.strictObject({ ...common, ...seedKeys });
const ofSnapshot = z.strictObject({ ...common, ...snapshotKeys });

const isSetting = (key: string, value: unknown) => key.startsWith("+") || typeof value !== "object" || value === null;

/**
 * Settings of dbt_project.yml for what a path holds, the deepest folder last. A name with + is a setting wherever it stands, one
 * without it where its value can be no folder.
 */
export function folderConfig(settings: unknown, projectName: string, path: string): ConfigLayer {
  const folders = path.split("/").slice(1);
  folders[folders.length - 1] = folders.at(-1)?.replace(/\.\w+$/, "") ?? "";
  let level: unknown = settings;
  let values: Record<string, unknown> = {};
  for (const folder of ["", projectName, ...folders]) {
    const next = folder === "" ? level : (level as Record<string, unknown>)[folder];
    if (typeof next !== "object" || next === null) break;
    level = next;
    const own = Object.entries(next).filter(([key, value]) => isSetting(key, value));
    values = { ...values, ...Object.fromEntries(own.map(([key, value]) => [key.replace(/^\+/, ""), value])) };
  }
  return { where: `dbt_project.yml, for ${path}`, values };
}

const dashed: Record<string, string> = { "pre-hook": "pre_hook", "post-hook": "post_hook" };
/** What adds up from the weakest source to the strongest instead of being replaced. */
const additive = ["tags", "pre_hook", "post_hook"];
const asList = (value: unknown) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

function mergeLayers(layers: ConfigLayer[]): Record<string, unknown> {
  const merged: Record<string, unknown> = {};
  for (const { values } of layers) {
    for (const [written, value] of Object.entries(values)) {
      const key = dashed[written] ?? written;
      if (additive.includes(key)) merged[key] = [...new Set([...asList(merged[key]), ...asList(value)])];
      else if (key === "meta") merged.meta = { ...(merged.meta as object), ...(value as object) };
      else if (value !== undefined) merged[key] = value;
    }
  }
  return merged;
}

function parse<Schema extends z.ZodType>(schema: Schema, layers: ConfigLayer[]): z.output<Schema> {
  const merged = mergeLayers(layers);
  const parsed = schema.safeParse(merged);
  if (!parsed.success) throw configError(layers, parsed.error, merged);
  return parsed.data;
}

/** Checks the config of what is built, given from the weakest to the strongest source. */
export function parseModelConfig(resourceType: ResourceType, layers: ConfigLayer[]): ModelConfig {
  const base = {
    strategy: "append" as const,
    mergeUpdateColumns: undefined,
    mergeExcludeColumns: [],
    seed: undefined,
    snapshot: undefined,
  };
  const values = mergeLayers(layers);
  if (resourceType === "seed") {
    const given = parse(ofSeed, layers);
    return { ...base, ...shared(given, values), materialized: "seed", seed: readSeedConfig(given) };
  }
  if (resourceType === "snapshot") {
    const given = parse(ofSnapshot, layers);
    const snapshot = readSnapshotConfig(layers.at(-1)?.where ?? "", given);
    return { ...base, ...shared(given, values), materialized: "snapshot", snapshot };
  }
  const given = parse(ofModel, layers);
  const config = shared(given, values);
  return {
    ...base,
    ...config,
    materialized: given.materialized,
    strategy: given.incremental_strategy ?? (config.uniqueKey.length > 0 ? "delete+insert" : "append"),
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
    rebuildAfterParents: given.meta?.rebuild_after_parents ?? false,
    independentBy: given.meta?.independent_by && {
      column: given.meta.independent_by.column,
      keysOf: given.meta.independent_by.keys_of,
    },
    fullRefresh: given.full_refresh ?? undefined,
    preHooks: given.pre_hook,
    postHooks: given.post_hook,
    indexes: given.indexes.map(({ columns, unique, type }) => ({ columns, unique, type })),
    values,
  };
}
const commonSchema = () => z.object(common);

const flag = z.boolean().nullish();
const testConfig = z.strictObject({
  severity: z
    .string()
    .transform((value) => value.toLowerCase())
    .pipe(z.enum(["error", "warn"]))
    .default("error"),
  where: z.string().nullish(),
  enabled: z.boolean().default(true),
  limit: z.number().int().nonnegative().nullish(),
  warn_if: z.string().default("!= 0"),
  error_if: z.string().default("!= 0"),
  fail_calc: z.string().default("count(*)"),
  store_failures: flag,
  store_failures_as: z.enum(["table", "view", "ephemeral"]).nullish(),
  tags: list.default([]),
  meta: z.looseObject({ judges_rows: z.boolean().optional() }).nullish(),
  group: z.unknown().optional(),
  description: z.unknown().optional(),
});

/** Checks a data test's config, given from the weakest to the strongest source. */
export function parseTestConfig(layers: ConfigLayer[]): TestConfig {
  const given = parse(testConfig, layers);
  const as = given.store_failures_as ?? "table";
  // As in dbt, saying how is saying that.
  const stores = given.store_failures ?? (given.store_failures_as !== undefined && given.store_failures_as !== null);
  return {
    severity: given.severity,
    where: given.where || undefined,
    enabled: given.enabled,
    limit: given.limit ?? undefined,
    warnIf: given.warn_if,
    errorIf: given.error_if,
    failCalc: given.fail_calc,
    storeFailures: stores && as !== "ephemeral" ? as : undefined,
    tags: given.tags,
    judgesRows: given.meta?.judges_rows ?? false,
    values: mergeLayers(layers),
  };
}

export const testConfigKeys = [
  ...Object.keys(testConfig.shape).filter((key) => key !== "description"),
  "database",
  "schema",
  "alias",
];

function configError(layers: ConfigLayer[], error: z.ZodError, values: Record<string, unknown>) {
  const [issue] = error.issues;
  const whereOf = (key: string) =>
    layers.findLast((layer) => Object.keys(layer.values).some((written) => (dashed[written] ?? written) === key))
      ?.where ??
    layers.at(-1)?.where ??
    "";
  if (issue?.code === "unrecognized_keys") {
    return refuseUnsupported(whereOf(issue.keys[0] ?? ""), `the config ${issue.keys.join(", ")}`);
  }
  const [key] = issue?.path ?? [];
  if (key === undefined) return refuse(whereOf(""), error.message);
  const written = JSON.stringify(values[String(key)]);
  return refuse(whereOf(String(key)), `the config ${String(key)}=${written} is not supported: ${issue?.message}`);
}
