import { z } from "zod";
import { type ConfigLayer, list, mergeLayers, parseLayers } from "./config.ts";
import type { TestConfig } from "./types.ts";

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
  alias: z.string().nullish(),
  schema: z.string().nullish(),
  group: z.unknown().optional(),
  description: z.unknown().optional(),
});

/** Checks a data test's config, given from the weakest to the strongest source. */
export function parseTestConfig(layers: ConfigLayer[]): TestConfig {
  const given = parseLayers(testConfig, layers);
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

export const testConfigKeys = [...Object.keys(testConfig.shape).filter((key) => key !== "description"), "database"];
