import { type Shape, toLayers } from "./graph-layers.ts";
import { type Box, type Frame, type Layout, type Route, squarePath } from "./graph-layout.ts";

/** Lengths in SVG units. `width` is that of the whole picture. */
export type ColumnMeasures = {
  width: number;
  boxHeight: number;
  /** Between two boxes of the first band, whose edges are labelled. */
  gap: number;
  /** Between two boxes of a later band. */
  laterGap: number;
  /** Between two bands. */
  bandGap: number;
};

const laneWidth = 9;
const laneRoom = 6;
const edgeRoom = 2;
/** Where the straight edges run, from the left of the boxes. */
const stemInset = 26;

type Edge = Shape["edges"][number];

/**
 * From top to bottom, one box under the other, for narrow screens. An edge to the next box runs straight down; one that
 * passes boxes runs in a lane on the left, which edges of one box share.
 */
export function layoutColumn(shape: Shape, measures: ColumnMeasures): Layout {
  const order = readingOrder(shape);
  const row = new Map(order.map((id, index) => [id, index]));
  const forward = shape.edges.filter(({ from, to }) => (row.get(from) ?? 0) < (row.get(to) ?? -1));
  const isNext = ({ from, to }: Edge) => (row.get(to) ?? 0) - (row.get(from) ?? 0) === 1;
  const lanes = assignLanes(
    forward.filter((edge) => !isNext(edge)),
    row,
  );
  const count = Math.max(0, ...[...lanes.values()].map((lane) => lane + 1));
  const left = count === 0 ? edgeRoom : edgeRoom + laneRoom + count * laneWidth + laneRoom;
  const { boxes, frames, height } = stack(order, shape, left, measures);
  const boxOf = new Map(boxes.map((box) => [box.id, box]));
  const routes = forward.flatMap((edge): Route[] => {
    const [from, to] = [boxOf.get(edge.from), boxOf.get(edge.to)];
    if (!from || !to) return [];
    const laneX = edgeRoom + laneRoom + (count - 1 - (lanes.get(edge.from) ?? 0)) * laneWidth;
    return [isNext(edge) ? straight(edge, from, to) : aside(edge, from, to, laneX)];
  });
  return { width: measures.width, height, boxes, routes, frames };
}

/** The nodes as somebody would tell them: band by band, layer by layer. */
export function readingOrder(shape: Shape): string[] {
  const bands = [...new Set(shape.nodes.map(({ band }) => band))].sort((a, b) => a - b);
  return bands.flatMap((band) => {
    const ids = shape.nodes.filter((node) => node.band === band).map(({ id }) => id);
    const { layers } = toLayers(ids, shape.edges);
    return layers.flat().flatMap((item) => (item.isBend ? [] : [item.key]));
  });
}

/** For each box with edges that pass others, the innermost lane that is free as far down as they go. */
function assignLanes(edges: Edge[], row: Map<string, number>): Map<string, number> {
  const spans = [...Map.groupBy(edges, ({ from }) => from)].map(([from, own]) => ({
    from,
    start: row.get(from) ?? 0,
    end: Math.max(...own.map(({ to }) => row.get(to) ?? 0)),
  }));
  const lanes = new Map<string, number>();
  const ends: number[] = [];
  for (const { from, start, end } of spans.sort((a, b) => a.start - b.start)) {
    const free = ends.findIndex((taken) => taken < start);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = end;
    lanes.set(from, lane);
  }
  return lanes;
}

function stack(order: string[], shape: Shape, left: number, measures: ColumnMeasures) {
  const { width, boxHeight } = measures;
  const bandOf = new Map(shape.nodes.map(({ id, band }) => [id, band]));
  const boxes: Box[] = [];
  const frames: Frame[] = [];
  let y = edgeRoom;
  for (const id of order) {
    const band = bandOf.get(id) ?? 0;
    const frame = frames.at(-1);
    const gap = frames.length > 1 ? measures.laterGap : measures.gap;
    if (frame) y += boxHeight + (frame.band === band ? gap : measures.bandGap);
    boxes.push({ id, x: left, y, width: width - left - edgeRoom, height: boxHeight });
    if (frame?.band === band) frame.height = y + boxHeight - frame.y;
    else frames.push({ band, x: left, y, width: width - left - edgeRoom, height: boxHeight });
  }
  return { boxes, frames, height: y + (boxes.length > 0 ? boxHeight : 0) + edgeRoom };
}

function straight(edge: Edge, from: Box, to: Box): Route {
  const x = from.x + stemInset;
  const points = [
    { x, y: from.y + from.height },
    { x, y: to.y },
  ];
  return { ...edge, points, path: squarePath(points) };
}

/** Leaves below the middle and arrives above it, so that what comes is told from what goes. */
function aside(edge: Edge, from: Box, to: Box, laneX: number): Route {
  const [leaves, arrives] = [from.y + from.height * 0.7, to.y + to.height * 0.3];
  const points = [
    { x: from.x, y: leaves },
    { x: laneX, y: leaves },
    { x: laneX, y: arrives },
    { x: to.x, y: arrives },
  ];
  return { ...edge, points, path: squarePath(points) };
}
