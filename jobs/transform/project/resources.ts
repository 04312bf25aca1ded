import { readBlocks } from "./blocks.ts";
import type { Compiler, CompileScope } from "./compile.ts";
import { type ConfigLayer, folderConfig, parseModelConfig } from "./config.ts";
import type { ProjectFile, ProjectFiles } from "./files.ts";
import type { ResourceProperties } from "./properties.ts";
import { refuse } from "./refusal.ts";
import type { Settings } from "./settings.ts";
import type { Model, ResourceType } from "./types.ts";

export type ResourceContext = {
  /** Knows the names, and no model yet. */
  draft: Compiler;
  settings: Settings;
  described: ResourceProperties[];
  /** Renders what YAML says of a config. */
  renderValues(where: string, values: Record<string, unknown>): Record<string, unknown>;
};

/** Something that is to be built, as its file has it. */
export type Draft = {
  resourceType: ResourceType;
  name: string;
  path: string;
  text: string;
  line: number;
  own?: ConfigLayer;
};

const baseName = (path: string) => path.replace(/^.*\//, "").replace(/\.\w+$/, "");
/** Refs of a file are learned by rendering it, before there is anything to name. */
export const unknownRelation = { schema: "public", identifier: "unknown" };

/** The models, seeds and snapshots that the files hold, in no order. */
export function findDrafts(files: ProjectFiles, described: ResourceProperties[]): Draft[] {
  const whole =
    (resourceType: ResourceType) =>
    (file: ProjectFile): Draft => ({
      resourceType,
      name: baseName(file.path),
      path: file.path,
      text: file.text,
      line: 1,
    });
  return [
    ...files.models.map(whole("model")),
    ...files.seeds.map(whole("seed")),
    ...files.snapshots.flatMap(readSnapshotFile),
    ...described.flatMap(readSnapshotProperties),
  ];
}

function readSnapshotFile({ path, text }: ProjectFile): Draft[] {
  const blocks = readBlocks(text, "snapshot");
  if (blocks.length === 0 && text.trim()) throw refuse(`${path}:1`, "holds no {% snapshot %} block");
  return blocks.map((block) => ({
    resourceType: "snapshot",
    name: block.name,
    path,
    text: block.text,
    line: block.line,
  }));
}

/** A snapshot that YAML alone defines, of a relation. */
function readSnapshotProperties({ resourceType, name, path, line, relation }: ResourceProperties): Draft[] {
  if (resourceType !== "snapshot" || relation === undefined) return [];
  return [{ resourceType, name, path, text: `select * from {{ ${relation} }}`, line }];
}

/** Reads one of them: what it depends on, and its config from the weakest source to the strongest. */
export function readResource(context: ResourceContext, draft: Draft): Model {
  const { settings, described } = context;
  const { resourceType, name, path, text, line } = draft;
  const properties = described.find((entry) => entry.name === name && entry.resourceType === resourceType);
  const dependsOn = new Set<string>();
  const own: ConfigLayer = { where: path, values: {} };
  if (resourceType !== "seed") renderDraft(context.draft, draft, dependsOn, own);
  const group = { model: settings.models, seed: settings.seeds, snapshot: settings.snapshots }[resourceType];
  const folder = resourceType === "snapshot" && !path.startsWith("snapshots/") ? `snapshots/${name}` : path;
  const layers = [folderConfig(group, settings.name, folder), ...(properties ? [properties.config] : [])].map(
    ({ where, values }) => ({ where, values: context.renderValues(where, values) }),
  );
  return {
    name,
    resourceType,
    uniqueId: `${resourceType}.${settings.name}.${name}`,
    path,
    text,
    line,
    description: properties?.description ?? "",
    columns: properties?.columns ?? [],
    config: parseModelConfig(resourceType, [...layers, own]),
    dependsOn: [...dependsOn],
  };
}

function renderDraft(compiler: Compiler, draft: Draft, dependsOn: Set<string>, own: ConfigLayer): void {
  const { name, path, text, line, resourceType } = draft;
  const scope: CompileScope = {
    line,
    relationOf: () => unknownRelation,
    self: { schema: "public", identifier: name },
    execute: false,
    node: { name, resourceType, path, uniqueId: `${resourceType}.${name}`, config: {}, tags: [] },
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
