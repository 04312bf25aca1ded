import { edgeKey, type Item, type Layered, type Shape, toLayers } from "./graph-layers.ts";

export type Point = { x: number; y: number };
export type Box = { id: string; x: number; y: number; width: number; height: number };
/** How an edge runs; its last point is its head. */
export type Route = { from: string; to: string; points: Point[]; path: string };
/** The area of one band, around its boxes. */
export type Frame = { band: number; x: number; y: number; width: number; height: number };
export type Layout = { width: number; height: number; boxes: Box[]; routes: Route[]; frames: Frame[] };

/** Lengths in SVG units, which are CSS pixels where the picture is not scaled. */
export type Measures = {
  boxWidth: number;
  boxHeight: number;
  /** Between layers, where edges run and are labelled. */
  layerGap: number;
  /** The same in the later bands, whose edges have no labels. */
  laterLayerGap: number;
  /** Between boxes of one layer. */
  boxGap: number;
  /** Between bands. */
  bandGap: number;
};

const bendHeight = 14;
const coordinateSweeps = 6;
const slightSlope = 5;
/** What the boxes of a later band are moved in by: edges from the band before run down here. */
const railWidth = 34;
const edgeRoom = 2;
const framePadding = 16;

type Placed = { layered: Layered; centres: Map<string, number>; height: number };

/** From left to right, one band under the other, as lines of a text. An edge into a later band runs down its left side. */
export function layoutWide(shape: Shape, given: Measures): Layout {
  const bands = [...new Set(shape.nodes.map(({ band }) => band))].sort((a, b) => a - b);
  const boxes: Box[] = [];
  const frames: Frame[] = [];
  const routes = new Map<string, Route>();
  let top = edgeRoom;
  for (const [index, band] of bands.entries()) {
    const measures = index === 0 ? given : { ...given, layerGap: given.laterLayerGap };
    const ids = shape.nodes.filter((node) => node.band === band).map(({ id }) => id);
    const left = index === 0 ? edgeRoom : railWidth;
    const placed = placeBand(toLayers(ids, shape.edges), measures);
    boxes.push(...boxesOf(placed, left, top, measures));
    for (const edge of shape.edges) {
      const chain = placed.layered.chains.get(edgeKey(edge));
      if (chain) routes.set(edgeKey(edge), routeAcross(edge, chain, placed, { left, top, measures }));
    }
    const width = placed.layered.layers.length * (measures.boxWidth + measures.layerGap) - measures.layerGap;
    frames.push({ band, x: left, y: top, width, height: placed.height });
    top += placed.height + given.bandGap;
  }
  for (const edge of shape.edges) {
    const route = routes.get(edgeKey(edge)) ?? routeBetweenBands(edge, boxes, frames, given);
    if (route) routes.set(edgeKey(edge), route);
  }
  return {
    width: Math.max(0, ...frames.map((frame) => frame.x + frame.width)) + framePadding + edgeRoom,
    height: top - given.bandGap + (bands.length > 1 ? framePadding : 0) + edgeRoom,
    boxes,
    routes: [...routes.values()],
    frames: frames.map((frame, index) => (index === 0 ? frame : around(frame))),
  };
}

const around = ({ band, x, y, width, height }: Frame): Frame => ({
  band,
  x: edgeRoom,
  y: y - framePadding,
  width: x + width + framePadding - edgeRoom,
  height: height + 2 * framePadding,
});

const heightOf = (item: Item, { boxHeight }: Measures) => (item.isBend ? bendHeight : boxHeight);

/** Gives each item of each layer its centre from the band's top: near its neighbours, never over another. */
function placeBand(layered: Layered, measures: Measures): Placed {
  const { layers, chains } = layered;
  const neighbours = new Map<string, { before: string[]; after: string[] }>();
  for (const item of layers.flat()) neighbours.set(item.key, { before: [], after: [] });
  for (const chain of chains.values()) {
    for (const [index, key] of chain.entries()) {
      const [before, after] = [chain[index - 1], chain[index + 1]];
      if (before !== undefined) neighbours.get(key)?.before.push(before);
      if (after !== undefined) neighbours.get(key)?.after.push(after);
    }
  }
  const centres = new Map<string, number>();
  for (const layer of layers) spread(layer, centres, () => 0, measures);
  for (let sweep = 0; sweep < coordinateSweeps; sweep++) {
    const side = sweep % 2 === 0 ? "before" : "after";
    for (const layer of side === "before" ? layers : layers.toReversed()) {
      const desired = (key: string) => {
        const near = (neighbours.get(key)?.[side] ?? []).map((other) => centres.get(other) ?? 0);
        return near.length === 0 ? (centres.get(key) ?? 0) : near.reduce((sum, at) => sum + at, 0) / near.length;
      };
      spread(layer, centres, desired, measures);
    }
  }
  straighten(layered, centres);
  const items = layers.flat();
  const top = Math.min(...items.map((item) => (centres.get(item.key) ?? 0) - heightOf(item, measures) / 2));
  const bottom = Math.max(...items.map((item) => (centres.get(item.key) ?? 0) + heightOf(item, measures) / 2));
  for (const { key } of items) centres.set(key, (centres.get(key) ?? 0) - top);
  return { layered, centres, height: bottom - top };
}

