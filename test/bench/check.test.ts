import { expect, test } from "bun:test";
import { judge, medianRatios, type Ratios, ratiosOf } from "./check.ts";

const recorded: Ratios = { load: 4, transform: 1.2, all: 2 };
const threeOf = (ratios: Ratios) => [ratios, ratios, ratios];

test("ratios are Barline's processor seconds to the floor's, by part and in all", () => {
  const ratios = ratiosOf({ barline: { load: 8, transform: 12 }, floor: { load: 2, transform: 8 } });
  expect(ratios).toEqual({ load: 4, transform: 1.5, all: 2 });
});

test("of three runs the middle counts, of each part by itself", () => {
  const runs = [
    { load: 4, transform: 9, all: 2 },
    { load: 90, transform: 1.1, all: 2.1 },
    { load: 4.1, transform: 1.2, all: 0.1 },
  ];
  expect(medianRatios(runs)).toEqual({ load: 4.1, transform: 1.2, all: 2 });
  expect(judge(runs, recorded).passes).toBe(true);
});

test("what is recorded, better than it and a tenth fewer rows a processor second pass", () => {
  for (const factor of [1, 0.5, 1 / 0.9 - 1e-9]) {
    const runs = threeOf({ ...recorded, transform: recorded.transform * factor });
    expect(judge(runs, recorded)).toMatchObject({ passes: true });
  }
});

test("more than a tenth fewer rows a processor second in any part fail, with a sentence that says which", () => {
  for (const part of ["load", "transform", "all"] as const) {
    expect(judge(threeOf({ ...recorded, [part]: recorded[part] / 0.89 }), recorded).passes).toBe(false);
  }
  expect(judge(threeOf({ load: 4, transform: 1.5, all: 1.9 }), recorded).sentences).toEqual([
    "Ingest and load: 4.00 times the floor, recorded 4.00: 0 % more rows a processor second.",
    "The transform: 1.50 times the floor, recorded 1.20: 20 % fewer rows a processor second, and 10 % are allowed.",
    "All of the work: 1.90 times the floor, recorded 2.00: 5 % more rows a processor second.",
  ]);
});

test("a ratio that could not be measured does not pass", () => {
  expect(judge(threeOf({ ...recorded, load: Number.NaN }), recorded).passes).toBe(false);
  expect(judge([], recorded).passes).toBe(false);
});
