import { createHash } from "node:crypto";
import type { WorkspaceNodeKind } from "../../db/schema/workspace.ts";
import type { LoadedProject } from "../transform/project/assemble.ts";
import type { Attempted } from "../transform/project/attempt.ts";
import { readBlocks } from "../transform/project/blocks.ts";
import { nameOf, type ProjectFile } from "../transform/project/files.ts";
import { namedIn } from "../transform/project/graph.ts";
import type { ProjectFault } from "../transform/project/refusal.ts";
import type { Model } from "../transform/project/types.ts";
import type { FoundFault, WorkspaceGroup, WorkspaceNode } from "./types.ts";

/** A fault as it was met while something was read. */
export type Told = Attempted & { fault: ProjectFault };

/** A node or a faulty file, with the nodes that it is tied to. Models go by their names, all else by what no model is called. */
type Member = { key: string; node: WorkspaceNode | undefined; ties: string[]; faults: FoundFault[] };

const testKey = (name: string) => `test ${name}`;
const fileKey = (path: string) => `file ${path}`;

/** Ties the nodes of a workspace into groups, and lays each fault on those that it concerns. */
export function formGroups(given: { loaded: LoadedProject; models: Model[]; told: Told[] }): WorkspaceGroup[] {
  const { loaded, models, told } = given;
  const members = new Map<string, Member>();
  const add = (key: string, node: WorkspaceNode | undefined, ties: string[]) => {
    const known = members.get(key);
    if (known) known.ties.push(...ties);
    else members.set(key, { key, node, ties: [...ties], faults: [] });
  };
  for (const model of models) add(model.name, nodeOfModel(model), model.dependsOn);
  for (const test of loaded.project.tests) {
    add(
      testKey(test.name),
      { id: test.uniqueId, name: test.name, kind: "test", file: fileOf(test.path) },
      test.dependsOn,
    );
  }
  for (const test of loaded.project.unitTests) {
    add(testKey(test.name), { id: test.uniqueId, name: test.name, kind: "test", file: test.path }, [test.model]);
  }
  addFaulty(loaded, told, add);
  layFaults(loaded, told, members);
  const groups = connect([...members.values()]).map((group) => toGroup(loaded, models, group));
  return groups.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const fileOf = (path: string) => path.replace(/:\d+$/, "");

const nodeOfModel = ({ uniqueId, name, resourceType, path }: Model): WorkspaceNode => ({
  ...{ id: uniqueId, name },
  kind: resourceType,
  file: path,
});

const allFiles = (loaded: LoadedProject): ProjectFile[] =>
  loaded.files.flatMap(({ models, seeds, snapshots, tests, properties, macros }) => [
    ...[...models, ...seeds, ...snapshots],
    ...[...tests, ...properties, ...macros],
  ]);

const kindOf = (path: string): WorkspaceNodeKind =>
  path.endsWith(".csv") ? "seed" : /(^|\/)snapshots\//.test(path) ? "snapshot" : "model";

/** Adds what could not be read as far as its text tells of it. */
function addFaulty(
  loaded: LoadedProject,
  told: Told[],
  add: (key: string, node: WorkspaceNode, ties: string[]) => void,
): void {
  const texts = new Map(allFiles(loaded).map(({ path, text }) => [path, text]));
  const project = loaded.project.name;
  for (const { path, node, concerns } of told) {
    const name = node ?? (isNodeFile(path) ? nameOf(path) : undefined);
    if (name === undefined) continue;
    if (concerns) {
      add(testKey(name), { id: `test.${project}.${name}`, name, kind: "test", file: fileOf(path) }, concerns);
      continue;
    }
    const kind = kindOf(path);
    const ties = kind === "seed" ? [] : namedIn(texts.get(path) ?? "");
    add(name, { id: `${kind}.${project}.${name}`, name, kind, file: path }, ties);
  }
}

/** A file of a node that was not read so far that its name came up. */
const isNodeFile = (path: string) => /(^|\/)(models|seeds|snapshots)\/.*\.(sql|csv)$/.test(path);

const isProjectFile = (path: string) => ["dbt_project.yml", "packages.yml", "dependencies.yml"].includes(path);

function layFaults(loaded: LoadedProject, told: Told[], members: Map<string, Member>): void {
  for (const { path, node, concerns, fault } of told) {
    const name = node ?? (isNodeFile(path) ? nameOf(path) : undefined);
    const found: FoundFault = {
      ...{ message: fault.problem, file: fault.path, line: fault.line ?? null },
      ...{ node: name ?? null, clash: fault.clash },
    };
    const keys = name === undefined ? concernedBy(loaded, path, members) : [concerns ? testKey(name) : name];
    for (const key of keys) members.get(key)?.faults.push(found);
    if (keys.length > 0) continue;
    const key = fileKey(path);
    const member = members.get(key) ?? { key, node: undefined, ties: [], faults: [] };
    member.faults.push(found);
    members.set(key, member);
  }
}

/** The nodes that a file without a node of its own may have had something to say of. */
function concernedBy(loaded: LoadedProject, path: string, members: Map<string, Member>): string[] {
  if (isProjectFile(path)) return [...members.keys()];
  const text = allFiles(loaded).find((file) => file.path === path)?.text ?? "";
  if (/\.ya?ml$/.test(path)) return [...members.keys()].filter((key) => mentions(text, key));
  const called = ["macro", "test"].flatMap((kind) => namesOfBlocks(text, kind));
  const callers = allFiles(loaded).filter(
    (file) => file.path !== path && called.some((name) => mentions(file.text, name)),
  );
  const files = new Set(callers.map((file) => file.path));
  return [...members.values()].filter(({ node }) => node && files.has(node.file)).map(({ key }) => key);
}

/** Also of blocks that do not end. */
const namesOfBlocks = (text: string, kind: string): string[] => {
  const opened = [...text.matchAll(new RegExp(`\\{%[-+]?\\s*${kind}\\s+(\\w+)`, "g"))].map(([, name = ""]) => name);
  return [...new Set([...opened, ...readBlocks(text, kind).map(({ name }) => name)])];
};

function mentions(text: string, name: string): boolean {
  return /^\w+$/.test(name) && new RegExp(`\\b${name}\\b`).test(text);
}

/** The members that are tied to each other, by whatever way; each list by name. */
function connect(members: Member[]): Member[][] {
  const byKey = new Map(members.map((member) => [member.key, member]));
  const tied = new Map(members.map(({ key }) => [key, new Set<string>()]));
  for (const { key, ties } of members) {
    for (const other of ties.filter((tie) => byKey.has(tie))) {
      tied.get(key)?.add(other);
      tied.get(other)?.add(key);
    }
  }
  const seen = new Set<string>();
  const groups: Member[][] = [];
  for (const { key } of members) {
    if (seen.has(key)) continue;
    const reached = [key];
    seen.add(key);
    for (const next of reached) {
      for (const other of tied.get(next) ?? []) {
        if (seen.has(other)) continue;
        seen.add(other);
        reached.push(other);
      }
    }
    groups.push(reached.sort().flatMap((one) => byKey.get(one) ?? []));
  }
  return groups;
}

function toGroup(loaded: LoadedProject, all: Model[], members: Member[]): WorkspaceGroup {
  const keys = new Set(members.map(({ key }) => key));
  const nodes = members.flatMap(({ node }) => node ?? []);
  const models = all.filter(({ name }) => keys.has(name));
  const faults = members.flatMap((member) => member.faults);
  // A model goes before the tests of it: that is how people call the group.
  const [first] = [...members].sort((a, b) => Number(a.key.includes(" ")) - Number(b.key.includes(" ")));
  return {
    name: first?.key.replace(/^(test|file) /, "") ?? "",
    version: versionOf(loaded, nodes, faults),
    ...{ nodes, models },
    faults: faults.filter((fault, index) => faults.findIndex((one) => Bun.deepEquals(one, fault)) === index),
    tests: loaded.project.tests.filter(({ name }) => keys.has(testKey(name))),
    unitTests: loaded.project.unitTests.filter(({ name }) => keys.has(testKey(name))),
  };
}

/** Whole numbers of `vars` are of any size. */
const plainly = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

/** A hash of the texts that the nodes are made of: their files, what YAML says of them, macros and settings. */
function versionOf(loaded: LoadedProject, nodes: WorkspaceNode[], faults: FoundFault[]): string {
  const files = new Set(nodes.map(({ file }) => file));
  const isOf = ({ path, text }: ProjectFile) =>
    files.has(path) || (/\.ya?ml$/.test(path) && nodes.some(({ name }) => mentions(text, name)));
  const texts = allFiles(loaded)
    .filter(isOf)
    .map(({ path, text }) => [path, text]);
  const macros = loaded.project.macros.map(({ name, text }) => [name, text]);
  const settings = loaded.files[0]?.settings;
  return createHash("sha256")
    .update(JSON.stringify([texts, macros, settings, faults], plainly))
    .digest("hex");
}
