import { barsOf, type ChartBars } from "../../views/market/chart/bars.ts";
import { rebase } from "../../views/market/chart/measure.ts";
import type { ChartState } from "../../views/market/chart/state.ts";
import { barsIn, windowOf } from "../../views/market/chart/window.ts";
import type { ChartData } from "../../views/market/chart-data.ts";
import { columnsOf, type Table, type TableValue, tableOf } from "../http/tables/table.ts";

type Column = { name: string; values: readonly TableValue[] };

/** With others beside it a ticker is a line from 100 on; alone it is its bars. */
function shownColumns(data: ChartData, bars: ChartBars, first: number): Column[] {
  const panes = data.indicators.flatMap(({ column, pane }, index) =>
    pane === null && data.compare.length > 0 ? [] : [{ name: column, values: bars.indicators[index] ?? [] }],
  );
  if (data.compare.length > 0) {
    const others = data.compare.map(({ ticker }, index) => ({
      name: ticker,
      values: rebase(bars.compare[index] ?? [], first),
    }));
    return [{ name: data.ticker, values: rebase(bars.close, first) }, ...others, ...panes];
  }
  return [
    { name: "open", values: bars.open },
    { name: "high", values: bars.high },
    { name: "low", values: bars.low },
    { name: "close", values: bars.close },
    { name: "volume", values: bars.volume },
    ...panes,
  ];
}

/** A file's name of what may be anything: a ticker has letters, digits and points. */
const fileName = (ticker: string, from: string, to: string) => `${ticker.replace(/[^\w.-]/g, "_")}-${from}-${to}`;

/** What a chart shows: the bars in sight, and the same columns. */
export function chartTable(data: ChartData, state: ChartState): Table {
  const bars = barsOf(data, state.interval);
  const { first, last } = barsIn(windowOf(bars, state), bars.date.length);
  const columns = shownColumns(data, bars, first);
  const rows = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return tableOf(
    fileName(data.ticker, bars.start[first] ?? "", bars.date[last] ?? ""),
    [...columnsOf("date", "session"), ...columnsOf("number", ...columns.map(({ name }) => name))],
    rows,
    (row) => [bars.date[row] ?? "", ...columns.map(({ values }) => values[row] ?? null)],
  );
}
