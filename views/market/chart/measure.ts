import type { ChartData } from "../chart-data.ts";
import type { ChartBars } from "./bars.ts";

/** Values against the first of them at or after `from`, which becomes 100; all null where there is none above nought. */
export function rebase(values: readonly (number | null)[], from: number): (number | null)[] {
  const base = values.find((value, index) => index >= from && value !== null && value > 0) ?? null;
  return base === null ? values.map(() => null) : values.map((value) => (value === null ? null : (value / base) * 100));
}

/** What lies between two closes: in dollars, as a fraction of the earlier one, in sessions and in days of the calendar. */
export type Difference = {
  from: string;
  to: string;
  change: number;
  /** Null where it would be no return: from nought, or as traded across a split. */
  fraction: number | null;
  sessions: number;
  days: number;
};

/** The difference between two bars, the earlier one first whichever was named first; null where there is no such bar. */
export function measure(
  bars: ChartBars,
  { adjusted, splits }: Pick<ChartData, "adjusted" | "splits">,
  one: number,
  other: number,
): Difference | null {
  const [first, last] = one <= other ? [one, other] : [other, one];
  const [from, to, open, close] = [bars.date[first], bars.date[last], bars.close[first], bars.close[last]];
  if (from === undefined || to === undefined || open === undefined || close === undefined) return null;
  const isBent = !adjusted && splits.some(({ date }) => date > from && date <= to);
  return {
    from,
    to,
    change: close - open,
    fraction: isBent || open <= 0 ? null : close / open - 1,
    sessions: (bars.session[last] ?? 0) - (bars.session[first] ?? 0),
    days: Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000),
  };
}
