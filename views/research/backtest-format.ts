import {
  formatChange,
  formatCompact,
  formatInteger,
  formatPercent,
  formatPrice,
  formatTicks,
  none,
} from "../format.ts";
import type { Figure } from "./backtest-data.ts";
import type { MetricUnit } from "./backtest-view.ts";

/** Figures that are moves, told with their sign. */
const signed: ReadonlySet<string> = new Set([
  ...[
    "totalReturn",
    "cagr",
    "annualReturn",
    "maxDrawdown",
    "averageDrawdown",
    "bestTrade",
    "worstTrade",
    "averageTrade",
    "expectancy",
  ],
  ...["buyAndHold", "alpha", "kelly"],
]);

export const isSignedMetric = (name: string) => signed.has(name);

/** Of dollars the cents, and of ratios as many digits. */
const hundredths = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** A figure as people read it. */
export function formatMetric(name: string, unit: MetricUnit, value: number | null): string {
  if (value === null) return none;
  switch (unit) {
    case "fraction":
      return isSignedMetric(name) ? formatChange(value) : formatPercent(value);
    case "dollars":
      return hundredths.format(value).replace("-", "−");
    case "count":
    case "sessions":
      return formatInteger(value);
    case "ratio":
      return hundredths.format(value).replace("-", "−");
  }
}

const reasons: Record<string, string> = {
  signal: "Signal",
  margin: "Margin call",
  stop_loss: "Stop loss",
  take_profit: "Take profit",
  trailing_stop: "Trailing stop",
  delisted: "Delisted",
  rebalance: "Rebalance",
  cash_in_lieu: "Cash in lieu",
};

/** Why a position was closed; an open one says so. */
export const formatReason = (reason: string | null) => (reason === null ? "Open" : (reasons[reason] ?? reason));

/** Strokes and gaps of a figure's lines, by their place in it, in pixels. */
const dashes: readonly (readonly number[])[] = [[], [5, 4], [2, 3], [10, 3, 2, 3]];

/** How a figure's line is dashed; the first is whole. */
export const dashesOf = (index: number): readonly number[] => dashes[index % dashes.length] ?? [];

/** The texts of a scale's marks, all in one unit. */
export function levelTexts(unit: Figure["unit"], marks: readonly number[]): string[] {
  if (unit === "fraction")
    return formatTicks(marks.map((mark) => Number((mark * 100).toPrecision(12)))).map((text) => `${text}%`);
  return formatTicks(marks).map((text) => (unit === "factor" ? `${text}×` : text));
}

/** A value beside its line's name. */
export function formatLevel(unit: Figure["unit"], value: number): string {
  if (unit === "fraction") return formatPercent(value).replace(".00", "").replace("-", "−");
  if (unit === "factor") return `${hundredths.format(value).replace("-", "−")}×`;
  if (unit === "value") return Math.abs(value) >= 10 ? String(Math.round(value)) : value.toFixed(2).replace("-", "−");
  return Math.abs(value) >= 1_000_000 ? formatCompact(value) : formatPrice(value);
}

/** A data version as a person can compare it by eye; the whole of it stands beside. */
export const shortVersion = (version: string): string => {
  let hash = 0;
  for (const character of version) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash.toString(16).padStart(8, "0");
};
