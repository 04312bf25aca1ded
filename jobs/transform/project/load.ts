import { isDeepStrictEqual } from "node:util";
import { assemble, type LoadedProject, type ReadingOptions } from "./assemble.ts";
import { type ProjectFiles, readPackages, readProjectFiles } from "./files.ts";

export type ProjectOptions = ReadingOptions & {
  /** The folder of dbt_project.yml. */
  projectDir: string;
};

/** Reads a dbt project and checks all of it, so that nothing is built from a project with a fault in it. */
export function loadProject(options: ProjectOptions): LoadedProject {
  return assemble({ ...options, files: readAllFiles(options.projectDir) });
}

export type ProjectLoader = {
  /** Puts the project together anew, as an invocation of its own. */
  load(): LoadedProject;
  /**
   * The project as it was loaded last, and loaded anew once a text of it is another: to put it together holds up everything else for
   * a tenth of a second, to read its files takes a thirtieth of that.
   */
  look(): LoadedProject;
};

/** Opens the loader of one project. */
export function createProjectLoader(options: ProjectOptions): ProjectLoader {
  let last: LoadedProject | undefined;
  const keep = (loaded: LoadedProject) => {
    last = loaded;
    return loaded;
  };
  return {
    load() {
      const loaded = loadProject(options);
      return isDeepStrictEqual(last?.files, loaded.files) ? loaded : keep(loaded);
    },
    look() {
      const files = readAllFiles(options.projectDir);
      return last && isDeepStrictEqual(last.files, files) ? last : keep(assemble({ ...options, files }));
    },
  };
}

type Files = [ProjectFiles, ...ProjectFiles[]];

/** Of the project, and of its packages after it. */
function readAllFiles(projectDir: string): Files {
  const own = readProjectFiles(projectDir);
  return [own, ...readPackages(projectDir, own)];
}
