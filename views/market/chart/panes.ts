import type { ChartData } from "../chart-data.ts";
import type { IndicatorKind } from "../indicators.ts";
import type { ChartBars } from "./bars.ts";
import { rebase } from "./measure.ts";
import type { ChartState } from "./state.ts";

/** Colours of lines, by their names among the page's. */
const lineTones = ["line1", "line2", "line3", "line4", "line5"] as const;

type LineTone = "accent" | "ma20" | "ma50" | "ma120" | (typeof lineTones)[number];

const ownTones: Record<string, LineTone> = {
  moving_avg_20d: "ma20",
  moving_avg_50d: "ma50",
  moving_avg_120d: "ma120",
};

/** Strokes and gaps in pixels, by a line's place among those of its pane: told apart without colour. */
const dashes: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [10, 3, 2, 3], [1, 4], [14, 4]];

const dashOf = (index: number): readonly number[] => dashes[index % dashes.length] ?? [];

/** A line over the bars. */
export type PaneLine = {
  label: string;
  kind: IndicatorKind;
  tone: LineTone;
  dash: readonly number[];
  values: (number | null)[];
};

/** One drawing of a chart; the first has the prices, or what they are rebased to. */
export type Pane = { id: string; title: string; kind: IndicatorKind; lines: PaneLine[] };

/** Whether closes stand rebased beside others, and not as candles. */
export const isComparing = (data: ChartData) => data.compare.length > 0;

/** Where each series stands, and how it is drawn; what is compared begins at 100 with the bar `first`. */
export function panesOf(data: ChartData, bars: ChartBars, first: number): Pane[] {
  let others = 0;
  const series = data.indicators.map(({ column, label, kind, pane }, index) => {
    const own = ownTones[column];
    const tone = own ?? lineTones[others % lineTones.length] ?? "accent";
    if (own === undefined) others += 1;
    return { label, kind, tone, pane, values: bars.indicators[index] ?? [] };
  });
  const over = series.filter(({ pane }) => pane === null);
  const names = [...new Set(series.flatMap(({ pane }) => (pane === null ? [] : [pane])))];
  const lower = names.map((name, at) => {
    const lines = series.filter(({ pane }) => pane === name).map((line, index) => ({ ...line, dash: dashOf(index) }));
    return {
      id: `pane-${at}`,
      title: lines.map(({ label }) => label).join(", "),
      kind: lines[0]?.kind ?? "number",
      lines,
    };
  });
  const price: Pane = isComparing(data)
    ? { id: "price", title: "Rebased to 100", kind: "price", lines: comparedLines(data, bars, first) }
    : { id: "price", title: "Price", kind: "price", lines: over.map((line) => ({ ...line, dash: [] })) };
  return [price, ...lower];
}

/** The page's ticker and those beside it, each from 100 on. */
export function comparedLines(data: ChartData, bars: ChartBars, first: number): PaneLine[] {
  const own = { label: data.ticker, kind: "price" as const, tone: "accent" as const, dash: dashOf(0) };
  return [
    { ...own, values: rebase(bars.close, first) },
    ...data.compare.map(({ ticker }, index) => ({
      label: ticker,
      kind: "price" as const,
      tone: lineTones[index % lineTones.length] ?? ("accent" as const),
      dash: dashOf(index + 1),
      values: rebase(bars.compare[index] ?? [], first),
    })),
  ];
}

export const hasVolume = (data: ChartData, state: Pick<ChartState, "indicators">) =>
  !isComparing(data) && state.indicators.includes("volume");
