import { type Page, type ParsedRows, readRows } from "./rows.ts";
import { dividendRow, tickerRow } from "./wire.ts";

export type { ParsedRows, RejectedRow } from "./rows.ts";
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

/** Cash per share, as declared (unadjusted), for those who held the share before `exDividendDate`. */
export type Dividend = {
  ticker: string;
  exDividendDate: string;
  cashAmount: number;
  currency: string | null;
  frequency: number | null;
  payDate: string | null;
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

/** Reads the pages of a list of dividends. One day may have several, such as a regular and a special one. */
export function parseDividends(pages: readonly Page[]): ParsedRows<Dividend> {
  return readRows(pages, dividendRow, (row) => ({
    key: row.id ?? `${row.ticker} ${row.ex_dividend_date} ${row.cash_amount} ${row.distribution_type ?? ""}`,
    value: {
      ticker: row.ticker,
      exDividendDate: row.ex_dividend_date,
      cashAmount: row.cash_amount,
      currency: row.currency ?? null,
      frequency: row.frequency ?? null,
      payDate: row.pay_date ?? null,
    },
  }));
}
