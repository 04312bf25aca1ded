import { type Page, type ParsedRows, readRows } from "./rows.ts";
import { tickerRow } from "./wire.ts";

export { parseDividends } from "./dividends.ts";
export type { ParsedRows } from "./rows.ts";
export { parseSplits } from "./splits.ts";

/** A ticker as the vendor lists it. `delistedOn` is an ISO date, null while it trades. */
export type Ticker = {
  ticker: string;
  name: string;
  type: string | null;
  primaryExchange: string | null;
  active: boolean;
  delistedOn: string | null;
};

/** Reads the pages of a list of tickers; a ticker that is listed twice keeps its first row. */
export function parseTickers(pages: readonly Page[]): ParsedRows<Ticker> {
  return readRows(pages, tickerRow, ({ ticker, name, type, primary_exchange, active, delisted_utc }) => ({
    key: ticker,
    value: {
      ticker,
      name: name ?? ticker,
      type: type ?? null,
      primaryExchange: primary_exchange ?? null,
      active: active ?? true,
      delistedOn: delisted_utc ?? null,
    },
  }));
}
