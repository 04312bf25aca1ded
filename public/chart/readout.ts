import { formatChange, formatCompact, formatDate, formatPrice } from "../../views/format.ts";
import type { ChartData } from "../../views/market/chart-data.ts";

function item(term: string, value: string, tone = "", key = ""): HTMLElement {
  const pair = document.createElement("div");
  const dt = document.createElement("dt");
  const dd = document.createElement("dd");
  if (key) {
    const swatch = document.createElement("span");
    swatch.className = `key ${key}`;
    dt.append(swatch);
  }
  dt.append(term);
  dd.textContent = value;
  if (tone) dd.className = tone;
  pair.append(dt, dd);
  return pair;
}

/** Shows the values of one session above the chart. */
export function showReadout(element: HTMLElement, data: ChartData, index: number): void {
  const close = data.close[index];
  const before = data.close[index - 1];
  const change = close !== undefined && before ? close / before - 1 : null;
  const tone = change === null || change === 0 ? "" : change > 0 ? "up" : "down";
  const date = document.createElement("span");
  date.className = "date";
  date.textContent = formatDate(data.date[index] ?? "1970-01-01");
  element.replaceChildren(
    date,
    item("O", formatPrice(data.open[index])),
    item("H", formatPrice(data.high[index])),
    item("L", formatPrice(data.low[index])),
    item("C", formatPrice(close)),
    // As traded, a change across a split is no return.
    ...(data.adjusted ? [item("1 day", formatChange(change), tone)] : []),
    item("Vol", formatCompact(data.volume[index] ?? 0)),
    item("MA 20", formatPrice(data.ma20[index]), "", "ma20"),
    item("MA 50", formatPrice(data.ma50[index]), "", "ma50"),
    item("MA 120", formatPrice(data.ma120[index]), "", "ma120"),
  );
}
