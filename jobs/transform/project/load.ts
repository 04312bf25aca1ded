import { randomUUID } from "node:crypto";
import { readBlocks } from "./blocks.ts";
import { type Compiler, createCompiler } from "./compile.ts";
import type { RenderScope } from "./context/scope.ts";
import { readGenericTest, readSingularTest, type TestContext } from "./data-tests.ts";
import { type ProjectFiles, readProjectFiles } from "./files.ts";
import { orderModels } from "./graph.ts";
import { createJinja, type Jinja } from "./jinja.ts";
import { type Properties, parseProperties } from "./properties.ts";
import { native } from "./properties-rendering.ts";
import { refuse } from "./refusal.ts";
import { type Draft, findDrafts, readResource } from "./resources.ts";
import { readSettings, readVariables } from "./settings.ts";
import type { Model, Project } from "./types.ts";
import { readUnitTest } from "./unit-tests.ts";

export type ProjectOptions = {
  /** The folder of dbt_project.yml. */
  projectDir: string;
  /** Over the project's own `vars`. */
  variables: Record<string, unknown>;
  /** What `env_var` may read. */
  environment: Record<string, string | undefined>;
  /** The database's name, for `target` and `this`. */
  database?: string;
  now?(): Date;
  /** Of a file, whether a name that is not defined is refused in it; of none where left out, as dbt has it. */
  refusesUndefined?(path: string): boolean;
};

export type LoadedProject = { project: Project; compiler: Compiler; jinja: Jinja; invocationId: string };

/** Reads a dbt project and checks all of it, so that nothing is built from a project with a fault in it. */
export function loadProject(options: ProjectOptions): LoadedProject {
  const files = readProjectFiles(options.projectDir);
  const settings = readSettings(files.settings);
  const invocationId = randomUUID();
  const jinja = createJinja({
    macros: files.macros,
    variables: { ...readVariables(settings), ...options.variables },
    environment: options.environment,
    projectName: settings.name,
    database: options.database ?? "barline",
    docs: readDocs(files),
    now: options.now ?? (() => new Date()),
    invocationId,
    ...(options.refusesUndefined && { refusesUndefined: options.refusesUndefined }),
  });
  const renderText = (where: string, text: string) => jinja.render(text, plainScope(where));
  const properties = joinProperties(files.properties.map((file) => parseProperties(file, settings.name, renderText)));
  const drafts = findDrafts(files, properties.resources);
  checkNames(drafts, properties);
  const { sources } = properties;
  const knownModels = new Set(drafts.map(({ name }) => name));
  const draft = createCompiler({ jinja, models: [], sources, knownModels });
  const renderValues = (where: string, values: Record<string, unknown>) =>
    renderDeep(values, (text) => renderText(where, text));
  const context = { draft, settings, described: properties.resources, renderValues };
  const models = orderModels(
    drafts.map((entry) => readResource(context, entry)).filter((model) => model.config.enabled),
  );
  refuseMissing(models);
  const compiler = createCompiler({ jinja, models, sources, knownModels: new Set(models.map(({ name }) => name)) });
  const tests = readTests({ compiler, jinja, settings, models, renderValues }, files, properties);
  const unitContext = { compiler, models, fixtures: files.fixtures, projectName: settings.name };
  const unitTests = properties.unitTests.flatMap((declared) => readUnitTest(unitContext, declared) ?? []);
  unique([...tests, ...unitTests]);
  const project: Project = {
    name: settings.name,
    ...{ models, sources, tests, unitTests },
    onRunStart: settings["on-run-start"],
    onRunEnd: settings["on-run-end"],
    macros: files.macros.flatMap(({ path, text }) =>
      readBlocks(text, "macro").map(({ name, whole }) => ({ name, path, text: whole })),
    ),
  };
  return { project, compiler, jinja, invocationId };
}

function readDocs({ docs }: ProjectFiles): Map<string, string> {
  return new Map(docs.flatMap(({ text }) => readBlocks(text, "docs").map((block) => [block.name, block.text.trim()])));
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
function plainScope(where: string): RenderScope {
  const [, path = where, line] = /^([^:,]+)(?::(\d+))?/.exec(where) ?? [];
  const refuseHere = () => {
    throw refuse(path, "ref() and source() cannot be used here");
  };
  return {
    path,
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

function readTests(context: TestContext, files: ProjectFiles, properties: Properties) {
  const standing = new Set([...context.models, ...properties.sources].map(({ name }) => name));
  return [
    ...properties.tests.filter(({ subject }) => standing.has(subject)).map((test) => readGenericTest(context, test)),
    ...files.tests.map((file) => readSingularTest(context, file, properties.singular)),
  ].filter(({ config }) => config.enabled);
}
