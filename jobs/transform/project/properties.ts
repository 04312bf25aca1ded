import type { z } from "zod";
import type { ConfigLayer } from "./config.ts";
import type { ProjectFile } from "./files.ts";
import { type DeclaredTest, declareTests } from "./generic-tests.ts";
import { type RenderText, renderProperties } from "./properties-rendering.ts";
import {
  type ColumnEntry,
  type ConstraintEntry,
  type freshness,
  type PropertyFile,
  properties,
  type UnitTestEntry,
} from "./properties-schema.ts";
import type { Column, Constraint, Freshness, ResourceType, Source } from "./types.ts";
import { type ParsedYaml, parseYaml } from "./yaml.ts";

/** What a YAML file says of something that is built. */
export type ResourceProperties = {
  resourceType: ResourceType;
  name: string;
  package: string;
  path: string;
  line: number;
  description: string;
  columns: Column[];
  /** Of the whole table. */
  constraints: Constraint[];
  config: ConfigLayer;
  /** Of a snapshot that is defined in YAML: what it is of, `ref('x')`. */
  relation: string | undefined;
};

/** What a YAML file says of a singular test. */
export type SingularProperties = { name: string; path: string; description: string; config: ConfigLayer };
export type DeclaredUnitTest = { entry: UnitTestEntry; file: ProjectFile; line: number };

export type Properties = {
  resources: ResourceProperties[];
  sources: Source[];
  tests: DeclaredTest[];
  singular: SingularProperties[];
  unitTests: DeclaredUnitTest[];
};

export const asList = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** Reads what a YAML file says of models, seeds, snapshots, sources and tests. */
export function parseProperties(file: ProjectFile, render: RenderText): Properties {
  const parsed = parseYaml(file, properties, (value, lineOf) => renderProperties(file, value, lineOf, render));
  const result: Properties = { resources: [], sources: [], tests: [], singular: [], unitTests: [] };
  for (const kind of ["models", "seeds", "snapshots"] as const) readResources(result, file, parsed, kind, render);
  readSources(result, file, parsed, render);
  for (const [index, { name, description, config }] of parsed.value.data_tests.entries()) {
    const where = `${file.path}:${parsed.lineOf(["data_tests", index])}`;
    result.singular.push({ name, path: file.path, description: description.trim(), config: { where, values: config } });
  }
  for (const [index, entry] of parsed.value.unit_tests.entries()) {
    result.unitTests.push({ entry, file, line: parsed.lineOf(["unit_tests", index]) });
  }
  return result;
}

const describe = (render: RenderText, where: string, text: string) =>
  (text.includes("{{") ? render(where, text) : text).trim();

function readColumns(render: RenderText, where: string, list: ColumnEntry[]): Column[] {
  return list.map(({ name, description, data_type, quote, constraints }) => ({
    name,
    description: describe(render, where, description),
    ...(data_type !== undefined && { dataType: data_type }),
    ...(quote !== undefined && { quote }),
    ...(constraints.length > 0 && { constraints: constraints.map(readConstraint) }),
  }));
}

const readConstraint = ({ type, name, expression, columns, to, to_columns }: ConstraintEntry): Constraint => ({
  ...{ type, name, expression, columns, to },
  toColumns: to_columns,
});

const typeOf = { models: "model", seeds: "seed", snapshots: "snapshot" } as const;

function readResources(
  result: Properties,
  file: ProjectFile,
  { value, lineOf }: ParsedYaml<PropertyFile>,
  kind: keyof typeof typeOf,
  render: RenderText,
): void {
  for (const [index, entry] of value[kind].entries()) {
    const line = lineOf([kind, index]);
    const where = `${file.path}:${line}`;
    const { name, columns, tags, meta } = entry;
    const own = { ...(tags !== undefined && { tags }), ...(meta !== undefined && { meta }) };
    result.resources.push({
      resourceType: typeOf[kind],
      name,
      package: file.package,
      path: file.path,
      line,
      description: describe(render, where, entry.description),
      columns: readColumns(render, where, columns),
      constraints: entry.constraints.map(readConstraint),
      config: { where, values: { ...own, ...entry.config } },
      relation: "relation" in entry && typeof entry.relation === "string" ? entry.relation : undefined,
    });
    const owner = { file, subject: name, namePrefix: name, kindPrefix: "", lineOf, at: [kind, index] };
    result.tests.push(...declareTests(owner, entry, columns));
  }
}

function readSources(
  result: Properties,
  file: ProjectFile,
  { value, lineOf }: ParsedYaml<PropertyFile>,
  render: RenderText,
): void {
  for (const [index, source] of value.sources.entries()) {
    for (const [tableIndex, table] of source.tables.entries()) {
      if (!source.config.enabled || !table.config.enabled) continue;
      const at = ["sources", index, "tables", tableIndex];
      const where = `${file.path}:${lineOf(at)}`;
      const name = `${source.name}.${table.name}`;
      const layers = [table.config, table, source.config, source];
      result.sources.push({
        name,
        uniqueId: `source.${file.package}.${name}`,
        package: file.package,
        fqn: [file.package, ...file.place.split("/").slice(0, -1), name],
        path: file.path,
        relation: { schema: source.schema ?? source.name, identifier: table.identifier ?? table.name },
        description: describe(render, where, table.description || source.description),
        columns: readColumns(render, where, table.columns),
        tags: [...new Set([source, source.config, table, table.config].flatMap(({ tags }) => asList(tags)))],
        eventTime: table.config.event_time ?? source.config.event_time,
        loadedAtField: layers.find((layer) => layer.loaded_at_field !== undefined)?.loaded_at_field,
        freshness: parseFreshness(layers.map((layer) => layer.freshness)),
      });
      const namePrefix = `${source.name}_${table.name}`;
      const owner = { file, subject: name, namePrefix, kindPrefix: "source_", lineOf, at };
      result.tests.push(...declareTests(owner, table, table.columns));
    }
  }
}

const periods = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
type FreshnessEntry = z.output<typeof freshness>;

/** The strongest statement of freshness; null in it says that there is none. */
function parseFreshness(layers: (FreshnessEntry | null | undefined)[]): Freshness | undefined {
  const stated = layers.find((layer) => layer !== undefined);
  if (!stated) return undefined;
  const milliseconds = (value: FreshnessEntry["warn_after"]) => value && value.count * periods[value.period];
  return {
    warnAfterMs: milliseconds(stated.warn_after) ?? undefined,
    errorAfterMs: milliseconds(stated.error_after) ?? undefined,
    filter: stated.filter,
  };
}
