import { expect, test } from "bun:test";
import { nearest } from "../../../server/http/nearest.ts";

test.each<[string, string[], number, string | undefined]>([
  ["HALTT", ["STEP", "HALT"], 3, "HALT"],
  ["bsp", ["bps"], 2, "bps"],
  // Nothing is near among nothing, further than the bound, or between short names.
  ["HALT", [], 3, undefined],
  ["momentum", ["mean_reversion"], 3, undefined],
  ["A", ["F"], 3, undefined],
  // The first of two that are as near.
  ["TEM", ["TEN", "TED"], 3, "TEN"],
])("the nearest to %p of %p within %p edits is %p", (name, known, furthest, near) => {
  expect(nearest(name, known, furthest)).toBe(near);
});
