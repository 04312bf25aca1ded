import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { type Attempt, strictly } from "./attempt.ts";
import { refuse, refuseUnsupported } from "./refusal.ts";
import { readSettings, type Settings } from "./settings.ts";

/** `path` is relative to the project, also where the file is of a package in it. */
export type ProjectFile = {
  path: string;
  text: string;
  /** The project or package that it is of. */
  package: string;
  /** The path within the folder of its kind: `marts/orders.sql`. */
  place: string;
};

/** Every file of a dbt project, or of one package, that Barline reads, unread by it so far. */
export type ProjectFiles = {
  settings: Settings;
  /** Of dbt_project.yml. */
  path: string;
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
  /** selectors.yml, where there is one. */
  selectors: ProjectFile | undefined;
};

const isMissing = (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT";

/** Files below a folder, by name; links are followed, as `dbt deps` makes them for packages of this machine. */
function walk(root: string, folder: string, attempt: Attempt): string[] {
  const read = () => {
    try {
      return readdirSync(join(root, folder)).sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw refuse(folder, "cannot be read", error);
    }
  };
  return (attempt({ path: folder }, read) ?? []).flatMap((name) => {
    const path = join(folder, name);
    const isFolder = attempt({ path }, () => look(root, path)?.isDirectory());
    if (isFolder === undefined) return [];
    if (isFolder) return walk(root, path, attempt);
    return name.startsWith(".") ? [] : [path];
  });
}

function look(root: string, path: string) {
  try {
    return statSync(join(root, path), { throwIfNoEntry: false });
  } catch (error) {
    throw refuse(path, "cannot be read", error);
  }
}

/** What no database and no template takes is told of the file, rather than of what becomes of it. */
function readText(path: string): string {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  if (text.includes("\0")) throw new Error("It holds a NUL character.");
  return text;
}

/** The name that a file gives to what is in it. */
export const nameOf = (path: string) => path.replace(/^.*\//, "").replace(/\.\w+$/, "");

/** Endings of what is read; anything else may lie there too. */
const wanted = new Set([".sql", ".csv", ".yml", ".yaml", ".md"]);

const isYaml = ({ path }: ProjectFile) => [".yml", ".yaml"].includes(extname(path));
const isPlaced =
  (folder: string) =>
  ({ place }: ProjectFile) =>
    place.startsWith(`${folder}/`);
const isGeneric = isPlaced("generic");
const isFixture = isPlaced("fixtures");
const ending = (files: ProjectFile[], extension: string) => files.filter(({ path }) => extname(path) === extension);

export type ReadOptions = {
  attempt?: Attempt;
  /** Those of a project that need have no dbt_project.yml. */
  settings?: Settings;
};

/** Reads the files of the project in `root`, or of the package in a folder of it; refuses, by name, what Barline cannot run. */
export function readProjectFiles(root: string, folder = "", options: ReadOptions = {}): ProjectFiles {
  const { attempt = strictly } = options;
  const read = (path: string): string => {
    try {
      return readText(join(root, path));
    } catch (error) {
      const isOfSystem = error instanceof Error && "syscall" in error;
      const where = folder || options.settings ? path : join(root, path);
      throw refuse(where, isOfSystem ? "cannot be read" : "is no text in UTF-8", error);
    }
  };
  const path = join(folder, "dbt_project.yml");
  const settings = options.settings ?? readSettings({ path, text: read(path) });
  const fileIn =
    (within: string) =>
    (found: string): ProjectFile[] => {
      const text = wanted.has(extname(found)) ? attempt({ path: found }, () => read(found)) : "";
      const place = found.slice(join(folder, within).length + 1);
      return text === undefined ? [] : [{ path: found, text, package: settings.name, place }];
    };
  const filesOf = (folders: readonly string[]) =>
    folders.flatMap((one) => walk(root, join(folder, one), attempt).flatMap(fileIn(one)));
  const [models, snapshots, seeds, tests, macros] = (
    ["model-paths", "snapshot-paths", "seed-paths", "test-paths", "macro-paths"] as const
  ).map((key) => filesOf(settings[key])) as [ProjectFile[], ProjectFile[], ProjectFile[], ProjectFile[], ProjectFile[]];
  for (const { path } of ending(models, ".py")) {
    attempt({ path, node: nameOf(path) }, () => {
      throw refuseUnsupported(path, "a Python model");
    });
  }
  const all = [...models, ...snapshots, ...seeds, ...tests, ...macros];
  const selectors = join(folder, "selectors.yml");
  const hasSelectors = folder === "" && statSync(join(root, selectors), { throwIfNoEntry: false }) !== undefined;
  return {
    settings,
    path,
    models: ending(models, ".sql"),
    snapshots: ending(snapshots, ".sql"),
    seeds: ending(seeds, ".csv"),
    properties: all.filter(isYaml),
    macros: [...ending(macros, ".sql"), ...ending(tests.filter(isGeneric), ".sql")],
    tests: ending(
      tests.filter((file) => !isGeneric(file) && !isFixture(file)),
      ".sql",
    ),
    docs: [...ending(all, ".md"), ...ending(filesOf(settings["docs-paths"] ?? ["docs"]), ".md")],
    fixtures: tests.filter(isFixture),
    selectors: hasSelectors ? fileIn("")(selectors)[0] : undefined,
  };
}

/** Reads the packages that `dbt deps` has installed; refuses a project that asks for some and has none. */
export function readPackages(
  root: string,
  { settings }: Pick<ProjectFiles, "settings">,
  attempt: Attempt = strictly,
): ProjectFiles[] {
  const folder = settings["packages-install-path"];
  const found = readFolders(join(root, folder)).flatMap((name) => {
    const path = join(folder, name);
    return attempt({ path }, () => readProjectFiles(root, path)) ?? [];
  });
  const wanted = ["packages.yml", "dependencies.yml"].find(
    (path) => statSync(join(root, path), { throwIfNoEntry: false }) !== undefined,
  );
  if (wanted !== undefined && found.length === 0) {
    attempt({ path: wanted }, () => {
      throw refuse(wanted, `asks for packages, and none is in ${folder}; run \`dbt deps\``);
    });
  }
  return found;
}

function readFolders(folder: string): string[] {
  try {
    return readdirSync(folder)
      .sort()
      .filter((name) => statSync(join(folder, name, "dbt_project.yml"), { throwIfNoEntry: false }) !== undefined);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
