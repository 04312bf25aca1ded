import { createHash } from "node:crypto";
import type { LoadedProject } from "../project/assemble.ts";
import { type Column, type DataTest, type Model, quoteRelation, type Source, type UnitTest } from "../project/types.ts";
import { compilePublished, compilePublishedTest } from "../summary.ts";

/** What both of dbt's artifacts begin with. */
export function metadata(schema: string, { project, invocationId }: LoadedProject, at: Date) {
  return {
    dbt_schema_version: `https://schemas.getdbt.com/dbt/${schema}.json`,
    dbt_version: "1.10.0",
    generated_at: at.toISOString(),
    invocation_id: invocationId,
    env: {},
    project_name: project.name,
    adapter_type: "postgres",
  };
}

const plainPath = (path: string) => path.replace(/:\d+$/, "");
const columnsOf = (columns: Column[]) =>
  Object.fromEntries(
    columns.map(({ name, description, dataType }) => [
      name,
      { name, description, meta: {}, data_type: dataType ?? null, tags: [] },
    ]),
  );
const checksum = (text: string) => ({ name: "sha256", checksum: createHash("sha256").update(text).digest("hex") });

type Naming = { idOf(name: string): string; database: string };

/** What every node has, whatever it is. */
function common(
  naming: Naming,
  node: { name: string; uniqueId: string; package: string; fqn: string[]; path: string; description: string },
  tags: string[],
) {
  const original = plainPath(node.path);
  return {
    database: naming.database,
    name: node.name,
    package_name: node.package,
    path: original.replace(/^[^/]*\//, ""),
    original_file_path: original,
    unique_id: node.uniqueId,
    fqn: node.fqn,
    tags,
    description: node.description,
    meta: {},
    docs: { show: true },
    language: "sql",
  };
}

function modelNode(loaded: LoadedProject, naming: Naming, model: Model) {
  const { config, resourceType, text, columns, dependsOn } = model;
  const isEphemeral = config.materialized === "ephemeral";
  const { columns: _, ...snapshot } = config.snapshot ?? {};
  return {
    ...common(naming, model, config.tags),
    resource_type: resourceType,
    schema: model.relation.schema,
    alias: model.relation.identifier,
    checksum: checksum(text),
    config: { ...snapshot, ...config.values, enabled: true, materialized: config.materialized, tags: config.tags },
    columns: columnsOf(columns),
    relation_name: isEphemeral ? null : quoteRelation(model.relation),
    raw_code: resourceType === "seed" ? "" : text,
    compiled: resourceType !== "seed",
    compiled_code: compilePublished(loaded, model),
    depends_on: { macros: [], nodes: dependsOn.map(naming.idOf) },
    refs: dependsOn
      .filter((parent) => !parent.includes("."))
      .map((parent) => ({ name: parent, package: null, version: null })),
    sources: dependsOn.filter((parent) => parent.includes(".")).map((parent) => parent.split(".")),
  };
}

function testNode(loaded: LoadedProject, naming: Naming, test: DataTest) {
  const { config, assertion, relation, column, dependsOn, subject } = test;
  const generic = assertion.kind === "singular" ? undefined : assertion;
  const macro = generic?.kind === "custom" ? generic.macro.replace(/^(.*\.)?test_/, "") : generic?.kind;
  const { severity, warnIf, errorIf, failCalc, where, limit, storeFailures } = config;
  return {
    ...common(naming, test, config.tags),
    resource_type: "test",
    schema: relation.schema,
    alias: relation.identifier,
    checksum: checksum(""),
    config: {
      ...config.values,
      ...{ enabled: true, materialized: "test", tags: config.tags, severity: severity.toUpperCase() },
      ...{ warn_if: warnIf, error_if: errorIf, fail_calc: failCalc, where: where ?? null, limit: limit ?? null },
      ...{ store_failures: storeFailures !== undefined, store_failures_as: storeFailures ?? null },
    },
    columns: {},
    relation_name: storeFailures ? quoteRelation(relation) : null,
    raw_code: assertion.kind === "singular" ? assertion.text : `{{ test_${macro}(**_dbt_generic_test_kwargs) }}`,
    compiled: true,
    compiled_code: compilePublishedTest(loaded, test),
    depends_on: { macros: [], nodes: dependsOn.map(naming.idOf) },
    ...(generic && {
      column_name: column ?? null,
      attached_node: subject.includes(".") ? null : naming.idOf(subject),
      test_metadata: { name: macro, kwargs: generic.kind === "custom" ? generic.given : generic, namespace: null },
    }),
  };
}

function sourceNode(naming: Naming, source: Source) {
  const [sourceName = "", table = ""] = source.name.split(".");
  const { relation, freshness, columns, tags, loadedAtField } = source;
  const age = (milliseconds: number | undefined) =>
    milliseconds === undefined ? null : { count: milliseconds / 60_000, period: "minute" };
  return {
    ...common(naming, { ...source, name: table }, tags),
    resource_type: "source",
    source_name: sourceName,
    schema: relation.schema,
    identifier: relation.identifier,
    relation_name: quoteRelation(relation),
    loaded_at_field: loadedAtField ?? null,
    freshness: freshness && {
      warn_after: age(freshness.warnAfterMs),
      error_after: age(freshness.errorAfterMs),
      filter: freshness.filter ?? null,
    },
    columns: columnsOf(columns),
    config: { enabled: true },
  };
}

function unitTestNode(naming: Naming, test: UnitTest) {
  return {
    ...common(naming, test, test.tags),
    resource_type: "unit_test",
    model: test.model,
    given: [...test.given].map(([input, fixture]) => ({ input, ...fixture })),
    expect: test.expect,
    overrides: test.overrides,
    depends_on: { macros: [], nodes: [naming.idOf(test.model)] },
    config: { tags: test.tags },
  };
}

const keyed = <T extends { unique_id: string }>(nodes: T[]) =>
  Object.fromEntries(nodes.map((node) => [node.unique_id, node]));

/** dbt's manifest.json (version 12), as far as catalogs, lineage and monitoring tools read it. */
export function buildManifest(loaded: LoadedProject, database: string, at: Date): Record<string, unknown> {
  const { project } = loaded;
  const ids = new Map([...project.models, ...project.sources].map(({ name, uniqueId }) => [name, uniqueId]));
  const naming: Naming = { idOf: (name) => ids.get(name) ?? name, database };
  const nodes = [
    ...project.models.map((model) => modelNode(loaded, naming, model)),
    ...project.tests.map((test) => testNode(loaded, naming, test)),
  ];
  const sources = project.sources.map((source) => sourceNode(naming, source));
  const unitTests = project.unitTests.map((test) => unitTestNode(naming, test));
  const all = [...sources, ...nodes, ...unitTests];
  const parentMap: Record<string, string[]> = {};
  const childMap: Record<string, string[]> = Object.fromEntries(all.map((node) => [node.unique_id, []]));
  for (const node of all) {
    parentMap[node.unique_id] = "depends_on" in node ? node.depends_on.nodes : [];
    for (const parent of parentMap[node.unique_id] ?? []) childMap[parent]?.push(node.unique_id);
  }
  const macros = project.macros.map(({ name, path, text, package: owner }) => ({
    ...{ name, path, original_file_path: path, package_name: owner, resource_type: "macro" },
    unique_id: `macro.${owner}.${name}`,
    macro_sql: text,
    depends_on: { macros: [] },
  }));
  return {
    metadata: metadata("manifest/v12", loaded, at),
    ...{ nodes: keyed(nodes), sources: keyed(sources), macros: keyed(macros), unit_tests: keyed(unitTests) },
    ...{ parent_map: parentMap, child_map: childMap },
    ...{ docs: {}, exposures: {}, metrics: {}, groups: {}, selectors: {}, disabled: {}, group_map: {} },
    ...{ saved_queries: {}, semantic_models: {} },
  };
}
