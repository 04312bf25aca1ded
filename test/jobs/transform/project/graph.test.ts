import { expect, test } from "bun:test";
import { withAncestors } from "../../../../jobs/transform/project/graph.ts";

const nodes = [
  { name: "bars", dependsOn: ["raw.bars"] },
  { name: "daily", dependsOn: ["bars", "raw.splits"] },
  { name: "weekly", dependsOn: ["daily", "bars"] },
  { name: "holidays", dependsOn: [] },
];

test("a node comes with all that it reads, by whatever way, sources included", () => {
  expect([...withAncestors(nodes, ["weekly"])].sort()).toEqual(["bars", "daily", "raw.bars", "raw.splits", "weekly"]);
  expect([...withAncestors(nodes, ["holidays", "bars"])].sort()).toEqual(["bars", "holidays", "raw.bars"]);
  expect([...withAncestors(nodes, ["raw.bars"])]).toEqual(["raw.bars"]);
});
