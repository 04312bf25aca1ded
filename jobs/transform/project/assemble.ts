import { randomUUID } from "node:crypto";
import { type Attempt, strictly } from "./attempt.ts";
import { readBlocks } from "./blocks.ts";
import { checkNames, refuseDisabled, refuseShared, unique } from "./checks.ts";
import { type Compiler, createCompiler } from "./compile.ts";
import { graphValue } from "./context/graph.ts";
import type { RenderScope } from "./context/scope.ts";
import { readGenericTest, readSingularTest, type TestContext } from "./data-tests.ts";
import { nameOf, type ProjectFiles } from "./files.ts";
import { namedIn, orderModels } from "./graph.ts";
import { createJinja, type Jinja } from "./jinja.ts";
import { createNaming } from "./naming.ts";
import { type Properties, parseProperties } from "./properties.ts";
import { native } from "./properties-rendering.ts";
import { refuse } from "./refusal.ts";
import { type Draft, findDrafts, readResource, readSnapshotDrafts } from "./resources.ts";
import { readSelectors } from "./selectors.ts";
import { readVariables } from "./settings.ts";
import type { DataTest, Model, Project, UnitTest } from "./types.ts";
import { readUnitTest } from "./unit-tests.ts";

export type ReadingOptions = {
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
  /** Of the project and its packages. */
  files: ProjectFiles[];
  compiler: Compiler;
  jinja: Jinja;
  /** Empty where it was not given. */
  database: string;
  invocationId: string;
};

export type Assembly = ReadingOptions & {
  /** Of the project, and of its packages after it. */
  files: [ProjectFiles, ...ProjectFiles[]];
  /** A project that is laid under this one: read already, and blind to all that is in this one. Its models may be read, its macros called. */
  base?: LoadedProject;
  /** Strictly where left out. */
  attempt?: Attempt;
};

/**
 * Puts a project together from its files and checks all of it. Strictly, a fault anywhere is a fault of the whole; else what is at fault is
 * left out, and what reads it as well.
 */
export function assemble(options: Assembly): LoadedProject {
  const { files: all, base, attempt = strictly } = options;
  const [own] = all;
  const { settings } = own;
  const invocationId = randomUUID();
  const { database = "", schema = "public" } = options;
  const jinja = openJinja(options, { invocationId, database, schema });
  const renderText = (packageName: string) => (where: string, text: string) =>
    jinja.render(text, plainScope(where, packageName));
  const properties = readAllProperties(all, renderText, attempt);
  const sources = [...(base?.project.sources ?? []), ...properties.sources];
  const drafts = readDrafts(all, properties, attempt);
  checkNames(drafts, properties, base?.project, attempt);
  const known = [...(base?.project.models ?? []), ...drafts].map(({ name }) => name);
  const draft = createCompiler({
    ...{ jinja, models: [], sources, projectName: settings.name, database },
    ...{ knownModels: new Set(known), graph: () => graphValue([], [], { database, schema }) },
  });
  const renderValues = (where: string, values: Record<string, unknown>, packageName: string) =>
    renderDeep(values, (text) => renderText(packageName)(where, text));
  const naming = createNaming(jinja, { projectName: settings.name, database, schema });
  const packages = new Map(all.map((files) => [files.settings.name, files.settings]));
  const shared = { settings, packages, naming, renderValues };
  const context = { ...shared, draft, described: properties.resources };
  const read = drafts.flatMap(
    (entry) => attempt({ path: entry.path, node: entry.name }, () => readResource(context, entry)) ?? [],
  );
  const models = [
    ...(base?.project.models ?? []),
    ...orderModels(
      read.filter((model) => model.config.enabled),
      attempt,
    ),
  ];
  refuseDisabled(models, new Set(read.filter(({ config }) => !config.enabled).map(({ name }) => name)), attempt);
  refuseShared(models, base?.project, attempt);
  const compiler = createCompiler({
    ...{ jinja, models, sources, projectName: settings.name, database },
    ...{ knownModels: new Set([...models, ...(attempt === strictly ? [] : drafts)].map(({ name }) => name)) },
    graph: () => graphValue(models, sources, { database, schema }),
  });
  const tests = readTests({ ...shared, compiler, jinja, models }, all, properties, attempt);
  const unitTests = readUnitTests({ compiler, models, all, properties }, attempt);
  unique<DataTest | UnitTest>([...tests, ...unitTests], attempt, (test) =>
    "model" in test ? [test.model] : test.dependsOn,
  );
  const project: Project = {
    name: settings.name,
    ...{ schema, models, sources, tests, unitTests },
    onRunStart: hooksOf(all, "on-run-start"),
    onRunEnd: hooksOf(all, "on-run-end"),
    selectors: readSelectors(own.selectors),
    macros: all.flatMap(readMacroTexts),
  };
  return { project, files: all, compiler, jinja, database, invocationId };
}

