import { z } from "zod";
import { parseTestConfig, testConfigKeys } from "./config.ts";
import { type ProjectFile, parseYaml } from "./files.ts";
import { refuse, refuseUnsupported } from "./refusal.ts";
import type { Assertion, Column, DataTest, Freshness, Source } from "./types.ts";

const record = z.record(z.string(), z.unknown());
const testEntry = z.union([z.string(), record]);
const tested = { tests: z.array(testEntry).default([]), data_tests: z.array(testEntry).default([]) };
const described = {
  description: z.string().default(""),
  meta: z.unknown().optional(),
  tags: z.unknown().optional(),
  docs: z.unknown().optional(),
};
const column = z.strictObject({
  name: z.string(),
  data_type: z.string().optional(),
  quote: z.boolean().optional(),
  config: z.unknown().optional(),
  ...described,
  ...tested,
});
const columns = z.array(column).default([]);

const age = z.strictObject({ count: z.number().positive(), period: z.enum(["minute", "hour", "day"]) });
const freshness = z.strictObject({
  warn_after: age.nullish(),
  error_after: age.nullish(),
  filter: z.string().optional(),
});
/** Freshness may stand beside the tables or, since dbt 1.10, in their config. */
const dated = { loaded_at_field: z.string().optional(), freshness: freshness.nullish() };

const properties = z.strictObject({
  version: z.number().optional(),
  models: z
    .array(z.strictObject({ name: z.string(), config: record.default({}), columns, ...described, ...tested }))
    .default([]),
  sources: z
    .array(
      z.strictObject({
        name: z.string(),
        schema: z.string().optional(),
        loader: z.unknown().optional(),
        config: z
          .strictObject({
            ...dated,
            ...{ enabled: z.literal(true).optional(), tags: z.unknown().optional(), meta: z.unknown().optional() },
          })
          .default({}),
        ...dated,
        ...described,
        tables: z
          .array(
            z.strictObject({
              name: z.string(),
              identifier: z.string().optional(),
              config: z
                .strictObject({ ...dated, tags: z.unknown().optional(), meta: z.unknown().optional() })
                .default({}),
              columns,
              ...dated,
              ...described,
              ...tested,
            }),
          )
          .default([]),
      }),
    )
    .default([]),
  macros: z.unknown().optional(),
  exposures: z.unknown().optional(),
});

export type ModelProperties = {
  name: string;
  path: string;
  description: string;
  columns: Column[];
  config: Record<string, unknown>;
};

/** A generic test as declared, its Jinja not rendered yet. */
export type DeclaredTest = Omit<DataTest, "dependsOn">;

export type Properties = { models: ModelProperties[]; sources: Source[]; tests: DeclaredTest[] };

type GenericAssertion = Exclude<Assertion, { kind: "singular" }>;
type Tested = { tests: z.output<typeof testEntry>[]; data_tests: z.output<typeof testEntry>[] };
type Owner = { path: string; subject: string; namePrefix: string };

const plainColumns = (list: z.output<typeof columns>): Column[] =>
  list.map(({ name, description }) => ({ name, description: description.trim() }));

/** Reads what a YAML file says of models and sources. */
export function parseProperties(file: ProjectFile): Properties {
  const parsed = parseYaml(file, properties);
  const result: Properties = { models: [], sources: [], tests: [] };
  for (const model of parsed.models) {
    const { name, config, description } = model;
    result.models.push({
      name,
      path: file.path,
      description: description.trim(),
      columns: plainColumns(model.columns),
      config,
    });
    result.tests.push(...declaredTests({ path: file.path, subject: name, namePrefix: name }, model, model.columns));
  }
  for (const source of parsed.sources) {
    for (const table of source.tables) {
      const name = `${source.name}.${table.name}`;
      result.sources.push({
        name,
        path: file.path,
        relation: { schema: source.schema ?? source.name, identifier: table.identifier ?? table.name },
        description: table.description.trim() || source.description.trim(),
        columns: plainColumns(table.columns),
        loadedAtField:
          table.config.loaded_at_field ??
          table.loaded_at_field ??
          source.config.loaded_at_field ??
          source.loaded_at_field,
        freshness: parseFreshness([table.config.freshness, table.freshness, source.config.freshness, source.freshness]),
      });
      const owner = { path: file.path, subject: name, namePrefix: `${source.name}_${table.name}` };
      result.tests.push(
        ...declaredTests(owner, table, table.columns).map((test) => ({ ...test, name: `source_${test.name}` })),
      );
    }
  }
  return result;
}

