import type { CapacitySize } from "./capacity/measure.ts";

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
  "capacity",
] as const;
export type StageName = (typeof stageNames)[number];

/** What needs a year that was measured before: the full one, or the small one where only that is asked for. */
const onAYear: readonly StageName[] = ["peers", "export", "history", "backtests", "pages"];

/** What is only measured where it is asked for. */
const byName: readonly StageName[] = ["peers", "capacity"];

/**
 * What `--only` names, and the full year where that needs one; without it everything but the peers, who are asked for with `peers` or by
 * name, and the capacity. Throws a RangeError for a name that is none.
 */
export function chooseStages({ only, peers }: { only?: string; peers: boolean }): Set<StageName> {
  const named = only === undefined ? stageNames.filter((name) => !byName.includes(name)) : only.split(",").map(stageOf);
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

/** Markets that show how costs grow: with years, and with tickers. */
export const usualSizes = "1000x1,1000x3,1000x10,4000x1";
export const quickSizes = "20x1,20x2,40x1";

/** Tickers by years, as `--sizes` names them. Throws a RangeError for what is none. */
export function readSizes(text: string): CapacitySize[] {
  return text.split(",").map((one) => {
    const [, tickers, years] = /^\s*([1-9]\d*)x([1-9]\d*)\s*$/.exec(one) ?? [];
    if (tickers === undefined || years === undefined)
      throw new RangeError(`There is no size ${one.trim()}: tickers and years, such as 1000x3.`);
    return { tickers: Number(tickers), years: Number(years) };
  });
}
