import type { BreadthRow } from "../../db/queries/market/read-breadth.ts";
import type { ListedTicker } from "../../db/queries/market/read-universe.ts";
import { columnsOf, type Table, type TableColumn, tableOf } from "../http/tables/table.ts";

const breadthColumns: readonly TableColumn[] = [
  ...columnsOf("date", "session"),
  ...columnsOf("integer", "tickers", "advancing", "declining", "unchanged", "new_highs_252d", "new_lows_252d"),
  ...columnsOf("number", "share_above_moving_avg_50d", "share_above_moving_avg_200d", "median_return_1d"),
  ...columnsOf("number", "dollar_volume"),
];

/** The market's breadth by session. */
export const breadthTable = (rows: readonly BreadthRow[]): Table =>
  tableOf("barline-breadth", breadthColumns, rows, (row) => [
    ...[row.date, row.tickers, row.advancing, row.declining, row.unchanged, row.newHighs, row.newLows],
    ...[row.above50, row.above200, row.medianReturn, row.dollarVolume],
  ]);

const universeColumns: readonly TableColumn[] = [
  ...columnsOf("date", "session"),
  ...columnsOf("text", "ticker", "name", "type"),
  ...columnsOf("date", "first_session", "last_session", "delisted_on"),
];

/** The tickers that were listed in a session. */
export const universeTable = (session: string | null, tickers: readonly ListedTicker[]): Table =>
  tableOf(`barline-universe-${session ?? "none"}`, universeColumns, tickers, (row) => [
    ...[session, row.ticker, row.name, row.type, row.firstDate, row.lastDate, row.delistedOn],
  ]);
