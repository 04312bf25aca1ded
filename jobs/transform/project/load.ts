import { randomUUID } from "node:crypto";
import { readBlocks } from "./blocks.ts";
import { type Compiler, createCompiler } from "./compile.ts";
import { graphValue } from "./context/graph.ts";
import type { RenderScope } from "./context/scope.ts";
import { readGenericTest, readSingularTest, type TestContext } from "./data-tests.ts";
import { type ProjectFile, type ProjectFiles, readPackages, readProjectFiles } from "./files.ts";
import { orderModels } from "./graph.ts";
import { createJinja, type Jinja } from "./jinja.ts";
import { createNaming } from "./naming.ts";
import { type Properties, parseProperties } from "./properties.ts";
import { native } from "./properties-rendering.ts";
import { refuse } from "./refusal.ts";
import { type Draft, findDrafts, readResource, readSnapshotDrafts } from "./resources.ts";
import { readSelectors } from "./selectors.ts";
import { readVariables } from "./settings.ts";
import { type Model, type Project, quoteRelation } from "./types.ts";
import { readUnitTest } from "./unit-tests.ts";

export type ProjectOptions = {
  /** The folder of dbt_project.yml. */
  projectDir: string;
  /** Over the project's own `vars`. */
  variables: Record<string, unknown>;
  /** What `env_var` may read. */
  environment: Record<string, string | undefined>;
  /** The database's name, for `target` and before each relation, where dbt prints it too; left out there where it is not given. */
  database?: string;
  /** Where models are built that name no schema; `public` where left out. */
  schema?: string;
  now?(): Date;
  /** Of a file, whether a name that is not defined is refused in it; of none where left out, as dbt has it. */
  refusesUndefined?(path: string): boolean;
};

export type LoadedProject = {
  project: Project;
  compiler: Compiler;
  jinja: Jinja;
  /** Empty where it was not given. */
  database: string;
  invocationId: string;
};

/** Reads a dbt project and checks all of it, so that nothing is built from a project with a fault in it. */
export function loadProject(options: ProjectOptions): LoadedProject {
  const own = readProjectFiles(options.projectDir);
  const all = [own, ...readPackages(options.projectDir, own)];
  const { settings } = own;
  const invocationId = randomUUID();
  const { database = "", schema = "public" } = options;
  const jinja = openJinja(options, all, { invocationId, database, schema });
  const renderText = (packageName: string) => (where: string, text: string) =>
    jinja.render(text, plainScope(where, packageName));
  const properties = joinProperties(
    all.flatMap((files) => files.properties.map((file) => parseProperties(file, renderText(file.package)))),
  );
  const drafts = all.flatMap((files) => findDrafts(files));
  drafts.push(...readSnapshotDrafts(properties.resources));
  checkNames(drafts, properties);
  const { sources } = properties;
  const draft = createCompiler({
    ...{ jinja, models: [], sources, projectName: settings.name, database },
    ...{ knownModels: new Set(drafts.map(({ name }) => name)), graph: () => graphValue([], [], { database, schema }) },
  });
  const renderValues = (where: string, values: Record<string, unknown>, packageName: string) =>
    renderDeep(values, (text) => renderText(packageName)(where, text));
  const naming = createNaming(jinja, { projectName: settings.name, database, schema });
  const packages = new Map(all.map((files) => [files.settings.name, files.settings]));
  const shared = { settings, packages, naming, renderValues };
  const context = { ...shared, draft, described: properties.resources };
  const models = orderModels(
    drafts.map((entry) => readResource(context, entry)).filter((model) => model.config.enabled),
  );
  refuseMissing(models);
  refuseShared(models);
  const compiler = createCompiler({
    ...{ jinja, models, sources, projectName: settings.name, database },
    ...{ knownModels: new Set(models.map(({ name }) => name)) },
    graph: () => graphValue(models, sources, { database, schema }),
  });
  const singular = all.flatMap((files) => files.tests);
  const tests = readTests({ ...shared, compiler, jinja, models }, singular, properties);
  const unitContext = { compiler, models, fixtures: all.flatMap((files) => files.fixtures) };
  const unitTests = properties.unitTests.flatMap((declared) => readUnitTest(unitContext, declared) ?? []);
  unique([...tests, ...unitTests]);
  const project: Project = {
    name: settings.name,
    ...{ schema, models, sources, tests, unitTests },
    onRunStart: hooksOf(all, "on-run-start"),
    onRunEnd: hooksOf(all, "on-run-end"),
    selectors: readSelectors(own.selectors),
    macros: all.flatMap(readMacroTexts),
  };
  return { project, compiler, jinja, database, invocationId };
}

function openJinja(
  options: ProjectOptions,
  all: ProjectFiles[],
  target: { invocationId: string; database: string; schema: string },
): Jinja {
  const [own] = all;
  const variables = new Map(
    all.map(({ settings }) => [
      settings.name,
      { ...readVariables(own?.settings ?? settings, settings), ...options.variables },
    ]),
  );
  return createJinja({
    ...target,
    macros: all.flatMap((files) => files.macros),
    variables: (packageName) => variables.get(packageName) ?? {},
    environment: options.environment,
    projectName: own?.settings.name ?? "",
    packages: [...variables.keys()],
    dispatch: new Map(
      (own?.settings.dispatch ?? []).map(({ macro_namespace, search_order }) => [macro_namespace, search_order]),
    ),
    docs: readDocs(all),
    now: options.now ?? (() => new Date()),
    ...(options.refusesUndefined && { refusesUndefined: options.refusesUndefined }),
  });
}

