import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assemble, type LoadedProject, type ReadingOptions } from "../transform/project/assemble.ts";
import type { Attempt } from "../transform/project/attempt.ts";
import { readPackages, readProjectFiles } from "../transform/project/files.ts";
import { loadProject } from "../transform/project/load.ts";
import { ProjectFault, refuse, refuseClash } from "../transform/project/refusal.ts";
import { readSettings, type Settings } from "../transform/project/settings.ts";
import type { Model } from "../transform/project/types.ts";
import { formGroups, type Told } from "./groups.ts";
import type { Workspace } from "./types.ts";

export type ReadOptions = ReadingOptions & {
  /** The shipped project's folder. */
  projectDir: string;
  /** The workspace's folder. */
  folder: string;
};

/** What the workspace's project is called where its dbt_project.yml does not say. */
const standardName = "workspace";

/** Reads the workspace over the shipped project. Faults of it are in its groups; one of the shipped project is a PermanentError. */
export function readWorkspace({ projectDir, folder, ...options }: ReadOptions): Workspace {
  const shipped = loadProject({ ...options, projectDir });
  const told: Told[] = [];
  const attempt: Attempt = (of, work) => {
    try {
      return work();
    } catch (error) {
      told.push({ ...of, fault: toFault(of.path, error) });
      return undefined;
    }
  };
  const settings = readOwnSettings(folder, shipped, attempt);
  // Selectors choose for commands; here everything is built.
  const own = { ...readProjectFiles(folder, "", { attempt, settings }), selectors: undefined };
  const packages = readPackages(folder, own, attempt);
  // What is not defined prints nothing, as in dbt: the files are not ours.
  const { refusesUndefined: _, ...reading } = options;
  const loaded = assemble({ ...reading, files: [own, ...packages], base: shipped, attempt });
  const models = loaded.project.models.filter((model) => !shipped.project.models.includes(model));
  refusePlaces(models, attempt);
  const isUnread = ({ fault: { cause } }: Told) => cause instanceof Error && "syscall" in cause;
  return { loaded, shipped, groups: formGroups({ loaded, models, told }), isWhole: !told.some(isUnread) };
}

function toFault(path: string, error: unknown): ProjectFault {
  if (error instanceof ProjectFault) return error;
  return refuse(path, error instanceof Error ? error.message : String(error), error);
}

function readOwnSettings(folder: string, shipped: LoadedProject, attempt: Attempt): Settings {
  const path = "dbt_project.yml";
  const named = (text: string) => (/^name\s*:/m.test(text) ? text : `${text}\nname: ${standardName}\n`);
  const settings = attempt({ path }, () => {
    const found = readSettings({ path, text: named(readIfThere(join(folder, path))) });
    if ([shipped.project.name, "dbt"].includes(found.name))
      throw refuseClash(path, `the name '${found.name}' is taken; call the project '${standardName}'`);
    return found;
  });
  return settings ?? readSettings({ path, text: named("") });
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

/** Where only Barline itself writes. */
const ownSchemas = /^(barline|drizzle|information_schema|pg_\w+|barline_\w+__.*)$/;

function refusePlaces(models: Model[], attempt: Attempt): void {
  for (const { name, path, relation, config } of models) {
    if (config.materialized === "ephemeral") continue;
    attempt({ path, node: name }, () => {
      if (ownSchemas.test(relation.schema))
        throw refuseClash(path, `would stand in the schema ${relation.schema}, which is not for models`);
      if (relation.schema === "public" && relation.identifier.startsWith("source_polygon_"))
        throw refuseClash(path, `would stand as ${relation.identifier}; that name is for what the vendor sends`);
    });
  }
}
