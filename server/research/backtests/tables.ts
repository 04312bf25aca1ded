import { columnsOf, type Table, type TableColumn, tableOf } from "../../http/tables/table.ts";
import type { KeptTrade } from "./schemas.ts";
import type { Scenario } from "./types.ts";

type Named = Pick<Scenario, "ticker" | "strategy" | "from" | "to">;

/** What a table of a run, or its tear sheet, is saved as, without an extension. */
export const fileNameOf = ({ ticker, strategy, from, to }: Named, what: "trades" | "equity" | "tear-sheet"): string =>
  `barline-${what}-${(ticker ?? "universe").replaceAll(/[^A-Za-z0-9.]/g, "_")}-${strategy}-${from}-${to}`;

const tradeColumns: readonly TableColumn[] = [
  ...columnsOf("integer", "number"),
  ...columnsOf("text", "ticker", "side"),
  ...columnsOf("date", "entry_date"),
  ...columnsOf("number", "entry_price"),
  ...columnsOf("date", "exit_date"),
  ...columnsOf("number", "exit_price", "shares", "profit", "return"),
  ...columnsOf("text", "reason"),
  ...columnsOf("number", "traded_entry_price", "traded_entry_shares", "traded_exit_price", "traded_exit_shares"),
];

/** The trades of a run, oldest first, split-adjusted and as they were traded. */
export function tradesTable(scenario: Scenario, trades: readonly KeptTrade[]): Table {
  const rows = trades.map((trade, index) => ({ ...trade, number: index + 1 }));
  return tableOf(fileNameOf(scenario, "trades"), tradeColumns, rows, (row) => [
    ...[row.number, row.ticker ?? scenario.ticker, row.shares < 0 ? "short" : "long"],
    ...[row.entryDate, row.entryPrice, row.exitDate, row.exitPrice, Math.abs(row.shares)],
    ...[row.profit, row.return, row.reason],
    ...[row.asTraded?.entryPrice ?? null, sizeOf(row.asTraded?.entryShares)],
    ...[row.asTraded?.exitPrice ?? null, sizeOf(row.asTraded?.exitShares)],
  ]);
}

const sizeOf = (shares: number | null | undefined): number | null => (shares == null ? null : Math.abs(shares));

/** What a run is worth by session: its equity, and whatever else is told beside it, each by session. */
export function equityTable(
  scenario: Named,
  dates: readonly string[],
  values: Record<string, ArrayLike<number>>,
): Table {
  const columns = [...columnsOf("date", "date"), ...columnsOf("number", ...Object.keys(values))];
  const sessions = dates.map((date, session) => ({ date, session }));
  return tableOf(fileNameOf(scenario, "equity"), columns, sessions, ({ date, session }) => [
    date,
    ...Object.values(values).map((column) => column[session] ?? null),
  ]);
}
