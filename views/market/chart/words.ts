import { formatChange, formatCount, formatDate, formatInteger, formatMove, formatPrice } from "../../format.ts";
import type { ChartData } from "../chart-data.ts";
import type { ChartBars } from "./bars.ts";
import type { Difference } from "./measure.ts";
import { comparedLines, isComparing } from "./panes.ts";
import type { Interval } from "./state.ts";

const barNames: Record<Interval, string> = { day: "session", week: "week", month: "month" };

const lastOf = (values: readonly (number | null)[], last: number) =>
  values.slice(0, last + 1).findLast((value) => value !== null) ?? null;

function comparedWords(data: ChartData, bars: ChartBars, first: number, last: number): string {
  const ends = comparedLines(data, bars, first).map(
    ({ label, values }) => `${label} ${formatPrice(lastOf(values, last))}`,
  );
  return `each 100 at its first close, in the end ${ends.join(", ")}. Split-adjusted.`;
}

/** A chart in words, for the bars that it shows. */
export function chartWords(data: ChartData, bars: ChartBars, interval: Interval, first: number, last: number): string {
  const closes = bars.close.slice(first, last + 1);
  const [open, close] = [closes[0], closes.at(-1)];
  if (open === undefined || close === undefined) return "";
  const from = formatDate(bars.start[first] ?? "");
  const range = `${from} to ${formatDate(bars.date[last] ?? "")}, ${formatCount(closes.length, barNames[interval])}`;
  const missing = data.problems.map((problem) => ` ${problem}`).join("");
  if (isComparing(data)) return `${range}: ${comparedWords(data, bars, first, last)}${missing}`;
  const values = `closes from ${formatPrice(Math.min(...closes))} to ${formatPrice(Math.max(...closes))}`;
  // As traded, a change across a split is no return.
  const change = data.adjusted && open > 0 ? `, ${formatChange(close / open - 1)} over the range` : "";
  const daily =
    interval === "day" || data.indicators.length === 0 ? "" : " Indicators are those of each bar's last session.";
  return `${range}: ${values}${change}. Dollars, ${data.adjusted ? "adjusted for splits" : "as traded"}.${daily}${missing}`;
}

/** A measured difference in words. */
export function differenceWords({ from, to, change, fraction, sessions, days }: Difference, price: number): string {
  const percent = fraction === null ? "" : ` (${formatChange(fraction)})`;
  return `${formatDate(from)} to ${formatDate(to)}: ${formatMove(change, price)}${percent}, ${formatCount(sessions, "session")}, ${formatInteger(days)} days`;
}
