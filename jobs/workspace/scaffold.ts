import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Logger } from "pino";
import { examples } from "./examples.ts";

const folders = ["models", "seeds", "snapshots", "tests", "macros", "dbt_packages", "strategies"];

/**
 * Makes the folders of the workspace and, where it has no README yet, writes that and an example of each; nothing that is there is touched.
 * A folder that cannot be written is no fault: it may be somebody's checkout, and read-only.
 */
export function prepareWorkspace(folder: string, log: Pick<Logger, "info" | "warn">): void {
  try {
    const isNew = !existsSync(join(folder, "README.md"));
    for (const name of folders) mkdirSync(join(folder, name), { recursive: true });
    if (!isNew) return;
    for (const [path, text] of Object.entries(examples)) write(join(folder, path), text);
    log.info({ folder }, "the workspace for your own models is ready; its README tells how");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn({ folder, reason }, "the workspace cannot be written, so that no examples are in it");
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
