import { formatChange, formatCompact, formatDate, formatPrice } from "../../views/format.ts";
import type { ChartBars } from "../../views/market/chart/bars.ts";
import { type ChartEvent, earlierName } from "../../views/market/chart/events.ts";
import type { Pane } from "../../views/market/chart/panes.ts";
import type { Interval } from "../../views/market/chart/state.ts";
import type { ChartData } from "../../views/market/chart-data.ts";
import { formatIndicator } from "../../views/market/indicators.ts";

const svgNamespace = "http://www.w3.org/2000/svg";

/** The line that a value belongs to, as it is drawn. */
function keyOf(tone: string, dash: readonly number[]): SVGElement {
  const svg = document.createElementNS(svgNamespace, "svg");
  svg.setAttribute("class", `line-key ${tone}`);
  svg.setAttribute("viewBox", "0 0 28 8");
  svg.setAttribute("width", "20");
  svg.setAttribute("height", "8");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svgNamespace, "path");
  path.setAttribute("d", "M0 4H28");
  if (dash.length > 0) path.setAttribute("stroke-dasharray", dash.join(" "));
  svg.append(path);
  return svg;
}

function item(term: string, value: string, tone = "", key?: SVGElement): HTMLElement {
  const pair = document.createElement("div");
  const dt = document.createElement("dt");
  const dd = document.createElement("dd");
  if (key) dt.append(key, " ");
  dt.append(term);
  dd.textContent = value;
  if (tone) dd.className = tone;
  pair.append(dt, dd);
  return pair;
}

function textSpan(className: string, text: string): HTMLElement {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = text;
  return span;
}

const changeNames: Record<Interval, string> = { day: "1 day", week: "1 week", month: "1 month" };

export type Reading = {
  data: ChartData;
  bars: ChartBars;
  panes: readonly Pane[];
  events: readonly ChartEvent[];
  interval: Interval;
  hasCandles: boolean;
};

function barItems({ data, bars, interval }: Reading, index: number): HTMLElement[] {
  const [close, before] = [bars.close[index], bars.close[index - 1]];
  const change = close !== undefined && before ? close / before - 1 : null;
  const tone = change === null || change === 0 ? "" : change > 0 ? "up" : "down";
  return [
    item("O", formatPrice(bars.open[index])),
    item("H", formatPrice(bars.high[index])),
    item("L", formatPrice(bars.low[index])),
    item("C", formatPrice(close)),
    // As traded, a change across a split is no return.
    ...(data.adjusted ? [item(changeNames[interval], formatChange(change), tone)] : []),
    item("Vol", formatCompact(bars.volume[index] ?? 0)),
  ];
}

/** Shows the values of one bar above the chart, what happened in it, and what the shares were called then. */
export function showReadout(element: HTMLElement, reading: Reading, index: number): void {
  const { data, bars, panes, events, hasCandles } = reading;
  const date = bars.date[index] ?? "1970-01-01";
  const name = earlierName(data, date);
  const happened = events.filter(({ bar }) => bar === index).map(({ words }) => words);
  const lines = panes.flatMap(({ lines }) => lines);
  const values = document.createElement("dl");
  values.append(
    ...(hasCandles ? barItems(reading, index) : []),
    ...lines.map(({ label, kind, tone, dash, values }) =>
      item(label, formatIndicator(kind, values[index]), "", keyOf(tone, dash)),
    ),
  );
  element.replaceChildren(
    textSpan("date", formatDate(date)),
    ...(name === null ? [] : [textSpan("as-name", `as ${name}`)]),
    values,
    ...(happened.length === 0 ? [] : [textSpan("happened", happened.join("; "))]),
  );
}
