import { type ChartBars, firstFrom } from "./bars.ts";
import { type ChartState, rangeStart } from "./state.ts";

/** The stretch in sight, in positions of bars; a bar reaches half a position to both sides. */
export type Window = { min: number; max: number };

/** Fewer bars say nothing. */
const fewest = 5;

/** Moves to another stretch by link, button or key. */
export const moves = ["earlier", "later", "in", "out"] as const;

export type Move = (typeof moves)[number];

/** The stretch of the same width, as far as there are bars, that is nearest and lies within them. */
export function clampWindow({ min, max }: Window, count: number): Window {
  const width = Math.min(count, Math.max(Math.min(fewest, count), max - min));
  const from = Math.min(Math.max(-0.5, min), count - 0.5 - width);
  return { min: from, max: from + width };
}

/** The stretch `by` bars later, or earlier where it is negative. */
export const panWindow = ({ min, max }: Window, by: number, count: number): Window =>
  clampWindow({ min: min + by, max: max + by }, count);

/** The stretch `factor` times as wide, with the position `at` where it was in it. */
export function zoomWindow({ min, max }: Window, factor: number, at: number, count: number): Window {
  const width = Math.min(count, Math.max(Math.min(fewest, count), (max - min) * factor));
  const share = (at - min) / (max - min || 1);
  return clampWindow({ min: at - share * width, max: at + (1 - share) * width }, count);
}

/** Half a stretch to a side, or half and twice as wide; around the newest bar where it is in sight. */
export function moveWindow(window: Window, move: Move, count: number): Window {
  const width = window.max - window.min;
  if (move === "earlier" || move === "later") return panWindow(window, (move === "later" ? width : -width) / 2, count);
  const hasNewest = window.max > count - 1;
  const at = hasNewest ? window.max : (window.min + window.max) / 2;
  return zoomWindow(window, move === "in" ? 0.5 : 2, at, count);
}

/** The first and the last bar that a stretch shows half of at the least. */
export function barsIn({ min, max }: Window, count: number): { first: number; last: number } {
  const first = Math.min(Math.max(0, count - 1), Math.max(0, Math.ceil(min)));
  return { first, last: Math.max(first, Math.min(count - 1, Math.floor(max))) };
}

/** The stretch that a state's zoom or range is, of at least one bar. */
export function windowOf(
  bars: Pick<ChartBars, "start" | "date">,
  { zoom, range }: Pick<ChartState, "zoom" | "range">,
): Window {
  const count = bars.date.length;
  const newest = bars.date.at(-1) ?? "";
  if (zoom !== null) {
    const first = firstFrom(bars.date, zoom.from);
    const after = bars.start.findIndex((start) => start > zoom.to);
    const last = (after < 0 ? count : after) - 1;
    if (first >= 0 && last >= first) return { min: first - 0.5, max: last + 0.5 };
  }
  return { min: Math.max(0, firstFrom(bars.date, rangeStart(range, newest))) - 0.5, max: count - 0.5 };
}

/** The dates of a stretch, as an address has them. */
export function zoomOf(bars: Pick<ChartBars, "start" | "date">, window: Window): { from: string; to: string } {
  const { first, last } = barsIn(window, bars.date.length);
  return { from: bars.start[first] ?? "", to: bars.date[last] ?? "" };
}
