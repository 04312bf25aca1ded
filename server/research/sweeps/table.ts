import type { HeatMapView } from "../../../views/research/sweep-view.ts";
import { columnsOf, type Table, type TableColumn, tableOf } from "../../http/tables/table.ts";

/** A parameter's values; those that are put together are texts such as `from 20`. */
const axisOf = (name: string, values: readonly string[]): TableColumn => ({
  name,
  kind: values.every((value) => Number.isFinite(Number(value))) ? "number" : "text",
});

const cellOf = ({ kind }: TableColumn, value: string) => (kind === "number" ? Number(value) : value);

/** The cells of a sweep's heat map, row by row. */
export function mapTable(sweep: number, map: HeatMapView): Table {
  const x = axisOf(map.x.name, map.columns);
  const y = map.y && axisOf(map.y.name, map.rows);
  const columns = [...(y ? [y] : []), x, ...columnsOf("number", map.metric.name)];
  const cells = map.cells.flatMap((row, at) =>
    row.map((value, index) => ({ x: map.columns[index] ?? "", y: map.rows[at] ?? "", value })),
  );
  return tableOf(`barline-sweep-${sweep}-${map.metric.name}`, columns, cells, (cell) => [
    ...(y ? [cellOf(y, cell.y)] : []),
    cellOf(x, cell.x),
    cell.value,
  ]);
}
