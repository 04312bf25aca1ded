import { type HeatMapPair, type HeatMaps, layers, mapOffset } from "../../backtest/sweep/heat-map.ts";
import { metricNames } from "../../backtest/sweep/metric-names.ts";
import type { SweepResult } from "../../backtest/sweep/result.ts";
import type { Axis, Segment, SweepPlan } from "../../backtest/sweep/types.ts";
import type { SweepFound } from "./schemas.ts";

/** A sweep's result as it is kept and answered: sessions as dates, columns as lists. */
export function recordOf(
  dates: readonly string[],
  plan: SweepPlan,
  result: SweepResult,
  { pairs }: HeatMaps,
): Omit<SweepFound, "dataVersion"> {
  const { walkForward, equity, held, ...rest } = result;
  const part = (segment: Segment) => partOf(dates, segment);
  return {
    metrics: metricNames,
    parts: { inSample: part(plan.inSample), outOfSample: plan.outOfSample && part(plan.outOfSample) },
    ...rest,
    equity: equity && held && { dates: [...dates], best: cents(equity), buyAndHold: cents(held) },
    walkForward: walkForward && {
      steps: walkForward.steps.map(({ window, ...step }) => ({
        choose: part(window.choose),
        run: part(window.run),
        ...step,
      })),
      dates: dates.slice(walkForward.from, walkForward.from + walkForward.equity.length),
      equity: cents(walkForward.equity),
      metrics: walkForward.metrics,
    },
    maps: pairs.map((pair) => describeMap(plan.axes, pair)),
  };
}

const partOf = (dates: readonly string[], { from, to }: Segment) => ({
  from: dates[from] ?? "",
  to: dates[to - 1] ?? "",
  sessions: to - from,
});

/** All that a curve shows of it. */
const cents = (values: Float64Array): number[] => Array.from(values, (value) => Math.round(value * 100) / 100);

function describeMap(axes: readonly Axis[], pair: HeatMapPair): SweepFound["maps"][number] {
  const [x, y] = [axes[pair.x], pair.x === pair.y ? undefined : axes[pair.y]];
  const every = (axis: Axis | undefined, size: number) => axis?.values.filter((_, place) => place % size === 0) ?? [];
  return {
    x: x?.name ?? "",
    y: y?.name ?? null,
    xValues: every(x, pair.columnSize),
    yValues: every(y, pair.rowSize),
    xSize: pair.columnSize,
    ySize: pair.rowSize,
  };
}

export type MapChoice = { pair: number; show: (typeof layers)[number]; metric: string };

/** Where the bytes of one map are among all; null where there is no such map. */
export function bytesOf(
  { maps, metrics }: Pick<SweepFound, "maps" | "metrics">,
  { pair, show, metric }: MapChoice,
): { offset: number; length: number } | null {
  const sizes = maps.map(({ xValues, yValues }) => ({ columns: xValues.length, rows: Math.max(yValues.length, 1) }));
  const [own, column] = [sizes[pair], metrics.indexOf(metric)];
  if (own === undefined || column === -1) return null;
  const offset = mapOffset(sizes, { pair, layer: layers.indexOf(show), metric: column, metrics: metrics.length });
  const bytes = Float32Array.BYTES_PER_ELEMENT;
  return { offset: offset * bytes, length: own.columns * own.rows * bytes };
}

/** The rows of a map from its bytes; null where no point has the metric. */
export function cellsOf(bytes: Uint8Array, columns: number): (number | null)[][] {
  const values = new Float32Array(bytes.slice().buffer);
  const rows = Math.floor(values.length / Math.max(columns, 1));
  return Array.from({ length: rows }, (_, row) =>
    Array.from(values.subarray(row * columns, (row + 1) * columns), (value) => (Number.isNaN(value) ? null : value)),
  );
}
