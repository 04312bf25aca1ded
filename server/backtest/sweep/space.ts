import { createPermutation } from "./permutation.ts";
import type { Axis, Search } from "./types.ts";

/** The most points that one sweep runs. */
export const mostPoints = 1_000_000;
/** The most of a sweep of the universe, each of whose points chooses from the whole market every month. */
export const mostUniversePoints = 1000;
/** The most values that one parameter is tried with. */
export const mostValues = 1000;

/** From the first value in steps up to, and with, the last one where a step meets it. */
export type Range = { from: number; to: number; step: number };

/** How many values a range has, without making them. */
export function countValues({ from, to, step }: Range): number {
  // A step that fits but for rounding counts: from 0.1 to 0.3 by 0.1 are three values.
  return Math.max(0, Math.floor((to - from) / step + 1e-9) + 1);
}

/** A range's values, each rounded to twelve digits: 0.1 + 2 × 0.1 is 0.3. */
export const valuesOf = (range: Range): number[] =>
  Array.from({ length: countValues(range) }, (_, index) => Number((range.from + index * range.step).toPrecision(12)));

/** Combinations of all the axes' values. */
export const sizeOfGrid = (axes: readonly { values: { length: number } }[]): number =>
  axes.reduce((size, { values }) => size * values.length, 1);

/** Points that a search runs; a random one never more than there are. */
export function countPoints(axes: readonly Axis[], search: Search): number {
  const size = sizeOfGrid(axes);
  return search.kind === "grid" ? size : Math.min(size, search.points);
}

/**
 * Where each point of a search is on the axes. The answered function writes one place an axis into `places`; the last axis
 * changes fastest in a grid.
 */
export function createSpace(axes: readonly Axis[], search: Search): (point: number, places: Int32Array) => void {
  const lengths = axes.map(({ values }) => values.length);
  const cellOf = search.kind === "grid" ? (point: number) => point : createPermutation(sizeOfGrid(axes), search.seed);
  return (point, places) => {
    let rest = cellOf(point);
    for (let axis = lengths.length - 1; axis >= 0; axis--) {
      const length = lengths[axis] ?? 1;
      places[axis] = rest % length;
      rest = Math.floor(rest / length);
    }
  };
}

/** The parameters at places on the axes. */
export const paramsAt = (axes: readonly Axis[], places: ArrayLike<number>): Record<string, number> =>
  Object.fromEntries(axes.map(({ name, values }, axis) => [name, values[places[axis] ?? 0] ?? Number.NaN]));
