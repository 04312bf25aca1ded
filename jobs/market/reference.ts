import type { z } from "zod";
import { dividendRow, type ListEnvelope, splitRow, tickerRow } from "./wire.ts";

/** A ticker as the vendor lists it. `delistedOn` is an ISO date, null while it trades. */
export type Ticker = {
  ticker: string;
  name: string;
  type: string | null;
  primaryExchange: string | null;
  active: boolean;
  delistedOn: string | null;
};

/** On `executionDate`, every `splitFrom` shares became `splitTo`. */
export type Split = { ticker: string; executionDate: string; splitFrom: number; splitTo: number };

/** Cash per share, as declared (unadjusted), for those who held the share before `exDividendDate`. */
export type Dividend = {
  ticker: string;
  exDividendDate: string;
  cashAmount: number;
  currency: string | null;
  frequency: number | null;
  payDate: string | null;
};

/** Rows that could be read, without exact repeats, and those that could not, with the reason. */
export type ParsedRows<T> = { rows: T[]; rejects: { reason: string; row: unknown }[] };

type Page = { answer: Pick<ListEnvelope, "results"> };

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
      delistedOn: delisted_utc?.slice(0, 10) ?? null,
    },
  }));
}

/** Reads the pages of a list of splits. The vendor repeats some: a repeat counted twice would adjust prices twice. */
export function parseSplits(pages: readonly Page[]): ParsedRows<Split> {
  return readRows(pages, splitRow, (row) => ({
    key: `${row.ticker} ${row.execution_date}`,
    value: {
      ticker: row.ticker,
      executionDate: row.execution_date,
      splitFrom: row.split_from,
      splitTo: row.split_to,
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

function readRows<S extends z.ZodType, T>(
  pages: readonly Page[],
  schema: S,
  read: (row: z.output<S>) => { key: string; value: T },
): ParsedRows<T> {
  const rows = new Map<string, T>();
  const rejects: ParsedRows<T>["rejects"] = [];
  for (const row of pages.flatMap((page) => page.answer.results ?? [])) {
    const parsed = schema.safeParse(row);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      rejects.push({ reason: `${issue?.path.join(".") || "row"}: ${issue?.message}`, row });
      continue;
    }
    const { key, value } = read(parsed.data);
    const first = rows.get(key);
    if (first === undefined) rows.set(key, value);
    else if (!Bun.deepEquals(first, value)) rejects.push({ reason: "contradicts an earlier row", row });
  }
  return { rows: [...rows.values()], rejects };
}
