import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ProjectSummary, Transform } from "./transform.ts";

/**
 * Reads all that pages tell of the dbt project, and again once a file of it has changed: rendering every model takes a
 * hundred milliseconds and looking at the files one. A fault in it is a PermanentError that says where.
 */
export function createProjectReader(options: { transform: Transform; projectDir: string }) {
  let kept: { version: string; project: ProjectSummary } | undefined;
  return async (): Promise<ProjectSummary> => {
    const version = versionOf(options.projectDir);
    if (kept?.version !== version) kept = { version, project: options.transform.project() };
    return kept.project;
  };
}

/** Names, sizes and times of all files; a file that comes or goes changes it too. */
function versionOf(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((path) => {
      const { mtimeMs, size } = statSync(join(folder, path));
      return `${path}:${mtimeMs}:${size}`;
    })
    .join("\n");
}
