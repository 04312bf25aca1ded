import { formatChange, formatCompact, formatMove, formatNumber, formatPercent, formatPrice, none } from "../format.ts";

/**
 * What a value is, and so how it is written. Fractions are `change` with a sign and `percent` without; `plain` is a number of which nothing
 * is known, and it, `text` and `boolean` are of the people's own models.
 */
export type IndicatorKind =
  | "price"
  | "move"
  | "change"
  | "percent"
  | "number"
  | "ratio"
  | "count"
  | "dollars"
  | "plain"
  | "text"
  | "boolean";

/** The groups in which columns are chosen, in this order. */
export const indicatorGroups = [
  "Price",
  "Returns",
  "Averages",
  "Volatility",
  "Momentum",
  "52 weeks",
  "Volume",
] as const;

/** Each model of the people's own is a group after those. */
export type IndicatorGroup = (typeof indicatorGroups)[number] | `Workspace: ${string}`;

/** A value of a ticker and session that can be shown, sorted and filtered by. */
export type Indicator = { column: string; kind: IndicatorKind; group: IndicatorGroup; label: string; hint: string };

/** A value as its kind is written; a dash where there is none. */
export function formatIndicator(kind: IndicatorKind, value: number | string | boolean | null | undefined): string {
  if (value === null || value === undefined) return none;
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (kind === "plain") return formatNumber(value);
  if (kind === "price") return formatPrice(value);
  if (kind === "move") return formatMove(value, value);
  if (kind === "change") return formatChange(value);
  if (kind === "percent") return formatPercent(value);
  if (kind === "number") return value.toFixed(1);
  if (kind === "ratio") return `${value.toFixed(2)}×`;
  return formatCompact(value);
}

/** A bound as a person types it again: fractions as percentages, everything else as the number. */
export function boundText(kind: IndicatorKind, value: number | null): string {
  if (value === null) return "";
  const isFraction = kind === "change" || kind === "percent";
  // 0.07 × 100 is 7.000000000000001: as many digits as a person means.
  return isFraction ? `${Number((value * 100).toPrecision(12))}%` : String(value);
}

/** Kinds whose sign is good or bad news. */
export const isSigned = (kind: IndicatorKind) => kind === "change" || kind === "move";
