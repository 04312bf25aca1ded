import type uPlot from "uplot";
import { formatChange, formatCount, formatDate, formatPrice } from "../views/format.ts";
import type { ChartData } from "../views/market/chart-data.ts";
import { readColours } from "./chart/colours.ts";
import { listenToKeys } from "./chart/keyboard.ts";
import { createPlot } from "./chart/plot.ts";
import { showReadout } from "./chart/readout.ts";

const months: Record<string, number> = { "1m": 1, "3m": 3, "6m": 6, "1y": 12, "5y": 60 };

/** The first session of a range that ends with the history. */
function rangeStart(dates: string[], range: string): number {
  const last = dates.at(-1);
  if (!last || range === "all") return 0;
  const day = new Date(`${last}T00:00:00Z`);
  if (range !== "ytd") day.setUTCMonth(day.getUTCMonth() - (months[range] ?? 12));
  const from = range === "ytd" ? `${last.slice(0, 4)}-01-01` : day.toISOString().slice(0, 10);
  return Math.max(
    0,
    dates.findIndex((date) => date >= from),
  );
}

function showRange(plot: uPlot, data: ChartData, range: string): void {
  plot.setScale("x", { min: rangeStart(data.date, range) - 0.5, max: data.date.length - 0.5 });
}

/** Range links change the chart in place, and keep address and other links in step. */
function wireRanges(plot: uPlot, data: ChartData): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>("#ranges a")];
  for (const link of links) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const range = link.dataset.range ?? "1y";
      showRange(plot, data, range);
      for (const other of links) other.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
      history.replaceState(null, "", link.href);
      for (const toggle of document.querySelectorAll<HTMLAnchorElement>("#adjustment a")) {
        const url = new URL(toggle.href);
        url.searchParams.set("range", range);
        toggle.href = url.href;
      }
    });
  }
}

/** The chart in words, for the sessions it shows. */
function describe(data: ChartData, from: number, to: number): string {
  const closes = data.close.slice(from, to + 1);
  const [first, last] = [closes[0], closes.at(-1)];
  if (first === undefined || last === undefined) return "";
  const range = `${formatDate(data.date[from] ?? "")} to ${formatDate(data.date[to] ?? "")}`;
  const values = `closes from ${formatPrice(Math.min(...closes))} to ${formatPrice(Math.max(...closes))}`;
  // As traded, a change across a split is no return.
  const change = data.adjusted && first > 0 ? `, ${formatChange(last / first - 1)} over the range` : "";
  const kind = data.adjusted ? "adjusted for splits" : "as traded";
  return `${range}, ${formatCount(closes.length, "session")}: ${values}${change}. Dollars, ${kind}. `;
}

function start(element: HTMLElement, data: ChartData): void {
  const readout = document.querySelector<HTMLElement>("#readout");
  const caption = document.querySelector<HTMLElement>("#chart-caption");
  const keys = document.querySelector<HTMLElement>("#chart-keys");
  if (!readout || !caption || !keys) return;
  let colours = readColours();
  element.replaceChildren();
  readout.hidden = false;
  keys.hidden = false;
  const plot = createPlot({
    element,
    data,
    colours: () => colours,
    onCursor: (index) => showReadout(readout, data, index),
    onRange: (from, to) => caption.replaceChildren(describe(data, from, to), keys),
  });
  showReadout(readout, data, data.date.length - 1);
  showRange(plot, data, element.dataset.range ?? "1y");
  wireRanges(plot, data);
  element.tabIndex = 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", `Chart of ${data.ticker}; arrow keys move the cursor`);
  element.setAttribute("aria-describedby", "chart-caption");
  // While the keyboard moves the cursor, what it passes is read out.
  element.addEventListener("focus", () => readout.setAttribute("aria-live", "polite"));
  element.addEventListener("blur", () => readout.setAttribute("aria-live", "off"));
  listenToKeys(element, plot, data.date.length);
  document.addEventListener("barline:theme", () => {
    colours = readColours();
    plot.redraw();
  });
}

/** Takes the place of the server's drawing once the history is here; until then, and after a failure, that stays. */
async function load(): Promise<void> {
  const element = document.querySelector<HTMLElement>("#chart");
  if (!element?.dataset.source) return;
  const { source, adjusted = "true", security } = element.dataset;
  const response = await fetch(`${source}?${new URLSearchParams({ adjusted, ...(security && { security }) })}`);
  if (response.ok) start(element, await response.json());
}

void load();
