import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { OwnFile } from "./catalogue.ts";

/** What declares a strategy: files that stand in the folder itself. What they import stands in folders below it, or ends in another way. */
const isStrategyFile = (name: string) => /^[^._/][^/]*\.(ts|js)$/.test(name) && !name.endsWith(".d.ts");

/**
 * The files of strategies, by name. The version of each tells its own text, and those of all files below the folder, as it may import any of
 * them. None where there is no folder.
 */
export async function readStrategyFiles(dir: string): Promise<OwnFile[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("/."))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const texts = await Promise.all(
    // Gone since it was listed.
    paths.map(async (path) => ({ path, name: path.slice(dir.length + 1), text: await readFile(path).catch(() => "") })),
  );
  const shared = createHash("sha256");
  for (const { name, text } of texts)
    if (!isStrategyFile(name) && /\.[cm]?[jt]s$|\.json$/.test(name)) shared.update(name).update(text);
  const versionOfShared = shared.digest("hex");
  return texts
    .filter(({ name }) => isStrategyFile(name))
    .map(({ path, name, text }) => ({
      ...{ name, path },
      version: createHash("sha256").update(versionOfShared).update(text).digest("hex").slice(0, 16),
    }));
}
