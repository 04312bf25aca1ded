import { bigint, customType, date, numeric, pgSchema, timestamp } from "drizzle-orm/pg-core";

/** Byte order: tickers are case-sensitive codes, and sorting or indexing them by a language's rules costs ten times as much. */
export const code = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
export const instant = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });
export const identity = (name: string) => bigint(name, { mode: "number" }).generatedAlwaysAsIdentity();

export const barline = pgSchema("barline");

/** A bar as the vendor states it: whose and of which session, in dollars and (fractional) shares, unadjusted. */
export const statedBar = {
  ticker: code("ticker").notNull(),
  tradeDate: date("trade_date", { mode: "string" }).notNull(),
  open: numeric("open").notNull(),
  high: numeric("high").notNull(),
  low: numeric("low").notNull(),
  close: numeric("close").notNull(),
  volume: numeric("volume").notNull(),
  vwap: numeric("vwap"),
  transactions: bigint("transactions", { mode: "number" }),
};
