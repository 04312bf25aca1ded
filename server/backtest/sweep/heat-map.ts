import { metricNames } from "./metric-names.ts";
import type { Axis } from "./types.ts";

/** What a cell of a heat map shows: the mean of its points, or the point of it with the best score. */
export const layers = ["mean", "best"] as const;

/** Two axes of a sweep against each other. Cells are in rows of `y`, from the first of each; `size` is how many of an axis's values one cell spans. */
export type HeatMapPair = { x: number; y: number; columns: number; rows: number; columnSize: number; rowSize: number };

/** All pairs of axes, with one run of numbers: by pair, then layer, then metric, then cell; NaN where no point has the metric. */
export type HeatMaps = { pairs: HeatMapPair[]; values: Float32Array<ArrayBuffer> };

/** The most values of one axis that a map shows one by one; more are put together, so that a map stays a picture. */
const mostCellsAcross = 100;
/** The most cells of all maps of a sweep together: with every metric twice some twelve megabytes. */
const mostCells = 60_000;

/** Which maps a sweep has. One axis alone is a map of one row. */
function pairsOf(axes: readonly Axis[]): HeatMapPair[] {
  const varied = axes.flatMap(({ values }, axis) => (values.length > 1 ? [axis] : []));
  const [first = 0, ...others] = varied;
  const chosen = others.length === 0 ? [[first, first] as const] : pairsAmong(varied);
  const across = Math.min(mostCellsAcross, Math.floor(Math.sqrt(mostCells / chosen.length)));
  const cellsOf = (axis: number) => {
    const { length } = axes[axis]?.values ?? [];
    const size = Math.ceil(length / across);
    return { size, cells: Math.ceil(length / size) };
  };
  return chosen.map(([y, x]) => {
    const [column, row] = [cellsOf(x), x === y ? { size: 1, cells: 1 } : cellsOf(y)];
    return { x, y, columns: column.cells, rows: row.cells, columnSize: column.size, rowSize: row.size };
  });
}

const pairsAmong = (axes: readonly number[]) =>
  axes.flatMap((first, index) => axes.slice(index + 1).map((second) => [first, second] as const));

const cellsOf = ({ columns, rows }: Pick<HeatMapPair, "columns" | "rows">): number => columns * rows;

/** One map among all: `metrics` is how many metrics each layer has. */
export type MapPlace = { pair: number; layer: number; metric: number; metrics: number };

/** Where the cells of one map begin in the values; they are `columns × rows` numbers. */
export function mapOffset(pairs: readonly Pick<HeatMapPair, "columns" | "rows">[], at: MapPlace): number {
  const before = pairs.slice(0, at.pair).reduce((cells, pair) => cells + cellsOf(pair), 0);
  const own = pairs[at.pair];
  const inPair = own === undefined ? 0 : cellsOf(own) * (at.layer * at.metrics + at.metric);
  return before * layers.length * at.metrics + inPair;
}

/** Fills the maps of a sweep point by point. */
export type HeatMapBuilder = {
  add(places: ArrayLike<number>, metrics: Float64Array, /** Higher is better; NaN never is. */ rank: number): void;
  finish(): HeatMaps;
};

export function createHeatMaps(axes: readonly Axis[]): HeatMapBuilder {
  const pairs = pairsOf(axes);
  const grids = pairs.map((pair) => ({
    pair,
    sums: new Float64Array(cellsOf(pair) * metricNames.length),
    counts: new Uint32Array(cellsOf(pair) * metricNames.length),
    best: new Float32Array(cellsOf(pair) * metricNames.length).fill(Number.NaN),
    ranks: new Float64Array(cellsOf(pair)).fill(Number.NaN),
  }));
  return {
    add: (places, metrics, rank) => {
      for (const { pair, sums, counts, best, ranks } of grids) {
        const column = Math.floor((places[pair.x] ?? 0) / pair.columnSize);
        const row = pair.x === pair.y ? 0 : Math.floor((places[pair.y] ?? 0) / pair.rowSize);
        const cell = row * pair.columns + column;
        const start = cell * metricNames.length;
        const known = ranks[cell] ?? Number.NaN;
        const isBest = rank > known || Number.isNaN(known);
        if (isBest) ranks[cell] = rank;
        for (let metric = 0; metric < metricNames.length; metric++) {
          const value = metrics[metric] ?? Number.NaN;
          if (isBest) best[start + metric] = value;
          if (Number.isNaN(value)) continue;
          sums[start + metric] = (sums[start + metric] ?? 0) + value;
          counts[start + metric] = (counts[start + metric] ?? 0) + 1;
        }
      }
    },
    finish: () => {
      const total = pairs.reduce((cells, pair) => cells + cellsOf(pair), 0);
      const values = new Float32Array(total * layers.length * metricNames.length);
      for (const [index, { pair, sums, counts, best }] of grids.entries()) {
        for (let metric = 0; metric < metricNames.length; metric++) {
          const mean = mapOffset(pairs, { pair: index, layer: 0, metric, metrics: metricNames.length });
          const chosen = mapOffset(pairs, { pair: index, layer: 1, metric, metrics: metricNames.length });
          for (let cell = 0; cell < cellsOf(pair); cell++) {
            const at = cell * metricNames.length + metric;
            // Nothing divided by nothing: NaN, as it should be.
            values[mean + cell] = (sums[at] ?? 0) / (counts[at] ?? 0);
            values[chosen + cell] = best[at] ?? Number.NaN;
          }
        }
      }
      return { pairs, values };
    },
  };
}
