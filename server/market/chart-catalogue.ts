import type { Sql } from "../../db/client.ts";
import {
  type IndicatorColumn,
  indicatorsIn,
  martTables,
  selectMartColumns,
} from "../../db/queries/market/read-screen-columns.ts";
import type { ChartIndicator } from "../../views/market/chart-data.ts";
import type { AppContext } from "../context.ts";
import { indicatorOf, orderedIndicators } from "./screener-indicators.ts";
import type { PageHolder } from "./ticker-security.ts";
import { readWorkspaceLines, workspaceChartIndicator } from "./workspace-chart.ts";

/** What the candles themselves show. */
const ofCandles: ReadonlySet<IndicatorColumn> = new Set<IndicatorColumn>([
  "open_price",
  "high_price",
  "low_price",
  "close_price",
]);
/** Dollars that are no price: drawn over the prices they would press those to a line. */
const differences: ReadonlySet<IndicatorColumn> = new Set<IndicatorColumn>(["daily_price_range", "atr_14"]);

/** A column as charts offer it: prices stand over the price, and what has the same measure shares a pane. */
export function chartIndicatorOf(column: IndicatorColumn): ChartIndicator {
  const { kind, group, label, hint } = indicatorOf(column);
  // The foot of the price's own pane has the volume.
  const isOverPrice = column === "volume" || (kind === "price" && !differences.has(column));
  return { column, label, hint, kind, pane: isOverPrice ? null : `${group}, ${kind}` };
}

/** The columns that a chart can show of the published facts, in the order of their groups. */
export async function readChartColumns(read: Sql): Promise<IndicatorColumn[]> {
  const tables = await selectMartColumns(read, [martTables.facts]);
  const known = new Set(indicatorsIn(tables.get(martTables.facts) ?? new Set()));
  return orderedIndicators.filter((column) => known.has(column) && !ofCandles.has(column));
}

/** What the chart of a holder can be asked to show: the facts' columns, and those of the people's own models. */
export async function readCatalogue(context: AppContext, holder: PageHolder): Promise<ChartIndicator[]> {
  const [columns, lines] = await Promise.all([readChartColumns(context.read), readWorkspaceLines(context, holder)]);
  return [
    ...columns.map(chartIndicatorOf),
    ...[...lines.values()].map((column) => workspaceChartIndicator(column, lines)),
  ];
}
