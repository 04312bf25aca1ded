import { z } from "zod";
import { type Compiler, type CompileScope, createCompiler } from "./compile.ts";
import { folderConfig, parseModelConfig, parseTestConfig } from "./config.ts";
import { type ProjectFile, type ProjectFiles, parseYaml, readProjectFiles } from "./files.ts";
import { orderModels } from "./graph.ts";
import { createJinja } from "./jinja.ts";
import { type DeclaredTest, type ModelProperties, parseProperties } from "./properties.ts";
import { refuse } from "./refusal.ts";
import type { DataTest, Model, Project } from "./types.ts";

export type ProjectOptions = {
  /** The folder of dbt_project.yml. */
  projectDir: string;
  /** Over the project's own `vars`. */
  variables: Record<string, unknown>;
  /** What `env_var` may read. */
  environment: Record<string, string | undefined>;
};

export type LoadedProject = { project: Project; compiler: Compiler };

const record = z.record(z.string(), z.unknown());
const paths = (folder: string) => z.tuple([z.literal(folder)]).optional();

/** dbt_project.yml. Hooks and other ways to change dbt are not in it, so they are refused by name. */
const settings = z.strictObject({
  name: z.string(),
  version: z.union([z.string(), z.number()]).optional(),
  "config-version": z.literal(2).optional(),
  profile: z.string().optional(),
  "require-dbt-version": z.unknown().optional(),
  "model-paths": paths("models"),
  "macro-paths": paths("macros"),
  "test-paths": paths("tests"),
  "seed-paths": paths("seeds"),
  "snapshot-paths": paths("snapshots"),
  "analysis-paths": z.unknown().optional(),
  "target-path": z.unknown().optional(),
  "clean-targets": z.unknown().optional(),
  flags: z.unknown().optional(),
  models: record.default({}),
  vars: record.default({}),
});

type Settings = z.output<typeof settings>;

const baseName = (path: string) => path.replace(/^.*\//, "").replace(/\.sql$/, "");
/** Refs of a file are learned by rendering it, before there is anything to name. */
const unknownRelation = { schema: "public", identifier: "unknown" };

/** Reads a dbt project and checks all of it, so that nothing is built from a project with a fault in it. */
export function loadProject(options: ProjectOptions): LoadedProject {
  const files = readProjectFiles(options.projectDir);
  const project = parseYaml(files.settings, settings);
  const { [project.name]: scoped, ...plain } = project.vars;
  const jinja = createJinja({
    macros: files.macros,
    variables: { ...plain, ...record.default({}).parse(scoped), ...options.variables },
    environment: options.environment,
    projectName: project.name,
  });
  const properties = files.properties.map(parseProperties);
  const sources = properties.flatMap((part) => part.sources);
  const described = properties.flatMap((part) => part.models);
  const names = unique(files.models.map((file) => ({ name: baseName(file.path), path: file.path })));
  unique(sources.map(({ name, path }) => ({ name, path })));
  unique(described.map(({ name, path }) => ({ name, path })));
  for (const { name, path } of described) {
    if (!names.has(name)) throw refuse(path, `describes the model '${name}', which has no file in models/`);
  }
  const draft = createCompiler({ jinja, models: [], sources, knownModels: names });
  const models = files.models
    .map((file) =>
      readModel(
        draft,
        project,
        file,
        described.find(({ name }) => name === baseName(file.path)),
      ),
    )
    .filter((model) => model.config.enabled);
  const ordered = orderModels(models);
  refuseMissing(ordered);
  const compiler = createCompiler({
    jinja,
    models: ordered,
    sources,
    knownModels: new Set(models.map(({ name }) => name)),
  });
  const tests = [
    ...properties.flatMap((part) => part.tests).map((test) => readGenericTest(compiler, test)),
    ...readSingularTests(compiler, files, ordered),
  ].filter(
    (test) => models.some(({ name }) => name === test.subject) || sources.some(({ name }) => name === test.subject),
  );
  unique(tests.map(({ name, path }) => ({ name, path })));
  return { project: { name: project.name, models: ordered, sources, tests }, compiler };
}

function unique(items: { name: string; path: string }[]): Set<string> {
  const seen = new Map<string, string>();
  for (const { name, path } of items) {
    const before = seen.get(name);
    if (before !== undefined) throw refuse(path, `'${name}' is there twice, also in ${before}`);
    seen.set(name, path);
  }
  return new Set(seen.keys());
}

/** A model that is there but disabled is no longer in the list; one that reads it cannot be built. */
function refuseMissing(models: Model[]): void {
  const names = new Set(models.map(({ name }) => name));
  for (const model of models) {
    const missing = model.dependsOn.find((name) => !name.includes(".") && !names.has(name));
    if (missing !== undefined) throw refuse(model.path, `reads the model '${missing}', which is disabled`);
  }
}

function readModel(
  draft: Compiler,
  project: Settings,
  file: ProjectFile,
  properties: ModelProperties | undefined,
): Model {
  const name = baseName(file.path);
  const dependsOn = new Set<string>();
  let own: Record<string, unknown> = {};
  const scope: CompileScope = {
    relationOf: () => unknownRelation,
    onDependency: (dependency) => dependsOn.add(dependency),
    onConfig: (values) => {
      own = { ...own, ...values };
    },
  };
  const self = { schema: "public", identifier: name };
  // Twice, as what an incremental build reads may differ from what a full one reads.
  for (const incremental of [false, true]) draft.render(file.path, file.text, { ...scope, self, incremental });
  const layers = [folderConfig(project.models, project.name, file.path), properties?.config ?? {}, own];
  return {
    name,
    path: file.path,
    text: file.text,
    description: properties?.description ?? "",
    columns: properties?.columns ?? [],
    config: parseModelConfig(file.path, layers),
    dependsOn: [...dependsOn],
  };
}

function readGenericTest(compiler: Compiler, test: DeclaredTest): DataTest {
  const dependsOn = new Set([test.subject]);
  const { assertion } = test;
  if (assertion.kind !== "relationships") return { ...test, dependsOn: [...dependsOn] };
  let to = "";
  compiler.render(test.path, `{{ ${assertion.to} }}`, {
    relationOf: () => unknownRelation,
    onDependency: (name) => {
      to = name;
    },
  });
  if (!to) throw refuse(test.path, `the test ${test.name} must name its other side by ref() or source()`);
  return { ...test, assertion: { ...assertion, to }, dependsOn: [...dependsOn, to] };
}

function readSingularTests(compiler: Compiler, files: ProjectFiles, models: Model[]): DataTest[] {
  return files.tests.flatMap((file) => {
    const dependsOn = new Set<string>();
    let values = {};
    compiler.render(file.path, file.text, {
      relationOf: () => unknownRelation,
      onDependency: (name) => dependsOn.add(name),
      onConfig: (given) => {
        values = { ...values, ...given };
      },
    });
    const { enabled, ...config } = parseTestConfig(file.path, [values]);
    // Where all that it reads stands: with the last of its models.
    const subject = models.filter(({ name }) => dependsOn.has(name)).at(-1)?.name ?? [...dependsOn][0];
    if (subject === undefined) throw refuse(file.path, "reads no model and no source");
    const name = baseName(file.path);
    const assertion = { kind: "singular" as const, text: file.text };
    return enabled ? [{ name, path: file.path, subject, assertion, ...config, dependsOn: [...dependsOn] }] : [];
  });
}
