import { fileURLToPath } from "node:url";
import type { CapacityFigures } from "./figures.ts";
import { capacityTables } from "./tables.ts";

export const documentFile = fileURLToPath(new URL("../../../CAPACITY.md", import.meta.url));

const endMark = "<!-- end -->";

/** `text` with each of the tables between its two marks made anew from figures. Throws where it lacks the marks of one. */
export function withTables(text: string, figures: CapacityFigures): string {
  return Object.entries(capacityTables(figures)).reduce((written, [name, table]) => {
    const mark = `<!-- table: ${name} -->`;
    const from = written.indexOf(mark);
    const to = written.indexOf(endMark, from);
    if (from === -1 || to === -1) throw new Error(`CAPACITY.md has no lines "${mark}" and "${endMark}".`);
    return `${written.slice(0, from)}${mark}\n\n${table}\n\n${written.slice(to)}`;
  }, text);
}

/** Writes the tables of CAPACITY.md. */
export async function writeDocument(figures: CapacityFigures): Promise<void> {
  await Bun.write(documentFile, withTables(await Bun.file(documentFile).text(), figures));
}
