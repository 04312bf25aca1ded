import type { Figure } from "./backtest-data.ts";
import type { MetricUnit } from "./backtest-view.ts";
import { formatChange, formatInteger, formatPercent, formatPrice, formatShort, none } from "./format.ts";

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
};

/** Why a position was closed; an open one says so. */
export const formatReason = (reason: string | null) => (reason === null ? "Open" : (reasons[reason] ?? reason));

/** A value of a pane's scale, as short as its room. */
export function formatLevel(unit: Figure["unit"], value: number): string {
  if (unit === "fraction") return formatPercent(value).replace(".00", "").replace("-", "−");
  if (unit === "value") return Math.abs(value) >= 10 ? String(Math.round(value)) : value.toFixed(2).replace("-", "−");
  return Math.abs(value) >= 10_000 ? formatShort(value) : formatPrice(value);
}
