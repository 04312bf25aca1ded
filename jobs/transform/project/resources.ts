import type { Attempt } from "./attempt.ts";
import { readBlocks } from "./blocks.ts";
import type { Compiler, CompileScope } from "./compile.ts";
import { type ConfigLayer, folderConfig } from "./config.ts";
import { nameOf, type ProjectFile, type ProjectFiles } from "./files.ts";
import { parseModelConfig } from "./model-config.ts";
import type { Naming } from "./naming.ts";
import type { ResourceProperties } from "./properties.ts";
import { refuse } from "./refusal.ts";
import type { Settings } from "./settings.ts";
import type { Model, ResourceType } from "./types.ts";

export type ResourceContext = {
  /** Knows the names, and no model yet. */
  draft: Compiler;
  /** Of the project, and of each package by its name. */
  settings: Settings;
  packages: Map<string, Settings>;
  described: ResourceProperties[];
  naming: Naming;
  /** Renders what YAML says of a config in a package. */
  renderValues(where: string, values: Record<string, unknown>, packageName: string): Record<string, unknown>;
};

/** Something that is to be built, as its file has it. */
export type Draft = {
  resourceType: ResourceType;
  name: string;
  package: string;
  path: string;
  /** The path within the folder of its kind. */
  place: string;
  text: string;
  line: number;
};

/** The models, seeds and snapshots that the files hold, in no order. */
export function findDrafts(files: ProjectFiles, attempt: Attempt): Draft[] {
  const whole =
    (resourceType: ResourceType) =>
    (file: ProjectFile): Draft => ({
      resourceType,
      name: nameOf(file.path),
      ...file,
      line: 1,
    });
  return [
    ...files.models.map(whole("model")),
    ...files.seeds.map(whole("seed")),
    ...files.snapshots.flatMap((file) => attempt({ path: file.path }, () => readSnapshotFile(file)) ?? []),
  ];
}

/** The snapshots that YAML alone defines. */
export const readSnapshotDrafts = (described: ResourceProperties[]): Draft[] =>
  described.flatMap(readSnapshotProperties);

function readSnapshotFile(file: ProjectFile): Draft[] {
  const blocks = readBlocks(file.text, "snapshot");
  if (blocks.length === 0 && file.text.trim()) throw refuse(`${file.path}:1`, "holds no {% snapshot %} block");
  return blocks.map((block) => ({
    ...file,
    resourceType: "snapshot",
    name: block.name,
    text: block.text,
    line: block.line,
  }));
}

/** A snapshot of a relation that is named beside its config. */
function readSnapshotProperties(properties: ResourceProperties): Draft[] {
  const { resourceType, name, path, line, relation } = properties;
  if (resourceType !== "snapshot" || relation === undefined) return [];
  const text = `select * from {{ ${relation} }}`;
  return [{ resourceType, name, package: properties.package, path, place: name, text, line }];
}

/** Reads one of them: what it depends on, and its config from the weakest source to the strongest. */
export function readResource(context: ResourceContext, draft: Draft): Model {
  const { resourceType, name, path, text, line } = draft;
  const properties = context.described.find((entry) => entry.name === name && entry.resourceType === resourceType);
  const dependsOn = new Set<string>();
  const own: ConfigLayer = { where: path, values: {} };
  if (resourceType !== "seed") renderDraft(context.draft, draft, dependsOn, own);
  const layers = [...folderLayers(context, draft), ...(properties ? [properties.config] : [])].map(
    ({ where, values }) => ({ where, values: context.renderValues(where, values, draft.package) }),
  );
  const config = parseModelConfig(resourceType, [...layers, own]);
  const uniqueId = `${resourceType}.${draft.package}.${name}`;
  const fqn = [draft.package, ...draft.place.split("/").slice(0, -1), name];
  const facts = { ...draft, uniqueId, fqn, tags: config.tags, config: { ...config.values } };
  const { schema, alias, target_schema: fixed } = config.values;
  const relation = context.naming(facts, { schema: textOf(schema), alias: textOf(alias) }, own.where);
  return {
    ...{ name, resourceType, uniqueId, path, text, line, fqn, config },
    package: draft.package,
    // An older way to say it of snapshots, which no macro looks at.
    relation: typeof fixed === "string" ? { ...relation, schema: fixed } : relation,
    description: properties?.description ?? "",
    columns: properties?.columns ?? [],
    constraints: properties?.constraints ?? [],
    dependsOn: [...dependsOn],
  };
}

const textOf = (value: unknown) => (typeof value === "string" ? value : undefined);

/** What dbt_project.yml says of a folder: of a package, its own and then the project's. */
function folderLayers({ settings, packages }: ResourceContext, draft: Draft): ConfigLayer[] {
  const key = ({ model: "models", seed: "seeds", snapshot: "snapshots" } as const)[draft.resourceType];
  const own = packages.get(draft.package);
  return (own && own !== settings ? [own, settings] : [settings]).map((each) =>
    folderConfig(each[key], draft.package, draft),
  );
}

function renderDraft(compiler: Compiler, draft: Draft, dependsOn: Set<string>, own: ConfigLayer): void {
  const { name, path, text, line, resourceType } = draft;
  const uniqueId = `${resourceType}.${draft.package}.${name}`;
  const scope: CompileScope = {
    line,
    package: draft.package,
    self: { schema: "public", identifier: name },
    execute: false,
    node: {
      name,
      resourceType,
      path,
      uniqueId,
      package: draft.package,
      fqn: [draft.package, name],
      config: {},
      tags: [],
    },
    onDependency: (dependency) => dependsOn.add(dependency),
    onConfig: (values) => {
      own.where = `${path}:${configLine(text, line)}`;
      Object.assign(own.values, values);
    },
  };
  // As dbt parses it: is_incremental() is false, so what is read in it alone has to be said outside of it too.
  compiler.render(path, text, scope);
}

/** The line on which a file states its config. */
function configLine(text: string, line: number): number {
  const index = text.search(/\bconfig\s*\(/);
  return line + (index < 0 ? 0 : text.slice(0, index).split("\n").length - 1);
}
