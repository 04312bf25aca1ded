import { describe, expect, test } from "bun:test";
import { createPermutation } from "../../../../server/backtest/sweep/permutation.ts";
import {
  countPoints,
  countValues,
  createSpace,
  paramsAt,
  sizeOfGrid,
  valuesOf,
} from "../../../../server/backtest/sweep/space.ts";
import type { Axis, Search } from "../../../../server/backtest/sweep/types.ts";

const axes: Axis[] = [
  { name: "a", values: [1, 2] },
  { name: "b", values: [10, 20, 30] },
];

function pointsOf(of: readonly Axis[], search: Search): Record<string, number>[] {
  const space = createSpace(of, search);
  const places = new Int32Array(of.length);
  return Array.from({ length: countPoints(of, search) }, (_, point) => {
    space(point, places);
    return paramsAt(of, places);
  });
}

describe("a range", () => {
  test("has its last value where a step meets it, rounding aside", () => {
    expect(valuesOf({ from: 0.1, to: 0.3, step: 0.1 })).toEqual([0.1, 0.2, 0.3]);
    expect(valuesOf({ from: 5, to: 14, step: 5 })).toEqual([5, 10]);
    expect(valuesOf({ from: 5, to: 5, step: 1 })).toEqual([5]);
  });

  test("that ends before it begins has no value", () => {
    expect(countValues({ from: 5, to: 4, step: 1 })).toBe(0);
  });

  test("is counted without being made", () => {
    expect(countValues({ from: 1, to: 1e12, step: 1 })).toBe(1e12);
  });
});

describe("a grid", () => {
  test("is every combination, the last axis changing fastest", () => {
    expect(pointsOf(axes, { kind: "grid" })).toEqual([
      { a: 1, b: 10 },
      { a: 1, b: 20 },
      { a: 1, b: 30 },
      { a: 2, b: 10 },
      { a: 2, b: 20 },
      { a: 2, b: 30 },
    ]);
  });

  test("without an axis is one point", () => {
    expect(pointsOf([], { kind: "grid" })).toEqual([{}]);
  });
});

describe("a random search", () => {
  const wide: Axis[] = ["a", "b", "c"].map((name) => ({ name, values: valuesOf({ from: 1, to: 40, step: 1 }) }));
  const draw = (seed: number, points = 500) => pointsOf(wide, { kind: "random", points, seed });

  test("draws no point twice, and the same ones for the same seed", () => {
    const drawn = draw(7).map((point) => JSON.stringify(point));
    expect(new Set(drawn).size).toBe(500);
    expect(draw(7).map((point) => JSON.stringify(point))).toEqual(drawn);
    expect(draw(8).map((point) => JSON.stringify(point))).not.toEqual(drawn);
  });

  test("of more points is the one of fewer, with further ones", () => {
    expect(draw(3, 100)).toEqual(draw(3, 200).slice(0, 100));
  });

  test("spreads evenly over each axis", () => {
    const drawn = draw(11, 16_000);
    for (const { name } of wide) {
      const counts = new Map<number, number>();
      for (const point of drawn) counts.set(point[name] ?? 0, (counts.get(point[name] ?? 0) ?? 0) + 1);
      // 400 are expected of each value; five standard deviations are 99.
      expect([...counts.values()].every((count) => Math.abs(count - 400) < 99)).toBe(true);
    }
  });

  test("has never more points than there are", () => {
    const all = pointsOf(axes, { kind: "random", points: 1000, seed: 1 }).map((point) => JSON.stringify(point));
    const grid = pointsOf(axes, { kind: "grid" }).map((point) => JSON.stringify(point));
    expect(all.toSorted()).toEqual(grid.toSorted());
  });
});

describe("a permutation", () => {
  test.each([1, 2, 3, 17, 256, 1000, 1025])("of %p numbers has each of them once", (size) => {
    const at = createPermutation(size, 42);
    const all = Array.from({ length: size }, (_, place) => at(place));
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, place) => place));
  });

  test("of more than can be listed stays inside", () => {
    const size = sizeOfGrid(Array.from({ length: 4 }, () => ({ values: { length: 1000 } })));
    const at = createPermutation(size, 5);
    const drawn = Array.from({ length: 1000 }, (_, place) => at(place));
    expect(drawn.every((value) => Number.isSafeInteger(value) && value >= 0 && value < size)).toBe(true);
    expect(new Set(drawn).size).toBe(1000);
  });

  test("differs by seeds that differ above 32 bits only", () => {
    const [one, other] = [createPermutation(1000, 1), createPermutation(1000, 1 + 2 ** 32)];
    const places = Array.from({ length: 50 }, (_, place) => place);
    expect(places.map(one)).not.toEqual(places.map(other));
  });
});