const hooksOf = (all: ProjectFiles[], key: "on-run-start" | "on-run-end") =>
  all.flatMap(({ settings, path }) => settings[key].map((text) => ({ path, package: settings.name, text })));

const readMacroTexts = ({ macros }: ProjectFiles) =>
  macros.flatMap((file) =>
    readBlocks(file.text, "macro").map(({ name, whole }) => ({
      ...{ name, path: file.path, package: file.package },
      text: whole,
    })),
  );

/** Docs blocks by name, and with the package before it. */
function readDocs(all: ProjectFiles[]): Map<string, string> {
  const blocks = all.flatMap(({ docs }) =>
    docs.flatMap((file) => readBlocks(file.text, "docs").map((block) => ({ ...block, package: file.package }))),
  );
  // The project's own come first, and are what a name alone means.
  const byName = blocks.toReversed().map(({ name, text }): [string, string] => [name, text.trim()]);
  return new Map([
    ...byName,
    ...blocks.map((block): [string, string] => [`${block.package}.${block.name}`, block.text.trim()]),
  ]);
}

function joinProperties(parts: Properties[]): Properties {
  return {
    resources: parts.flatMap((part) => part.resources),
    sources: parts.flatMap((part) => part.sources),
    tests: parts.flatMap((part) => part.tests),
    singular: parts.flatMap((part) => part.singular),
    unitTests: parts.flatMap((part) => part.unitTests),
  };
}

/** For what YAML says: variables and docs, and nothing of a model. */
function plainScope(where: string, packageName: string): RenderScope {
  const [, path = where, line] = /^([^:,]+)(?::(\d+))?/.exec(where) ?? [];
  const refuseHere = () => {
    throw refuse(path, "ref() and source() cannot be used here");
  };
  return {
    ...{ path, package: packageName },
    ...(line !== undefined && { line: Number(line) }),
    ...{ self: undefined, incremental: false, execute: false },
    ...{ ref: refuseHere, source: refuseHere, config: refuseHere },
  };
}

/** Hooks are rendered when they run. */
const lateKeys = /^(pre|post)[-_]hook$/;

function renderDeep(values: Record<string, unknown>, render: (text: string) => string): Record<string, unknown> {
  const walk = (value: unknown): unknown => {
    if (typeof value === "string") return value.includes("{{") ? native(render(value)) : value;
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, lateKeys.test(key) ? inner : walk(inner)]),
    );
  };
  return walk(values) as Record<string, unknown>;
}

function unique(items: { name: string; path: string }[]): void {
  const seen = new Map<string, string>();
  for (const { name, path } of items) {
    const before = seen.get(name);
    if (before !== undefined) throw refuse(path, `'${name}' is there twice, also in ${before}`);
    seen.set(name, path);
  }
}

const folderOf = { model: "models", seed: "seeds", snapshot: "snapshots" };

function checkNames(drafts: Draft[], { resources, sources }: Properties): void {
  unique(drafts);
  unique(sources);
  for (const kind of ["model", "seed", "snapshot"] as const) {
    const described = resources.filter(({ resourceType }) => resourceType === kind);
    unique(described);
    for (const { name, path, line } of described) {
      if (drafts.some((draft) => draft.name === name && draft.resourceType === kind)) continue;
      throw refuse(`${path}:${line}`, `describes the ${kind} '${name}', which has no file in ${folderOf[kind]}/`);
    }
  }
}

/** A model that is there but disabled is no longer in the list; one that reads it cannot be built. */
function refuseMissing(models: Model[]): void {
  const names = new Set(models.map(({ name }) => name));
  for (const model of models) {
    const missing = model.dependsOn.find((name) => !name.includes(".") && !names.has(name));
    if (missing !== undefined) throw refuse(model.path, `reads the model '${missing}', which is disabled`);
  }
}

/** Two models in one place would overwrite each other. */
function refuseShared(models: Model[]): void {
  const seen = new Map<string, Model>();
  for (const model of models.filter(({ config }) => config.materialized !== "ephemeral")) {
    const place = quoteRelation(model.relation);
    const before = seen.get(place);
    if (before) throw refuse(model.path, `stands in ${place}, as '${before.name}' of ${before.path} does`);
    seen.set(place, model);
  }
}

function readTests(context: TestContext, singular: ProjectFile[], properties: Properties) {
  const standing = new Set([...context.models, ...properties.sources].map(({ name }) => name));
  return [
    ...properties.tests.filter(({ subject }) => standing.has(subject)).map((test) => readGenericTest(context, test)),
    ...singular.map((file) => readSingularTest(context, file, properties.singular)),
  ].filter(({ config }) => config.enabled);
}
