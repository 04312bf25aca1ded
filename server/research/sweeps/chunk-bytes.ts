import { metricNames } from "../../backtest/sweep/metric-names.ts";
import type { Chunk } from "../../backtest/sweep/types.ts";

/** What points gave as it goes through the database: metrics and windows as 64-bit floats of this machine's order, then outcomes. */
export function toBytes(chunks: readonly Chunk[]): Uint8Array {
  const inOrder = chunks.toSorted((a, b) => a.first - b.first);
  const columns = [
    ...inOrder.map(({ metrics }) => metrics),
    ...inOrder.map(({ windows }) => windows),
    ...inOrder.map((chunk) => chunk.outcomes),
  ];
  return Buffer.concat(
    columns.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)),
  );
}

/** The same, of `count` points from `first` on of a plan with so many windows. Throws where it is of another length. */
export function fromBytes(
  bytes: Uint8Array,
  { first, count, windows }: { first: number; count: number; windows: number },
): Chunk {
  const [metricBytes, windowBytes] = [8 * count * metricNames.length, 8 * count * windows];
  if (bytes.byteLength !== metricBytes + windowBytes + count) throw new Error("points came back in another form");
  // A copy, as what is read of the database need not begin where a float may.
  const { buffer } = new Uint8Array(bytes);
  return {
    first,
    count,
    metrics: new Float64Array(buffer, 0, count * metricNames.length),
    windows: new Float64Array(buffer, metricBytes, count * windows),
    outcomes: new Uint8Array(buffer, metricBytes + windowBytes, count),
  };
}
