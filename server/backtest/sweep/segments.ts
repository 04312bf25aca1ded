import type { Bars } from "../types.ts";
import type { Segment, WalkWindow } from "./types.ts";

/** The bars of a segment, as views on the same memory; its last bar is the ticker's last only where it was before. */
export function barsOf(bars: Bars, { from, to }: Segment): Bars {
  const columns = Object.entries(bars).map(([name, column]) => [
    name,
    column instanceof Float64Array ? column.subarray(from, to) : column,
  ]);
  const dates = bars.dates.slice(from, to);
  return { ...Object.fromEntries(columns), dates, delisted: bars.delisted && to === bars.dates.length } as Bars;
}

/**
 * Cuts sessions into `count + 1` parts of the same length: each part but the last chooses, alone or with all before it
 * (anchored), and the part after it runs what was chosen.
 */
export function walkWindows(sessions: number, count: number, isAnchored: boolean): WalkWindow[] {
  const cut = (part: number) => Math.round((part * sessions) / (count + 1));
  return Array.from({ length: count }, (_, window) => ({
    choose: { from: isAnchored ? 0 : cut(window), to: cut(window + 1) },
    run: { from: cut(window + 1), to: cut(window + 2) },
  }));
}
