import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";

const template = fileURLToPath(new URL("./template", import.meta.url));

/** What people may change and remove as they like: written once. */
const firstFiles = ["README.md", "tsconfig.json", "z-score.ts.example"];
/** What editors know of `barline`: ours, and written anew where it differs. */
const declaration = "barline.d.ts";

/**
 * Writes what stands in the folder of strategies: once an example and how to begin, and at every start the types for editors. A folder that takes
 * no file is left as it is.
 */
export async function writeStrategyFolder(dir: string, log: Logger): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
    const written = await readFile(join(dir, declaration), "utf8").catch(() => null);
    if (written === null) for (const name of firstFiles) await writeNew(join(dir, name), await readTemplate(name));
    const current = await readTemplate(declaration);
    if (written !== current) await writeFile(join(dir, declaration), current);
    await writeZodTypes(join(dir, ".types", "zod"));
  } catch (error) {
    log.warn({ dir, error }, "the workspace's folder of strategies could not be written");
  }
}

const readTemplate = (name: string): Promise<string> => readFile(join(template, name), "utf8");

/** Unless there is a file of that name. */
async function writeNew(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: "wx" }).catch((error) => {
    if (error.code !== "EEXIST") throw error;
  });
}

/** The types of the zod that runs here, as it may be no other; the file with its version is written last. */
async function writeZodTypes(to: string): Promise<void> {
  const from = dirname(fileURLToPath(import.meta.resolve("zod/package.json")));
  const { version } = JSON.parse(await readFile(join(from, "package.json"), "utf8")) as { version: string };
  const mark = join(to, "version");
  if ((await readFile(mark, "utf8").catch(() => "")) === version) return;
  for (const name of [
    "index.d.ts",
    ...(await readdir(join(from, "v4"), { recursive: true })).map((path) => `v4/${path}`),
  ]) {
    if (!name.endsWith(".d.ts") || name.startsWith("v4/mini/")) continue;
    await mkdir(dirname(join(to, name)), { recursive: true });
    await copyFile(join(from, name), join(to, name));
  }
  await writeFile(mark, version);
}
