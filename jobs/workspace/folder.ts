import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";

/** What lies in the workspace, as far as its dbt project goes. */
export type FolderState = {
  /** A hash of names, sizes and times of all files; null where the folder cannot be read. */
  version: string | null;
  /** Why it cannot be read, for people. */
  problem: string | null;
  /** Whether there is anything in it that could be built. */
  hasNodes: boolean;
};

/** Strategies are found and watched by themselves; the others are what tools leave behind. */
const passedOver = new Set(["strategies", "target", "logs", "node_modules"]);
const nodeEndings = new Set([".sql", ".csv", ".py"]);

/** Looks at the files, without reading any: it costs a millisecond. */
export function lookAtFolder(root: string): FolderState {
  const found: string[] = [];
  try {
    const top = readdirSync(root).filter((name) => !passedOver.has(name));
    for (const name of top) collect(root, name, found);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { version: null, problem: `The workspace ${root} cannot be read: ${why}`, hasNodes: false };
  }
  const hasNodes = found.some((line) => nodeEndings.has(extname(line.split(":")[0] ?? "")));
  return { version: createHash("sha256").update(found.sort().join("\n")).digest("hex"), problem: null, hasNodes };
}

const deepest = 20;

/** What cannot be looked at counts by its name: the run that reads it says why. */
function collect(root: string, path: string, found: string[], depth = 0): void {
  if (/(^|\/)\./.test(path) || path.endsWith(".example")) return;
  try {
    const facts = statSync(join(root, path));
    if (!facts.isDirectory()) found.push(`${path}:${facts.mtimeMs}:${facts.size}`);
    else if (depth < deepest)
      for (const name of readdirSync(join(root, path))) collect(root, join(path, name), found, depth + 1);
  } catch {
    found.push(`${path}:?`);
  }
}
