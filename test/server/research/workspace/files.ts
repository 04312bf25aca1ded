import { readFileSync } from "node:fs";
import { join } from "node:path";

const template = join(import.meta.dir, "../../../../server/research/workspace/template");

/** The example that the workspace is begun with. */
export const zScore = readFileSync(join(template, "z-score.ts.example"), "utf8");

/** A file that differs from a sound one in what is given; each part stands on a line of its own. */
export const strategyFile = (parts: {
  id: string;
  name?: string;
  head?: string;
  parameters?: string;
  refine?: string;
  warmup?: string;
  decide?: string;
  signals?: string;
}): string =>
  [
    'import { at, decideEach, defineStrategy, ordered, sessions, z } from "barline";',
    parts.head ?? "// Nothing else is needed.",
    `const warmup = () => ${parts.warmup ?? "5"};`,
    "",
    "export default defineStrategy({",
    `  id: "${parts.id}",`,
    `  name: ${parts.name ?? `"Own ${parts.id}"`},`,
    '  description: "Somebody\'s own.",',
    `  parameters: z.strictObject(${parts.parameters ?? "{}"})${parts.refine ?? ""},`,
    `  signals: ${parts.signals ?? `({ close }) => decideEach(close.length, ${parts.warmup ?? "5"}, (session) => ${parts.decide ?? "at(close, session) > at(close, session - 5) ? 1 : 0"})`},`,
    "  warmup,",
    "});",
    "",
  ].join("\n");
