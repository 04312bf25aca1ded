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
  compositeFigi: string | null;
  cik: string | null;
  delistedOn: string | null;
};

/** Reads the pages of lists of tickers. A ticker may be listed many times: each row that tells of another holder counts. */
export function parseTickers(pages: readonly Page[]): ParsedRows<Ticker> {
  return readRows(pages, tickerRow, (row) => {
    const active = row.active ?? true;
    const identity = {
      type: row.type || null,
      active,
      compositeFigi: row.composite_figi || null,
      cik: row.cik || null,
      delistedOn: active ? null : (row.delisted_utc ?? null),
    };
    const listing = Object.values(identity)
      .map((value) => value ?? "")
      .join(" ");
    const { ticker, name, primary_exchange } = row;
    const value = { ticker, listing, name: name ?? ticker, primaryExchange: primary_exchange ?? null, ...identity };
    return { key: `${ticker} ${listing}`, value };
  });
}
