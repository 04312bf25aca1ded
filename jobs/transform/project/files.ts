import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { parseDocument } from "yaml";
import type { z } from "zod";
import { refuse, refuseUnsupported } from "./refusal.ts";

export type ProjectFile = { path: string; text: string };

/** Every file of a dbt project that Barline reads, unread by it so far. Paths are relative to the project. */
export type ProjectFiles = {
  settings: ProjectFile;
  models: ProjectFile[];
  properties: ProjectFile[];
  macros: ProjectFile[];
  tests: ProjectFile[];
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

/** Reads the project's files; refuses, by name, the kinds that Barline cannot run. */
export function readProjectFiles(root: string): ProjectFiles {
  const read = (path: string): ProjectFile => {
    try {
      return { path, text: readFileSync(join(root, path), "utf8") };
    } catch (error) {
      throw refuse(join(root, path), "cannot be read", error);
    }
  };
  const only = (folder: string, extension: string, feature: string) => {
    for (const path of walk(root, folder)) {
      if (extname(path) === extension) throw refuseUnsupported(path, feature);
    }
  };
  only("snapshots", ".sql", "a snapshot");
  only("seeds", ".csv", "a seed");
  for (const path of ["packages.yml", "dependencies.yml"]) {
    if (walk(root, ".").includes(path)) throw refuseUnsupported(path, "installing packages");
  }
  const models = walk(root, "models");
  for (const path of models) if (extname(path) === ".py") throw refuseUnsupported(path, "a Python model");
  const sql = (paths: string[]) => paths.filter((path) => extname(path) === ".sql").map(read);
  return {
    settings: read("dbt_project.yml"),
    models: sql(models),
    properties: [...models, ...walk(root, "tests"), ...walk(root, "macros")].filter(isYaml).map(read),
    macros: sql(walk(root, "macros")),
    tests: sql(walk(root, "tests")),
  };
}

/** Parses a YAML file by `schema`; errors name the file, the line where YAML itself is wrong, and the key. */
export function parseYaml<Schema extends z.ZodType>(file: ProjectFile, schema: Schema): z.output<Schema> {
  const document = parseDocument(file.text);
  const [problem] = document.errors;
  if (problem)
    throw refuse(`${file.path}:${problem.linePos?.[0].line ?? 1}`, problem.message.split("\n")[0] ?? "is no YAML");
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (!issue) throw refuse(file.path, "is not understood");
  const at = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    throw refuseUnsupported(file.path, `${issue.keys.map((key) => `\`${key}\``).join(", ")}${at && ` in ${at}`}`);
  }
  throw refuse(file.path, `${at || "the file"}: ${issue.message}`);
}
