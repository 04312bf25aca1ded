/** A strategy of two parameters, as people write them. */
export const zScore = `import { at, decideEach, defineStrategy, deviation, sessions, simpleAverage, z } from "barline";
import { z as sameZod } from "zod";

const zScores = (close: Float64Array, window: number): Float64Array => {
  const [mean, width] = [simpleAverage(close, window), deviation(close, window)];
  return close.map((price, session) => (at(width, session) > 0 ? (price - at(mean, session)) / at(width, session) : 0));
};

export default defineStrategy({
  id: "z_score",
  name: "Z-score",
  description: "Long below minus \`threshold\` deviations, until the mean.",
  parameters: sameZod.strictObject({
    window: sessions(2, 20, "Sessions of the average."),
    threshold: z.number().gt(0).max(10).default(1).describe("Deviations below the average to buy at."),
  }),
  warmup: ({ window }) => window - 1,
  signals: ({ close }, { window, threshold }) => {
    const score = zScores(close, window);
    return decideEach(close.length, window - 1, (session, held) => {
      if (at(score, session) < -threshold) return 1;
      return at(score, session) >= 0 ? 0 : held;
    });
  },
  panes: ({ close }, { window }) => [
    { id: "z", title: "Z-score", overlay: false, lines: [{ label: "Z-score", values: zScores(close, window) }] },
  ],
});
`;

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
