import { assemble, type LoadedProject, type ReadingOptions } from "./assemble.ts";
import { readPackages, readProjectFiles } from "./files.ts";

export type ProjectOptions = ReadingOptions & {
  /** The folder of dbt_project.yml. */
  projectDir: string;
};

/** Reads a dbt project and checks all of it, so that nothing is built from a project with a fault in it. */
export function loadProject(options: ProjectOptions): LoadedProject {
  const own = readProjectFiles(options.projectDir);
  return assemble({ ...options, files: [own, ...readPackages(options.projectDir, own)] });
}
