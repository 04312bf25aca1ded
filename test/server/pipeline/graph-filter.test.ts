import { expect, test } from "bun:test";
import { chooseOf } from "../../../server/pipeline/graph-filter.ts";
import type { GraphEdge, GraphNode, GraphView } from "../../../views/pipeline/graph-types.ts";

const node = (id: string, band: number): GraphNode => ({
  ...{ id, band, kind: "model", name: id, title: id, place: "view", description: "", href: "/", state: "success" },
  ...{ stateLabel: null, stateRunId: null, paused: false, queued: 0, running: 0, failed: 0, waiting: 0 },
  ...{ lastSuccess: null, rows: null, events: null, tests: null },
});
const edge = (from: string, to: string, kind: GraphEdge["kind"]): GraphEdge => ({
  ...{ from, to, kind, event: null, waiting: 0, waitingSince: null },
});

const none = { job: "", model: "", part: "" } as const;
const graph: GraphView = {
  now: new Date(0),
  nodes: [..."abc"]
    .map((id) => node(id, 0))
    .concat(
      [..."stuvw"].map((id) => node(id, 1)),
      [..."xyz"].map((id) => node(id, 2)),
    ),
  edges: [
    edge("a", "b", "records"),
    edge("b", "c", "wakes"),
    edge("c", "s", "begins"),
    edge("s", "t", "reads"),
    edge("t", "u", "reads"),
    edge("s", "v", "reads"),
    edge("w", "u", "reads"),
    edge("u", "x", "reads"),
    edge("x", "y", "reads"),
    edge("c", "z", "begins"),
  ],
  ...{ choice: none, jobs: [], models: [], isWorking: false, hasWorkspace: true, projectProblem: null },
};
const idsOf = (choice: Partial<GraphView["choice"]>) =>
  chooseOf(graph, { ...none, ...choice })
    .nodes.map(({ id }) => id)
    .join("");

test("a model comes with all that it is made from and all that is made from it", () => {
  expect(idsOf({ model: "t" })).toBe("stuxy");
  expect(idsOf({ model: "u" })).toBe("stuwxy");
  expect(chooseOf(graph, { ...none, model: "t" }).edges.map(({ from, to }) => from + to)).toEqual([
    "st",
    "tu",
    "ux",
    "xy",
  ]);
});

test("a job comes with what wakes it and what it records, and not with the project that it builds", () => {
  expect(idsOf({ job: "c" })).toBe("bc");
  expect(idsOf({ job: "a" })).toBe("ab");
});

test("parts are the pipeline or the project, and nothing chosen is all of it", () => {
  expect(idsOf({ part: "pipeline" })).toBe("abc");
  expect(idsOf({ part: "models" })).toBe("stuvwxyz");
  expect(idsOf({ job: "gone", model: "gone" })).toBe("abcstuvwxyz");
});

test("the workspace's nodes come with what they read directly", () => {
  expect(idsOf({ part: "workspace" })).toBe("uxyz");
});
