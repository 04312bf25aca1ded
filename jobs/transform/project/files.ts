import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { refuse, refuseUnsupported } from "./refusal.ts";

export type ProjectFile = { path: string; text: string };

/** Every file of a dbt project that Barline reads, unread by it so far. Paths are relative to the project. */
export type ProjectFiles = {
  settings: ProjectFile;
  models: ProjectFile[];
  snapshots: ProjectFile[];
  seeds: ProjectFile[];
  properties: ProjectFile[];
  /** Macros, and generic tests of the project's own. */
  macros: ProjectFile[];
  /** Singular tests. */
  tests: ProjectFile[];
  /** Markdown with docs blocks. */
  docs: ProjectFile[];
  /** Rows of unit tests. */
  fixtures: ProjectFile[];
};

function walk(root: string, folder: string): string[] {
  let entries: import("node:fs").Dirent[];
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return walk(root, path);
      return entry.name.startsWith(".") ? [] : [path];
    });
}

const isYaml = (path: string) => [".yml", ".yaml"].includes(extname(path));
const isPlaced = (folder: string) => (path: string) => path.startsWith(`tests/${folder}/`);
const isGeneric = isPlaced("generic");
const isFixture = isPlaced("fixtures");

/** Reads the project's files; refuses, by name, the kinds that Barline cannot run. */
export function readProjectFiles(root: string): ProjectFiles {
  const read = (path: string): ProjectFile => {
    try {
      return { path, text: readFileSync(join(root, path), "utf8") };
    } catch (error) {
      throw refuse(join(root, path), "cannot be read", error);
    }
  };
  for (const path of ["packages.yml", "dependencies.yml"]) {
    if (walk(root, ".").includes(path)) throw refuseUnsupported(path, "installing packages");
  }
  const folders = ["models", "snapshots", "seeds", "tests", "macros"] as const;
  const [models, snapshots, seeds, tests, macros] = folders.map((folder) => walk(root, folder)) as [
    string[],
    string[],
    string[],
    string[],
    string[],
  ];
  for (const path of models) if (extname(path) === ".py") throw refuseUnsupported(path, "a Python model");
  const all = [...models, ...snapshots, ...seeds, ...tests, ...macros];
  const ending = (paths: string[], extension: string) => paths.filter((path) => extname(path) === extension).map(read);
  return {
    settings: read("dbt_project.yml"),
    models: ending(models, ".sql"),
    snapshots: ending(snapshots, ".sql"),
    seeds: ending(seeds, ".csv"),
    properties: all.filter(isYaml).map(read),
    macros: [...ending(macros, ".sql"), ...ending(tests.filter(isGeneric), ".sql")],
    tests: ending(
      tests.filter((path) => !isGeneric(path) && !isFixture(path)),
      ".sql",
    ),
    docs: [...ending(all, ".md"), ...ending(walk(root, "docs"), ".md")],
    fixtures: tests.filter(isFixture).map(read),
  };
}

/** A YAML file's values, and the line on which each begins. */
export type ParsedYaml<T> = { value: T; lineOf(path: PropertyKey[]): number };

/** Parses a YAML file by `schema`, what it says prepared first; errors name the file, the line and the key. */
export function parseYaml<Schema extends z.ZodType>(
  file: ProjectFile,
  schema: Schema,
  prepare: (value: unknown, lineOf: (path: PropertyKey[]) => number) => unknown = (value) => value,
): ParsedYaml<z.output<Schema>> {
  const lineCounter = new LineCounter();
  const document = parseDocument(file.text, { lineCounter });
  const [problem] = document.errors;
  if (problem)
    throw refuse(`${file.path}:${problem.linePos?.[0].line ?? 1}`, problem.message.split("\n")[0] ?? "is no YAML");
  const lineOf = (path: PropertyKey[]): number => {
    for (let length = path.length; length >= 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lineCounter.linePos(node.range[0]).line;
    }
    return 1;
  };
  const parsed = schema.safeParse(prepare(document.toJS() ?? {}, lineOf));
  if (parsed.success) return { value: parsed.data, lineOf };
  const [issue] = parsed.error.issues;
  if (!issue) throw refuse(file.path, "is not understood");
  const at = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const line = lineOf([...issue.path, issue.keys[0] ?? ""]);
    const names = issue.keys.map((key) => `\`${key}\``).join(", ");
    throw refuseUnsupported(`${file.path}:${line}`, `${names}${at && ` in ${at}`}`);
  }
  throw refuse(`${file.path}:${lineOf(issue.path)}`, `${at || "the file"}: ${issue.message}`);
}