const periods = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** The strongest statement of freshness; null in it says that there is none. */
function parseFreshness(layers: (z.output<typeof freshness> | null | undefined)[]): Freshness | undefined {
  const stated = layers.find((layer) => layer !== undefined);
  if (!stated) return undefined;
  const milliseconds = (value: z.output<typeof age> | null | undefined) => value && value.count * periods[value.period];
  return {
    warnAfterMs: milliseconds(stated.warn_after) ?? undefined,
    errorAfterMs: milliseconds(stated.error_after) ?? undefined,
    filter: stated.filter,
  };
}

function declaredTests(owner: Owner, whole: Tested, list: z.output<typeof columns>): DeclaredTest[] {
  const ofColumns = list.flatMap((item) =>
    [...item.tests, ...item.data_tests].map((entry) => declaredTest(owner, entry, item.name)),
  );
  return [
    ...[...whole.tests, ...whole.data_tests].map((entry) => declaredTest(owner, entry, undefined)),
    ...ofColumns,
  ].filter((test) => test !== undefined);
}

function declaredTest(
  owner: Owner,
  entry: string | Record<string, unknown>,
  columnName: string | undefined,
): DeclaredTest | undefined {
  const { kind, values } = unfoldEntry(owner, entry);
  const { arguments: nested, config, name, description: _, column_name, ...plain } = values;
  const inline = Object.fromEntries(Object.entries(plain).filter(([key]) => testConfigKeys.includes(key)));
  const given = {
    ...Object.fromEntries(Object.entries(plain).filter(([key]) => !testConfigKeys.includes(key))),
    ...record.default({}).parse(nested),
  };
  const column = columnName ?? String(column_name ?? given.column_name ?? "");
  delete given.column_name;
  if (!column) throw refuse(owner.path, `the test ${kind} of ${owner.subject} names no column`);
  const { enabled, ...rest } = parseTestConfig(`${owner.path}: ${kind} of ${owner.subject}`, [
    inline,
    record.default({}).parse(config),
  ]);
  if (!enabled) return undefined;
  const assertion = parseAssertion(owner, kind, column, given);
  return {
    name: typeof name === "string" ? name : testName(owner, assertion),
    path: owner.path,
    subject: owner.subject,
    assertion,
    ...rest,
  };
}

/** `- unique`, or `- unique: {…}`, or, with the key `test_name`, both in one. */
function unfoldEntry(owner: Owner, entry: string | Record<string, unknown>) {
  if (typeof entry === "string") return { kind: entry, values: {} };
  if (typeof entry.test_name === "string") {
    const { test_name, ...values } = entry;
    return { kind: test_name, values };
  }
  const [kind, ...others] = Object.keys(entry);
  if (kind === undefined || others.length > 0) throw refuse(owner.path, `a test of ${owner.subject} is not understood`);
  return { kind, values: record.parse(entry[kind] ?? {}) };
}

const acceptedValues = z.strictObject({
  values: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1),
  quote: z.boolean().default(true),
});
const relationship = z.strictObject({ to: z.string(), field: z.string() });

function parseAssertion(owner: Owner, kind: string, column: string, given: Record<string, unknown>): GenericAssertion {
  const check = <Schema extends z.ZodType>(schema: Schema): z.output<Schema> => {
    const parsed = schema.safeParse(given);
    if (parsed.success) return parsed.data;
    throw refuse(
      owner.path,
      `the test ${kind} of ${owner.subject}.${column}: ${z.prettifyError(parsed.error).split("\n")[0]}`,
    );
  };
  switch (kind) {
    case "unique":
    case "not_null":
      check(z.strictObject({}));
      return { kind, column };
    case "accepted_values": {
      const { values, quote } = check(acceptedValues);
      return { kind, column, values: values.map(String), quote };
    }
    case "relationships":
      return { kind, column, ...check(relationship) };
    default:
      throw refuseUnsupported(owner.path, `the generic test ${kind} of ${owner.subject}`);
  }
}

const slug = (text: string) => text.replace(/[^0-9a-zA-Z_]+/g, "_");

/** dbt's own name for a generic test. */
function testName({ namePrefix }: Owner, assertion: GenericAssertion): string {
  const base = `${assertion.kind}_${namePrefix}_${slug(assertion.column)}`;
  if (assertion.kind === "accepted_values") return `${base}__${assertion.values.map(slug).join("__")}`;
  if (assertion.kind === "relationships") return `${base}__${slug(assertion.field)}__${slug(assertion.to)}`;
  return base;
}
