import { csvResponse } from "../../http/csv.ts";
import type { KeptTrade } from "./schemas.ts";
import type { Scenario } from "./types.ts";

/** What a table of a run, or its tear sheet, is saved as. */
export const fileNameOf = (
  { ticker, strategy, from, to }: Pick<Scenario, "ticker" | "strategy" | "from" | "to">,
  what: "trades" | "equity" | "tear-sheet",
  extension: "csv" | "html" = "csv",
): string =>
  `barline-${what}-${(ticker ?? "universe").replaceAll(/[^A-Za-z0-9.]/g, "_")}-${strategy}-${from}-${to}.${extension}`;

const columns = [
  ...["number", "ticker", "side", "entry_date", "entry_price", "exit_date", "exit_price", "shares", "profit", "return"],
  ...["reason", "traded_entry_price", "traded_entry_shares", "traded_exit_price", "traded_exit_shares"],
];

/** The trades of a run as CSV, oldest first, split-adjusted and as they were traded. */
export function tradesCsv(scenario: Scenario, trades: readonly KeptTrade[]): Response {
  const rows = trades.map((trade, index) => ({ ...trade, number: index + 1 }));
  return csvResponse(fileNameOf(scenario, "trades"), columns, rows, (row) => [
    ...[row.number, row.ticker ?? scenario.ticker, row.shares < 0 ? "short" : "long"],
    ...[row.entryDate, row.entryPrice, row.exitDate, row.exitPrice, Math.abs(row.shares)],
    ...[row.profit, row.return, row.reason],
    ...[row.asTraded?.entryPrice ?? null, sizeOf(row.asTraded?.entryShares)],
    ...[row.asTraded?.exitPrice ?? null, sizeOf(row.asTraded?.exitShares)],
  ]);
}

const sizeOf = (shares: number | null | undefined): number | null => (shares == null ? null : Math.abs(shares));
