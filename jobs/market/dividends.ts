import type { z } from "zod";
import { type Page, type ParsedRows, readRow } from "./rows.ts";
import { dividendRow } from "./wire.ts";

/** Cash per share, as declared (unadjusted), for those who held the share before `exDividendDate`. */
type Dividend = {
  ticker: string;
  exDividendDate: string;
  cashAmount: number;
  /** ISO code; null where the vendor gives none, which is taken for dollars. */
  currency: string | null;
  /** recurring, special …; null where the vendor does not say. */
  distributionType: string | null;
  frequency: number | null;
  payDate: string | null;
};

/**
 * Reads the pages of a list of dividends. One day may have several, and a regular and a special one may be equal: both count.
 * The vendor also lists the same one under several ids: of one ticker, day, amount, currency and type one counts, and one without
 * a type is the one with. An id that comes back with other money contradicts itself; its first row counts.
 */
export function parseDividends(pages: readonly Page[]): ParsedRows<Dividend> {
  const byMoney = new Map<string, Map<string | null, Dividend>>();
  const byId = new Map<string, Dividend>();
  const rejects: ParsedRows<Dividend>["rejects"] = [];
  for (const [page, { answer }] of pages.entries()) {
    for (const raw of answer.results ?? []) {
      const parsed = readRow(dividendRow, raw);
      if ("reason" in parsed) {
        rejects.push({ kind: "malformed", reason: parsed.reason, row: raw, page });
        continue;
      }
      const dividend = toDividend(parsed.row);
      const { id } = parsed.row;
      const ofId = id == null ? undefined : byId.get(id);
      const alike = byMoney.get(moneyOf(dividend)) ?? new Map<string | null, Dividend>();
      const known = ofId ?? alike.get(dividend.distributionType);
      if (known === undefined) byMoney.set(moneyOf(dividend), alike.set(dividend.distributionType, dividend));
      else if (!Bun.deepEquals(known, dividend)) {
        rejects.push({ kind: "contradiction", reason: "contradicts an earlier row", row: raw, page });
      }
      if (id != null && ofId === undefined) byId.set(id, dividend);
    }
  }
  return { rows: [...byMoney.values()].flatMap(withoutUntyped), rejects };
}

type Row = z.output<typeof dividendRow>;

const toDividend = (row: Row): Dividend => ({
  ticker: row.ticker,
  exDividendDate: row.ex_dividend_date,
  cashAmount: row.cash_amount,
  currency: row.currency?.toUpperCase() ?? null,
  distributionType: row.distribution_type ?? null,
  frequency: row.frequency ?? null,
  payDate: row.pay_date ?? null,
});

const moneyOf = ({ ticker, exDividendDate, cashAmount, currency }: Dividend): string =>
  `${ticker} ${exDividendDate} ${cashAmount} ${currency ?? "USD"}`;

/** Dividends of one day that are the same money: of those that say what they are, each kind once. */
function withoutUntyped(alike: Map<string | null, Dividend>): Dividend[] {
  if (alike.size > 1) alike.delete(null);
  return [...alike.values()];
}
