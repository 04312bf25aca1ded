import { createHash } from "node:crypto";
import { fromPlain } from "../jinja/plain.ts";
import { Dict, type Value } from "../jinja/values.ts";
import { type Compiler, type CompileScope, unknownRelation } from "./compile.ts";
import { type ConfigLayer, folderConfig } from "./config.ts";
import { relationValue } from "./context/relations.ts";
import type { NodeFacts } from "./context/scope.ts";
import type { ProjectFile } from "./files.ts";
import { builtInAssertion, type DeclaredTest } from "./generic-tests.ts";
import type { Jinja } from "./jinja.ts";
import type { Naming } from "./naming.ts";
import type { SingularProperties } from "./properties.ts";
import { refuse, refuseUnsupported } from "./refusal.ts";
import type { Settings } from "./settings.ts";
import { parseTestConfig } from "./test-config.ts";
import type { DataTest, Model, TestConfig } from "./types.ts";

export type TestContext = {
  compiler: Compiler;
  jinja: Jinja;
  settings: Settings;
  packages: Map<string, Settings>;
  models: Model[];
  naming: Naming;
  renderValues(where: string, values: Record<string, unknown>, packageName: string): Record<string, unknown>;
};

const hash = (text: string) => createHash("md5").update(text).digest("hex").slice(0, 10);
const looksLikeCall = /^\s*(env_var|ref|var|source|doc)\s*\(.+\)\s*$/;

function layersOf(
  context: TestContext,
  file: Omit<ProjectFile, "text">,
  own: ConfigLayer,
  weaker?: ConfigLayer,
): ConfigLayer[] {
  const { settings, packages, renderValues } = context;
  const ofPackage = packages.get(file.package);
  const all = ofPackage && ofPackage !== settings ? [ofPackage, settings] : [settings];
  const folders = all.map((each) => folderConfig(each.data_tests, file.package, file));
  return [...folders, ...(weaker ? [weaker] : []), own].map(({ where, values: { where: filter, ...values } }) => ({
    where,
    // A `where` is rendered when the test runs, and may say ref().
    values: { ...renderValues(where, values, file.package), ...(filter !== undefined && { where: filter }) },
  }));
}

/** Where the failing rows of a test are stored: beside the models, in a schema that its config may name. */
function placeOf(
  context: TestContext,
  test: Omit<NodeFacts, "config" | "tags" | "resourceType">,
  config: TestConfig,
  alias: string,
) {
  const { schema, alias: own } = config.values;
  const place = {
    schema: typeof schema === "string" ? schema : "dbt_test__audit",
    alias: typeof own === "string" ? own : alias,
  };
  return context.naming({ ...test, resourceType: "test", config: config.values, tags: config.tags }, place, test.path);
}

/** Reads a generic test: one of dbt's own four, or of the project's. */
export function readGenericTest(context: TestContext, test: DeclaredTest): DataTest {
  const { jinja } = context;
  const { file } = test;
  const where = `${test.path}:${test.line}`;
  const macro = test.macro.replace(/[^.]*$/, (name) => `test_${name}`);
  const isOwn = jinja.find(macro, file.package) !== undefined;
  const builtIn = isOwn ? undefined : builtInAssertion(test);
  if (!isOwn && !builtIn) throw refuseUnsupported(where, `the generic test ${test.macro} of ${test.subject}`);
  const assertion = builtIn ?? { kind: "custom", macro, given: test.given };
  const dependsOn = new Set([test.subject]);
  const render = (text: string, more: Pick<CompileScope, "names" | "onConfig"> = {}) =>
    context.compiler.render(test.path, text, {
      ...more,
      line: test.line,
      package: file.package,
      execute: false,
      onDependency: (name) => dependsOn.add(name),
    });
  if (assertion.kind === "relationships") {
    render(`{{ ${assertion.to.replace(/^\{\{|\}\}$/g, "")} }}`);
    const to = [...dependsOn].at(-1) ?? "";
    if (!looksLikeCall.test(assertion.to) && !assertion.to.includes("{{")) {
      throw refuse(where, `the test ${test.name} must name its other side by ref() or source()`);
    }
    assertion.to = to;
  }
  const own: ConfigLayer = { where, values: {} };
  if (assertion.kind === "custom") {
    const given = Object.entries(assertion.given).map(([name, value]): [string, Value] => {
      if (typeof value !== "string" || name === "column_name") return [name, fromPlain(value)];
      if (looksLikeCall.test(value)) return [name, render(`{{ ${value} }}`)];
      return [name, value.includes("{{") ? render(value) : value];
    });
    const names = { test_arguments: new Dict([["model", relationValue(unknownRelation, "")], ...given]) };
    // What the test says of itself is weaker than what YAML says of it.
    const onConfig = (values: Record<string, unknown>) => Object.assign(own.values, values);
    render(`{{ ${assertion.macro}(**test_arguments) }}`, { names, onConfig });
  }
  const folder = file.place.replace(/[^/]*$/, test.name);
  const config = parseTestConfig(layersOf(context, { ...file, place: folder }, test.config, own));
  const node = {
    name: test.name,
    uniqueId: `test.${file.package}.${test.name}.${hash(JSON.stringify([test.subject, test.given]))}`,
    package: file.package,
    fqn: [file.package, ...file.place.split("/").slice(0, -1), test.name],
  };
  return {
    ...node,
    relation: placeOf(context, { ...node, path: test.path }, config, test.alias),
    kind: "generic",
    path: where,
    description: test.description,
    subject: test.subject,
    column: test.column,
    assertion,
    config,
    dependsOn: [...dependsOn],
  };
}

/** Reads a query of tests/ that should find nothing. */
export function readSingularTest(context: TestContext, file: ProjectFile, described: SingularProperties[]): DataTest {
  const { compiler, models } = context;
  const name = file.path.replace(/^.*\//, "").replace(/\.sql$/, "");
  const properties = described.find((entry) => entry.name === name);
  const dependsOn = new Set<string>();
  const own: ConfigLayer = { where: file.path, values: {} };
  compiler.render(file.path, file.text, {
    package: file.package,
    execute: false,
    onDependency: (dependency) => dependsOn.add(dependency),
    onConfig: (given) => Object.assign(own.values, given),
  });
  const layers = layersOf(context, file, properties?.config ?? { where: file.path, values: {} });
  const config = parseTestConfig([...layers, own]);
  // Where all that it reads stands: with the last of its models.
  const subject = models.filter((model) => dependsOn.has(model.name)).at(-1)?.name ?? [...dependsOn][0] ?? "";
  const node = {
    ...{ name, package: file.package, uniqueId: `test.${file.package}.${name}` },
    fqn: [file.package, ...file.place.split("/").slice(0, -1), name],
  };
  return {
    ...node,
    relation: placeOf(context, { ...node, path: file.path }, config, name.slice(0, 63)),
    kind: "singular",
    path: file.path,
    description: properties?.description ?? "",
    subject,
    column: undefined,
    assertion: { kind: "singular", text: file.text },
    config,
    dependsOn: [...dependsOn],
  };
}