function readAllProperties(
  all: ProjectFiles[],
  renderText: (packageName: string) => (where: string, text: string) => string,
  attempt: Attempt,
): Properties {
  return joinProperties(
    all.flatMap((files) =>
      files.properties.flatMap(
        (file) => attempt({ path: file.path }, () => parseProperties(file, renderText(file.package))) ?? [],
      ),
    ),
  );
}

function readDrafts(all: ProjectFiles[], { resources }: Properties, attempt: Attempt): Draft[] {
  return [...all.flatMap((files) => findDrafts(files, attempt)), ...readSnapshotDrafts(resources)];
}

function openJinja(options: Assembly, target: { invocationId: string; database: string; schema: string }): Jinja {
  const { files: all, base } = options;
  const [{ settings: own }] = all;
  const below = base?.files ?? [];
  const [closed] = below;
  const variables = new Map([
    // What is laid under sees its own alone.
    ...below.map(({ settings }): [string, Record<string, unknown>] => [
      settings.name,
      { ...readVariables(closed?.settings ?? settings, settings), ...options.variables },
    ]),
    ...all.map(({ settings }): [string, Record<string, unknown>] => [
      settings.name,
      { ...readVariables(own, settings), ...options.variables },
    ]),
  ]);
  return createJinja({
    ...target,
    macros: [...all, ...below].flatMap((files) => files.macros),
    variables: (packageName) => variables.get(packageName) ?? {},
    environment: options.environment,
    projectName: own.name,
    packages: [...variables.keys()],
    closed: new Set(below.map(({ settings }) => settings.name)),
    dispatch: new Map(own.dispatch.map(({ macro_namespace, search_order }) => [macro_namespace, search_order])),
    docs: readDocs([...all, ...below]),
    now: options.now ?? (() => new Date()),
    ...(options.refusesUndefined && { refusesUndefined: options.refusesUndefined }),
    ...(options.attempt && { attempt: options.attempt }),
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

function readTests(
  context: TestContext,
  all: ProjectFiles[],
  properties: Properties,
  attempt: Attempt,
): Project["tests"] {
  const standing = new Set([...context.models, ...properties.sources].map(({ name }) => name));
  const generic = properties.tests
    .filter(({ subject }) => standing.has(subject))
    .map((test) =>
      attempt({ path: test.path, node: test.name, concerns: [test.subject] }, () => readGenericTest(context, test)),
    );
  const singular = all
    .flatMap((files) => files.tests)
    .map((file) =>
      attempt({ path: file.path, node: nameOf(file.path), concerns: namedIn(file.text) }, () =>
        readSingularTest(context, file, properties.singular),
      ),
    );
  return [...generic, ...singular].flatMap((test) => (test?.config.enabled ? test : []));
}

function readUnitTests(
  given: { compiler: Compiler; models: Model[]; all: ProjectFiles[]; properties: Properties },
  attempt: Attempt,
): UnitTest[] {
  const { compiler, models, all, properties } = given;
  const context = { compiler, models, fixtures: all.flatMap((files) => files.fixtures) };
  return properties.unitTests.flatMap((declared) => {
    const { entry, file } = declared;
    const of = { path: file.path, node: entry.name, concerns: [entry.model] };
    return attempt(of, () => readUnitTest(context, declared)) ?? [];
  });
}
