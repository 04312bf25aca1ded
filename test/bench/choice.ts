/** What may be measured, in the order in which it is. */
export const stageNames = [
  "small-year",
  "full-year",
  "peers",
  "events",
  "export",
  "history",
  "backtests",
  "pages",
] as const;
export type StageName = (typeof stageNames)[number];

/** What needs a year that was measured before: the full one, or the small one where only that is asked for. */
const onAYear: readonly StageName[] = ["peers", "export", "history", "backtests", "pages"];

/**
 * What `--only` names, and the full year where that needs one; without it everything but the peers, who are asked for with `peers` or by
 * name. Throws a RangeError for a name that is none.
 */
export function chooseStages({ only, peers }: { only?: string; peers: boolean }): Set<StageName> {
  const named = only === undefined ? stageNames.filter((name) => name !== "peers") : only.split(",").map(stageOf);
  const chosen = new Set<StageName>(peers ? [...named, "peers"] : named);
  if (!chosen.has("small-year") && onAYear.some((name) => chosen.has(name))) chosen.add("full-year");
  return chosen;
}

function stageOf(text: string): StageName {
  const found = stageNames.find((name) => name === text.trim());
  if (found === undefined)
    throw new RangeError(`There is no stage ${text.trim()}: it is one of ${stageNames.join(", ")}.`);
  return found;
}
