import { describe, expect, test } from "bun:test";
import { layoutColumn, readingOrder } from "../../../views/pipeline/graph-column.ts";
import { countCrossings, type Shape, toLayers } from "../../../views/pipeline/graph-layers.ts";
import { type Box, type Layout, layoutWide } from "../../../views/pipeline/graph-layout.ts";
import { createRandom } from "../../support/random.ts";

const wide = { boxWidth: 160, boxHeight: 90, layerGap: 60, laterLayerGap: 60, boxGap: 20, bandGap: 70 };
const narrow = { width: 358, boxHeight: 90, gap: 40, laterGap: 20, bandGap: 60 };

/** A graph without circles: jobs and datasets in one band, models behind them, in shuffled order. */
function randomShape(seed: number): Shape {
  const random = createRandom(seed);
  const count = 2 + Math.floor(random() * 14);
  const nodes = Array.from({ length: count }, (_, index) => ({ id: `n${index}`, band: index < count / 2 ? 0 : 1 }));
  const edges: Shape["edges"] = [];
  for (const [index, from] of nodes.entries()) {
    for (const to of nodes.slice(index + 1)) if (random() < 0.25) edges.push({ from: from.id, to: to.id });
  }
  return { nodes: nodes.toSorted(() => random() - 0.5), edges };
}

const shapes = Array.from({ length: 200 }, (_, seed) => randomShape(seed));
const boxOf = (layout: Layout, id: string): Box => {
  const box = layout.boxes.find((one) => one.id === id);
  if (!box) throw new Error(`${id} is not drawn.`);
  return box;
};

function overlaps(boxes: Box[]): string[] {
  return boxes.flatMap((a, index) =>
    boxes
      .slice(index + 1)
      .filter((b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height)
      .map((b) => `${a.id} over ${b.id}`),
  );
}

/** Whether the straight line between two points passes through the inside of a box. */
function passes(box: Box, a: { x: number; y: number }, b: { x: number; y: number }): boolean {
  const [left, right] = [Math.min(a.x, b.x), Math.max(a.x, b.x)];
  const [top, bottom] = [Math.min(a.y, b.y), Math.max(a.y, b.y)];
  return left < box.x + box.width && right > box.x && top < box.y + box.height && bottom > box.y;
}

describe.each([
  ["side by side", (shape: Shape) => layoutWide(shape, wide)],
  ["one under the other", (shape: Shape) => layoutColumn(shape, narrow)],
])("nodes laid out %s", (_name, layout) => {
  test("are all drawn, inside the picture, and none over another", () => {
    for (const shape of shapes) {
      const { boxes, width, height } = layout(shape);
      expect(boxes.map(({ id }) => id).sort()).toEqual(shape.nodes.map(({ id }) => id).sort());
      expect(overlaps(boxes)).toEqual([]);
      for (const box of boxes) {
        expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height).toBe(true);
      }
    }
  });

  test("stand where they stood the last time", () => {
    for (const shape of shapes.slice(0, 20)) expect(layout(shape)).toEqual(layout(structuredClone(shape)));
  });

  test("are joined by an edge for each edge", () => {
    for (const shape of shapes) {
      const keys = (edges: Shape["edges"]) => edges.map(({ from, to }) => `${from} ${to}`).sort();
      expect(keys(layout(shape).routes)).toEqual(keys(shape.edges));
    }
  });

  test("bear a circle: it is drawn once through, without end", () => {
    const ids = ["a", "b", "c"];
    const shape = {
      nodes: ids.map((id) => ({ id, band: 0 })),
      edges: [
        { from: "a", to: "b" },
        { from: "b", to: "c" },
        { from: "c", to: "a" },
        { from: "b", to: "b" },
      ],
    };
    expect(layout(shape).boxes.length).toBe(3);
    expect(overlaps(layout(shape).boxes)).toEqual([]);
  });
});

describe("edges side by side", () => {
  test("lead to the right within a band, and downwards into the next", () => {
    for (const shape of shapes) {
      const layout = layoutWide(shape, wide);
      const band = new Map(shape.nodes.map((node) => [node.id, node.band]));
      for (const { from, to } of shape.edges) {
        const [a, b] = [boxOf(layout, from), boxOf(layout, to)];
        if (band.get(from) === band.get(to)) expect(b.x).toBeGreaterThanOrEqual(a.x + a.width + wide.layerGap);
        else expect(b.y).toBeGreaterThanOrEqual(a.y + a.height);
      }
    }
  });

  test("pass no box but their own within a band", () => {
    for (const shape of shapes) {
      const layout = layoutWide(shape, wide);
      const band = new Map(shape.nodes.map((node) => [node.id, node.band]));
      for (const { from, to, points } of layout.routes.filter((route) => band.get(route.from) === band.get(route.to))) {
        const others = layout.boxes.filter(({ id }) => id !== from && id !== to);
        for (const [index, point] of points.entries()) {
          const before = points[index - 1];
          // Between two layers there is no box to pass; a curve stays between its ends.
          const through = before ? others.filter((box) => passes(box, before, point)) : [];
          expect(through.map(({ id }) => id)).toEqual([]);
        }
      }
    }
  });
});

describe("edges one under the other", () => {
  test("lead downwards and pass no box: what is not next door goes round on the left", () => {
    for (const shape of shapes) {
      const layout = layoutColumn(shape, narrow);
      for (const { from, to, points } of layout.routes) {
        expect(boxOf(layout, to).y).toBeGreaterThan(boxOf(layout, from).y);
        for (const [index, point] of points.entries()) {
          const before = points[index - 1];
          const through = before ? layout.boxes.filter((box) => passes(box, before, point)) : [];
          expect(through.map(({ id }) => id)).toEqual([]);
        }
      }
    }
  });
});

describe("layers", () => {
  test("are as many as the longest path has nodes", () => {
    const edges = [
      { from: "a", to: "b" },
      { from: "b", to: "c" },
      { from: "a", to: "c" },
    ];
    const { layers, chains } = toLayers(["c", "b", "a"], edges);
    expect(layers.map((layer) => layer.filter((item) => !item.isBend).map(({ key }) => key))).toEqual([
      ["a"],
      ["b"],
      ["c"],
    ]);
    expect(chains.get("a -> c")).toEqual(["a", "a @ 1", "c"]);
  });

  test("are ordered so that edges which need not cross do not", () => {
    const edges = [
      { from: "a", to: "z" },
      { from: "b", to: "y" },
      { from: "c", to: "x" },
    ];
    const { layers } = toLayers(["a", "b", "c", "x", "y", "z"], edges);
    const links = edges.map(({ from, to }): [string, string] => [from, to]);
    expect(countCrossings(layers, links)).toBe(0);
    expect(
      countCrossings(
        [
          ["a", "b"],
          ["y", "z"],
        ].map((keys) => keys.map((key) => ({ key, isBend: false }))),
        links,
      ),
    ).toBe(1);
  });

  test("give the order in which the graph is told: nothing before what it comes from", () => {
    for (const shape of shapes) {
      const order = readingOrder(shape);
      for (const { from, to } of shape.edges) expect(order.indexOf(from)).toBeLessThan(order.indexOf(to));
    }
  });
});
