import { formatDate, formatPrice } from "../../format.ts";
import type { ChartData } from "../chart-data.ts";
import { barAt, type ChartBars } from "./bars.ts";

export type EventKind = "split" | "dividend" | "rename" | "correction";

/** Something that happened to the shares or their numbers, at the bar that it falls into. */
export type ChartEvent = { bar: number; kind: EventKind; mark: string; words: string };

/** Longer than this no market is closed: a bar after it is not the one that something fell into. */
const longestGapDays = 10;

/** The bar that a date falls into; -1 where there is none of that time. */
function barOfDate(bars: ChartBars, date: string): number {
  const bar = barAt(bars, date);
  const gap = Date.parse(bars.start[bar] ?? "") - Date.parse(date);
  return gap <= longestGapDays * 86_400_000 ? bar : -1;
}

/** Everything that is marked on a chart, by its place on it. */
export function eventsOf(data: ChartData, bars: ChartBars): ChartEvent[] {
  const at = (date: string, kind: EventKind, mark: string, words: string): ChartEvent => ({
    ...{ bar: barOfDate(bars, date), kind, mark },
    words: `${words}, ${formatDate(date)}`,
  });
  return [
    ...data.splits.map(({ date, from, to }) => at(date, "split", `${to}:${from}`, `Split ${to} for ${from}`)),
    ...data.dividends.map(({ date, cash, currency }) =>
      at(date, "dividend", "D", `Dividend ${formatPrice(cash)} ${currency ?? "USD"}`),
    ),
    ...data.names.map(({ date, from, to }) => at(date, "rename", `${from} → ${to}`, `Renamed from ${from} to ${to}`)),
    ...data.corrections.map(({ date }) => at(date, "correction", "C", "Corrected by the vendor")),
  ].filter(({ bar }) => bar >= 0);
}

/** The label under which the shares traded on a date, where it was another one than the newest. */
export function earlierName({ names }: Pick<ChartData, "names">, date: string): string | null {
  return names.find((change) => date < change.date)?.from ?? null;
}
