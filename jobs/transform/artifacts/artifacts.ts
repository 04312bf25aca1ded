import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BuildOptions } from "../build/progress.ts";
import type { BuildResult, NodeEvent } from "../build/types.ts";
import type { LoadedProject } from "../project/assemble.ts";
import { buildManifest } from "./manifest.ts";
import { buildRunResults } from "./run-results.ts";

export type ArtifactOptions = { folder: string; database: string; now(): Date };

/** Notes when the parts of a build begin, and writes dbt's artifacts of it once it is done. */
export type ArtifactWriter = {
  onNode(event: NodeEvent): void;
  write(loaded: LoadedProject, options: BuildOptions, result: BuildResult): Promise<void>;
};

export function createArtifactWriter({ folder, database, now }: ArtifactOptions): ArtifactWriter {
  const startedAt = new Map<string, Date>();
  const began = now();
  return {
    onNode(event) {
      if (event.phase === "start") startedAt.set(event.name, now());
    },
    async write(loaded, options, result) {
      const at = now();
      await mkdir(folder, { recursive: true });
      await writeWhole(folder, "manifest.json", buildManifest(loaded, database, at));
      const facts = { options, startedAt, elapsedMs: at.getTime() - began.getTime(), at };
      await writeWhole(folder, "run_results.json", buildRunResults(loaded, result, facts));
    },
  };
}

/** Whoever reads the file sees all of the old or all of the new. Builds wait for each other, so one name is enough. */
async function writeWhole(folder: string, name: string, content: Record<string, unknown>): Promise<void> {
  const draft = join(folder, `.${name}.${process.pid}`);
  await writeFile(draft, JSON.stringify(content, null, 1));
  await rename(draft, join(folder, name));
}
