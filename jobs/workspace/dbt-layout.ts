import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PermanentError } from "../orchestrator/errors.ts";

const kinds = ["models", "seeds", "snapshots", "tests", "macros", "dbt_packages"];
/** By which a folder is known as one that was written here, and may be written anew. */
const mark = ".written-by-barline";

/**
 * Writes a project for real dbt: the workspace as the project, and the shipped one as a package of it that is installed already, so that
 * `dbt build` sees both as one. What stands in `target` from an earlier time is replaced; any other folder that is not empty is refused.
 */
export function writeDbtProject({
  projectDir,
  folder,
  target,
}: {
  projectDir: string;
  folder: string;
  target: string;
}) {
  if (existsSync(target) && readdirSync(target).length > 0) {
    if (!existsSync(join(target, mark)))
      throw new PermanentError(`${target} is not empty, and was not written by this command.`);
    rmSync(target, { recursive: true });
  }
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, mark), "");
  for (const kind of kinds) copy(join(folder, kind), join(target, kind));
  copy(projectDir, join(target, "dbt_packages", "barline"));
  copy(join(projectDir, "profiles.yml"), join(target, "profiles.yml"));
  writeFileSync(join(target, "dbt_project.yml"), projectFile(join(folder, "dbt_project.yml")));
}

const isWanted = (path: string) => !path.endsWith(".example") && !/\/(target|logs)$/.test(path);

function copy(from: string, to: string): void {
  if (existsSync(from)) cpSync(from, to, { recursive: true, dereference: true, filter: isWanted });
}

/** With what dbt asks for and Barline does not. */
function projectFile(path: string): string {
  const own = existsSync(path) ? readFileSync(path, "utf8") : "";
  const needed = { name: "workspace", version: '"1.0.0"', "config-version": "2", profile: "barline" };
  const missing = Object.entries(needed).filter(([key]) => !new RegExp(`^${key}\\s*:`, "m").test(own));
  return [own.trimEnd(), ...missing.map(([key, value]) => `${key}: ${value}`)]
    .filter((line) => line !== "")
    .join("\n")
    .concat("\n");
}
