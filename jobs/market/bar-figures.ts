import type { StatedBar } from "../../db/queries/market/read-restatements.ts";
/** A row of bars as it came. */
export type Row = Readonly<Record<string, unknown>>;

/** One ticker's session, unadjusted; prices in dollars, volume in (possibly fractional) shares. */
export type Bar = StatedBar & { ticker: string; tradeDate: string };

/**
 * Between these a price is one. The dearest share there is costs under a million; the least is the least that the models, which keep
 * eight decimals, can tell from nothing. No product or sum of theirs overflows within them.
 */
const priceBounds = { least: 1e-8, below: 1e8 } as const;
/** Shares of one day: all the shares that there are would not be as many. */
const volumeBelow = 1e15;
const transactionsBelow = 1e12;

/** A volume-weighted average lies within its day's range; rounding and late prints may take it out a little, not by this factor. */
const vwapTolerance = 2;

/** The bar that a row's figures make, or the reason why they are none to believe. */
export function readBar(row: Row, ticker: string, tradeDate: string): Bar | string {
  const { o: open, h: high, l: low, c: close, v: volume, vw = null, n = null } = row;
  if (!isPrice(open)) return priceProblem("open", open);
  if (!isPrice(high)) return priceProblem("high", high);
  if (!isPrice(low)) return priceProblem("low", low);
  if (!isPrice(close)) return priceProblem("close", close);
  if (high < low) return "high is below low";
  if (!isNumber(volume)) return numberProblem("volume", volume);
  if (volume < 0) return "volume is negative";
  if (volume >= volumeBelow) return "volume is too large";
  if (vw !== null && !isNumber(vw)) return "vwap is not a number";
  if (vw !== null && vw <= 0) return "vwap is not positive";
  if (vw !== null && vw >= priceBounds.below) return "vwap is too large";
  if (n !== null && (typeof n !== "number" || !Number.isInteger(n))) return "transactions is not a whole number";
  if (n !== null && n < 0) return "transactions is negative";
  if (n !== null && n >= transactionsBelow) return "transactions is too large";
  const isWild = vw !== null && (vw < low / vwapTolerance || vw > high * vwapTolerance);
  return { ticker, tradeDate, open, high, low, close, volume, vwap: isWild ? null : vw, transactions: n };
}

/** What was left out of the bar of a row, where something was. */
export function noteOf({ vwap }: Bar, { vw = null }: Row): string | undefined {
  return vwap === null && vw !== null ? "vwap is far outside its day's range, and was left out" : undefined;
}

/** Whether two rows say the same of their bar, whatever else is in them. */
export function isSameRow(a: Row, b: Row): boolean {
  return ["o", "h", "l", "c", "v", "vw", "n"].every((name) => (a[name] ?? null) === (b[name] ?? null));
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isPrice(value: unknown): value is number {
  return isNumber(value) && value >= priceBounds.least && value < priceBounds.below;
}

/** What is wrong with what is no number. */
export function numberProblem(field: string, value: unknown): string {
  return value === undefined || value === null ? `${field} is missing` : `${field} is not a number`;
}

function priceProblem(field: string, value: unknown): string {
  if (!isNumber(value)) return numberProblem(field, value);
  if (value <= 0) return `${field} is not positive`;
  return value < priceBounds.least ? `${field} is too small` : `${field} is too large`;
}