/** A bend that is nearly level with what comes before it becomes level: less than the room that it keeps to others. */
function straighten({ layers, chains }: Layered, centres: Map<string, number>): void {
  const bends = new Set(layers.flat().flatMap(({ key, isBend }) => (isBend ? [key] : [])));
  for (const chain of chains.values()) {
    for (const [index, key] of chain.entries()) {
      const before = centres.get(chain[index - 1] ?? "");
      if (before === undefined || !bends.has(key)) continue;
      if (Math.abs((centres.get(key) ?? 0) - before) <= slightSlope) centres.set(key, before);
    }
  }
}

/** Puts the items of a layer one under the other, as near to where they want to be as their order and room allow. */
function spread(
  layer: Item[],
  centres: Map<string, number>,
  desired: (key: string) => number,
  measures: Measures,
): void {
  let bottom = Number.NEGATIVE_INFINITY;
  let off = 0;
  const wanted = layer.map(({ key }) => desired(key));
  for (const [index, item] of layer.entries()) {
    const half = heightOf(item, measures) / 2;
    const centre = Math.max(wanted[index] ?? 0, bottom + measures.boxGap + half);
    centres.set(item.key, centre);
    bottom = centre + half;
    off += (wanted[index] ?? 0) - centre;
  }
  for (const { key } of layer) centres.set(key, (centres.get(key) ?? 0) + off / layer.length);
}

function boxesOf({ layered, centres }: Placed, left: number, top: number, measures: Measures): Box[] {
  const { boxWidth: width, boxHeight: height, layerGap } = measures;
  return layered.layers.flatMap((layer, index) =>
    layer
      .filter((item) => !item.isBend)
      .map(({ key }) => ({
        id: key,
        x: left + index * (width + layerGap),
        y: Math.round(top + (centres.get(key) ?? 0) - height / 2),
        width,
        height,
      })),
  );
}

type Place = { left: number; top: number; measures: Measures };

function routeAcross(
  edge: { from: string; to: string },
  chain: string[],
  { layered, centres }: Placed,
  { left, top, measures }: Place,
): Route {
  const pitch = measures.boxWidth + measures.layerGap;
  const points = chain.flatMap((key, index) => {
    const layer = layered.layers.findIndex((items) => items.some((item) => item.key === key));
    const y = Math.round(top + (centres.get(key) ?? 0));
    const [x, end] = [left + layer * pitch, left + layer * pitch + measures.boxWidth];
    if (index === 0) return [{ x: end, y }];
    return index === chain.length - 1
      ? [{ x, y }]
      : [
          { x, y },
          { x: end, y },
        ];
  });
  return { ...edge, points, path: curvePath(points) };
}

/** Out of the foot of one box, along the gap between the bands, and down the left side into the other. */
function routeBetweenBands(
  edge: { from: string; to: string },
  boxes: Box[],
  frames: Frame[],
  { bandGap }: Measures,
): Route | null {
  const from = boxes.find(({ id }) => id === edge.from);
  const to = boxes.find(({ id }) => id === edge.to);
  const frame = frames.findLast(({ y }) => to !== undefined && y <= to.y);
  if (!from || !to || !frame || to.y <= from.y) return null;
  const foot = from.x + from.width / 2;
  const [gutter, rail] = [Math.round(frame.y - bandGap / 2), railWidth / 2];
  const points = [
    { x: foot, y: from.y + from.height },
    { x: foot, y: gutter },
    { x: rail, y: gutter },
    { x: rail, y: to.y + to.height / 2 },
    { x: to.x, y: to.y + to.height / 2 },
  ];
  return { ...edge, points, path: squarePath(points) };
}

/** Curves that leave and arrive level, with straight stretches where a layer is passed. */
function curvePath(points: Point[]): string {
  return points.reduce((path, { x, y }, index) => {
    const before = points[index - 1];
    if (!before) return `M${x} ${y}`;
    if (before.y === y) return `${path}H${x}`;
    const middle = (before.x + x) / 2;
    return `${path}C${middle} ${before.y} ${middle} ${y} ${x} ${y}`;
  }, "");
}

const cornerRadius = 8;

/** Straight lines with rounded corners. */
export function squarePath(points: Point[]): string {
  return points.reduce((path, { x, y }, index) => {
    const [before, after] = [points[index - 1], points[index + 1]];
    if (!before) return `M${x} ${y}`;
    if (!after) return `${path}L${x} ${y}`;
    const into = towards({ x, y }, before);
    const out = towards({ x, y }, after);
    return `${path}L${into.x} ${into.y}Q${x} ${y} ${out.x} ${out.y}`;
  }, "");
}

function towards(corner: Point, other: Point): Point {
  const [dx, dy] = [other.x - corner.x, other.y - corner.y];
  const length = Math.max(Math.abs(dx), Math.abs(dy));
  const part = length === 0 ? 0 : Math.min(cornerRadius, length / 2) / length;
  return { x: corner.x + dx * part, y: corner.y + dy * part };
}
