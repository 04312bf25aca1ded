import { z } from "zod";

export const record = z.record(z.string(), z.unknown());
const testEntry = z.union([z.string(), record]);
const tested = { tests: z.array(testEntry).default([]), data_tests: z.array(testEntry).default([]) };
const names = z.union([z.string(), z.array(z.string())]);
const described = {
  description: z.string().default(""),
  meta: z.unknown().optional(),
  tags: names.optional(),
  docs: z.unknown().optional(),
};
const constraint = z.strictObject({
  type: z.enum(["check", "not_null", "unique", "primary_key", "foreign_key", "custom"]),
  name: z.string().optional(),
  expression: z.string().optional(),
  columns: z.array(z.string()).default([]),
  to: z.string().optional(),
  to_columns: z.array(z.string()).default([]),
  warn_unenforced: z.boolean().optional(),
  warn_unsupported: z.boolean().optional(),
});
const constraints = z.array(constraint).default([]);
const column = z.strictObject({
  name: z.string(),
  data_type: z.string().optional(),
  quote: z.boolean().optional(),
  constraints,
  config: z.unknown().optional(),
  ...described,
  ...tested,
});
const columns = z.array(column).default([]);
const config = record.default({});

const age = z.strictObject({ count: z.number().positive(), period: z.enum(["minute", "hour", "day"]) });
export const freshness = z.strictObject({
  warn_after: age.nullish(),
  error_after: age.nullish(),
  filter: z.string().optional(),
});
/** Freshness may stand beside the tables or, since dbt 1.10, in their config. */
const dated = { loaded_at_field: z.string().optional(), freshness: freshness.nullish() };
const sourceConfig = {
  ...dated,
  event_time: z.string().optional(),
  enabled: z.boolean().default(true),
  tags: names.optional(),
  meta: z.unknown().optional(),
};

const table = z.strictObject({
  name: z.string(),
  identifier: z.string().optional(),
  config: z.strictObject(sourceConfig).prefault({}),
  columns,
  loader: z.unknown().optional(),
  quoting: z.undefined().optional(),
  ...dated,
  ...described,
  ...tested,
});
const source = z.strictObject({
  name: z.string(),
  schema: z.string().optional(),
  // Postgres reads one database at a time; dbt-postgres refuses another too.
  database: z.string().optional(),
  loader: z.unknown().optional(),
  config: z.strictObject(sourceConfig).prefault({}),
  ...dated,
  ...described,
  tables: z.array(table).default([]),
});
const resource = { name: z.string(), config, columns, constraints, ...described, ...tested };

const fixture = {
  rows: z.union([z.string(), z.array(record)]).optional(),
  format: z.enum(["dict", "csv", "sql"]).default("dict"),
  fixture: z.string().optional(),
};
const overrides = z.strictObject({
  macros: record.default({}),
  vars: record.default({}),
  env_vars: record.default({}),
});
const unitTest = z.strictObject({
  name: z.string(),
  model: z.string(),
  description: z.string().default(""),
  given: z.array(z.strictObject({ input: z.string(), ...fixture })).default([]),
  expect: z.strictObject(fixture),
  overrides: overrides.prefault({}),
  config: z.looseObject({ tags: names.optional(), enabled: z.boolean().default(true) }).prefault({}),
  tags: names.optional(),
  meta: z.unknown().optional(),
});

/** What a YAML file beside models may say. What is not in it is refused by name. */
export const properties = z.strictObject({
  version: z.number().optional(),
  models: z
    .array(z.strictObject({ ...resource, access: z.unknown().optional(), group: z.unknown().optional() }))
    .default([]),
  seeds: z.array(z.strictObject(resource)).default([]),
  snapshots: z.array(z.strictObject({ ...resource, relation: z.string().optional() })).default([]),
  sources: z.array(source).default([]),
  unit_tests: z.array(unitTest).default([]),
  data_tests: z.array(z.strictObject({ name: z.string(), config, ...described })).default([]),
  macros: z.unknown().optional(),
  exposures: z.unknown().optional(),
  analyses: z.unknown().optional(),
});

export type PropertyFile = z.output<typeof properties>;
export type TestEntry = z.output<typeof testEntry>;
export type ConstraintEntry = z.output<typeof constraint>;
export type ColumnEntry = z.output<typeof column>;
export type UnitTestEntry = z.output<typeof unitTest>;
export type FixtureEntry = UnitTestEntry["expect"];
