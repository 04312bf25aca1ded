import { z } from "zod";
import { refuse, refuseUnsupported } from "./refusal.ts";
import type { ModelConfig, Severity } from "./types.ts";

const names = z.union([z.string(), z.array(z.string())]).transform((value) => (Array.isArray(value) ? value : [value]));
const indexes = z.array(
  z.strictObject({
    columns: z.array(z.string()).min(1),
    unique: z.boolean().default(false),
    type: z.string().optional(),
  }),
);

/** What Barline reads of a model's config, and what it may leave unread without harm. */
const modelConfig = z.strictObject({
  materialized: z.enum(["view", "table", "incremental", "ephemeral"]).default("view"),
  unique_key: names.optional(),
  incremental_strategy: z.literal("delete+insert").optional(),
  // A changed model is built anew, which satisfies each of these.
  on_schema_change: z.enum(["ignore", "fail", "append_new_columns", "sync_all_columns"]).optional(),
  indexes: indexes.default([]),
  enabled: z.boolean().default(true),
  schema: z.literal("public").optional(),
  tags: z.unknown().optional(),
  // Of an incremental model that equals its full refresh: the share of its source's rows below which it is built whole.
  meta: z.looseObject({ rebuild_below: z.number().min(0).max(1).optional() }).optional(),
  docs: z.unknown().optional(),
  group: z.unknown().optional(),
  access: z.unknown().optional(),
});

type Values = Record<string, unknown>;

/** Settings of dbt_project.yml for the models of a folder: `+name` wherever it stands, the deepest folder last. */
export function folderConfig(settings: unknown, projectName: string, path: string): Values {
  const folders = path.split("/").slice(1);
  folders[folders.length - 1] = folders.at(-1)?.replace(/\.sql$/, "") ?? "";
  let level: unknown = settings;
  let values: Values = {};
  for (const folder of ["", projectName, ...folders]) {
    const next = folder === "" ? level : (level as Values)[folder];
    if (typeof next !== "object" || next === null) return values;
    level = next;
    const own = Object.entries(next).filter(([key]) => key.startsWith("+"));
    values = { ...values, ...Object.fromEntries(own.map(([key, value]) => [key.slice(1), value])) };
  }
  return values;
}

/** Checks a model's config, given from the weakest to the strongest source. */
export function parseModelConfig(path: string, layers: Values[]): ModelConfig {
  const merged: Values = Object.assign({}, ...layers);
  const parsed = modelConfig.safeParse(merged);
  if (!parsed.success) throw configError(path, parsed.error, merged);
  const { materialized, unique_key, enabled } = parsed.data;
  return {
    materialized,
    uniqueKey: unique_key ?? [],
    enabled,
    rebuildBelow: parsed.data.meta?.rebuild_below ?? 0,
    indexes: parsed.data.indexes.map(({ columns, unique, type }) => ({ columns, unique, type })),
  };
}

const testConfig = z.strictObject({
  severity: z
    .string()
    .transform((value) => value.toLowerCase())
    .pipe(z.enum(["error", "warn"]))
    .default("error"),
  where: z.string().optional(),
  enabled: z.boolean().default(true),
  // Barline always counts all failing rows and keeps a sample; a limit changes neither.
  limit: z.number().optional(),
  store_failures: z.literal(false).optional(),
  tags: z.unknown().optional(),
  meta: z.unknown().optional(),
});

export type TestConfig = { severity: Severity; where: string | undefined; enabled: boolean };

/** Checks a data test's config, given from the weakest to the strongest source. */
export function parseTestConfig(path: string, layers: Values[]): TestConfig {
  const merged: Values = Object.assign({}, ...layers);
  const parsed = testConfig.safeParse(merged);
  if (!parsed.success) throw configError(path, parsed.error, merged);
  const { severity, where, enabled } = parsed.data;
  return { severity, where, enabled };
}

export const testConfigKeys = Object.keys(testConfig.shape);

function configError(path: string, error: z.ZodError, values: Values) {
  const [issue] = error.issues;
  if (issue?.code === "unrecognized_keys") return refuseUnsupported(path, `the config ${issue.keys.join(", ")}`);
  const [key] = issue?.path ?? [];
  if (key === undefined) return refuse(path, error.message);
  return refuse(
    path,
    `the config ${String(key)}=${JSON.stringify(values[String(key)])} is not supported: ${issue?.message}`,
  );
}
