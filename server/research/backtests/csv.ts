import { csvResponse } from "../../http/csv.ts";
import type { BacktestAnswer } from "./schemas.ts";
import type { Scenario } from "./types.ts";

/** What a table of a run is saved as. */
export const fileNameOf = (
  { ticker, strategy, from, to }: Pick<Scenario, "ticker" | "strategy" | "from" | "to">,
  what: "trades" | "equity",
): string =>
  `barline-${what}-${(ticker ?? "universe").replaceAll(/[^A-Za-z0-9.]/g, "_")}-${strategy}-${from}-${to}.csv`;

const columns = "number,ticker,side,entry_date,entry_price,exit_date,exit_price,shares,profit,return,reason".split(",");

/** The trades of a run as CSV, oldest first. */
export function tradesCsv(scenario: Scenario, trades: BacktestAnswer["trades"]): Response {
  const rows = trades.map((trade, index) => ({ ...trade, number: index + 1 }));
  return csvResponse(fileNameOf(scenario, "trades"), columns, rows, (row) => [
    ...[row.number, row.ticker ?? scenario.ticker, row.shares < 0 ? "short" : "long"],
    ...[row.entryDate, row.entryPrice, row.exitDate, row.exitPrice, Math.abs(row.shares)],
    ...[row.profit, row.return, row.reason],
  ]);
}
