import { createHash } from "node:crypto";
import { fromPlain } from "../jinja/plain.ts";
import { Dict, type Value } from "../jinja/values.ts";
import type { Compiler, CompileScope } from "./compile.ts";
import { type ConfigLayer, folderConfig, parseTestConfig } from "./config.ts";
import { relationValue } from "./context/relations.ts";
import type { ProjectFile } from "./files.ts";
import { builtInAssertion, type DeclaredTest } from "./generic-tests.ts";
import type { Jinja } from "./jinja.ts";
import type { SingularProperties } from "./properties.ts";
import { refuse, refuseUnsupported } from "./refusal.ts";
import { unknownRelation } from "./resources.ts";
import type { Settings } from "./settings.ts";
import type { DataTest, Model } from "./types.ts";

export type TestContext = {
  compiler: Compiler;
  jinja: Jinja;
  settings: Settings;
  models: Model[];
  renderValues(where: string, values: Record<string, unknown>): Record<string, unknown>;
};

const hash = (text: string) => createHash("md5").update(text).digest("hex").slice(0, 10);
const looksLikeCall = /^\s*(env_var|ref|var|source|doc)\s*\(.+\)\s*$/;

function layersOf(context: TestContext, path: string, own: ConfigLayer, weaker?: ConfigLayer): ConfigLayer[] {
  const { settings, renderValues } = context;
  return [folderConfig(settings.data_tests, settings.name, path), ...(weaker ? [weaker] : []), own].map(
    ({ where, values: { where: filter, ...values } }) => ({
      where,
      // A `where` is rendered when the test runs, and may say ref().
      values: { ...renderValues(where, values), ...(filter !== undefined && { where: filter }) },
    }),
  );
}

/** Reads a generic test: one of dbt's own four, or of the project's. */
export function readGenericTest(context: TestContext, test: DeclaredTest): DataTest {
  const { jinja, settings } = context;
  const where = `${test.path}:${test.line}`;
  const isOwn = jinja.macros.has(`test_${test.macro}`);
  const builtIn = isOwn ? undefined : builtInAssertion(test);
  if (!isOwn && !builtIn) throw refuseUnsupported(where, `the generic test ${test.macro} of ${test.subject}`);
  const assertion = builtIn ?? { kind: "custom", macro: `test_${test.macro}`, given: test.given };
  const dependsOn = new Set([test.subject]);
  const render = (text: string, more: Pick<CompileScope, "names" | "onConfig"> = {}) =>
    context.compiler.render(test.path, text, {
      ...more,
      line: test.line,
      relationOf: () => unknownRelation,
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
  const folder = test.path.replace(/[^/]*$/, test.name);
  return {
    name: test.name,
    alias: test.alias,
    uniqueId: `test.${settings.name}.${test.name}.${hash(JSON.stringify([test.subject, test.given]))}`,
    kind: "generic",
    path: where,
    description: test.description,
    subject: test.subject,
    column: test.column,
    assertion,
    config: parseTestConfig(layersOf(context, folder, test.config, own)),
    dependsOn: [...dependsOn],
  };
}

/** Reads a query of tests/ that should find nothing. */
export function readSingularTest(context: TestContext, file: ProjectFile, described: SingularProperties[]): DataTest {
  const { compiler, models, settings } = context;
  const name = file.path.replace(/^.*\//, "").replace(/\.sql$/, "");
  const properties = described.find((entry) => entry.name === name);
  const dependsOn = new Set<string>();
  const own: ConfigLayer = { where: file.path, values: {} };
  compiler.render(file.path, file.text, {
    relationOf: () => unknownRelation,
    execute: false,
    onDependency: (dependency) => dependsOn.add(dependency),
    onConfig: (given) => Object.assign(own.values, given),
  });
  const layers = layersOf(context, file.path, properties?.config ?? { where: file.path, values: {} });
  const config = parseTestConfig([...layers, own]);
  // Where all that it reads stands: with the last of its models.
  const subject = models.filter((model) => dependsOn.has(model.name)).at(-1)?.name ?? [...dependsOn][0];
  if (subject === undefined) throw refuse(file.path, "reads no model and no source");
  return {
    name,
    alias: name.slice(0, 63),
    uniqueId: `test.${settings.name}.${name}`,
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
