import { measure } from "../../views/market/chart/measure.ts";
import { type ChartState, chartHref, chartQuery, readChartState, resetState } from "../../views/market/chart/state.ts";
import { barsIn, moveWindow } from "../../views/market/chart/window.ts";
import { differenceWords } from "../../views/market/chart/words.ts";
import type { ChartData } from "../../views/market/chart-data.ts";
import { readColours } from "./colours.ts";
import { wireControls } from "./controls.ts";
import { listenToKeys } from "./keyboard.ts";
import { createMeasure } from "./measure.ts";
import { savePicture } from "./picture.ts";
import { draw, type Parts, type Prepared, type Running, redraw, settle, setWindow, showRange } from "./running.ts";

function partsOf(element: HTMLElement): Parts | null {
  const card = element.closest<HTMLElement>("#chart-card");
  const [readout, words] = ["#readout", "#chart-words"].map((id) => card?.querySelector<HTMLElement>(id));
  const path = element.dataset.path;
  return card && readout && words && path ? { card, element, path, readout, words } : null;
}

async function readData(path: string, state: ChartState): Promise<ChartData | null> {
  const query = chartQuery(state, "data");
  const response = await fetch(`${path}/bars.json${query.size > 0 ? `?${query}` : ""}`);
  return response.ok ? await response.json() : null;
}

/** The form of what is compared, as the server makes it for another state: it says what has no bars, too. */
async function refreshCompared({ parts }: Running, href: string): Promise<void> {
  const response = await fetch(href);
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const form = page.querySelector<HTMLElement>("#compare-form");
  const current = parts.card.querySelector("#compare-form");
  if (!form || !current) return;
  const hadFocus = current.contains(document.activeElement);
  current.replaceWith(form);
  if (hadFocus) (form.querySelector<HTMLElement>("#compare-ticker") ?? form.querySelector<HTMLElement>("a"))?.focus();
}

/** Another state: drawn anew, with other data where it needs other data. The other prices are another page. */
async function apply(chart: Running, patch: Partial<ChartState>): Promise<void> {
  const { parts, state } = chart;
  const next = { ...state, ...patch };
  const href = chartHref(parts.path, next);
  if (next.isAdjusted !== state.isAdjusted) return location.assign(href);
  chart.state = next;
  const dataQuery = chartQuery(next, "data").toString();
  if (dataQuery !== chartQuery(state, "data").toString()) {
    parts.card.setAttribute("aria-busy", "true");
    const [data] = await Promise.all([
      readData(parts.path, next),
      next.compare.join() === state.compare.join() ? undefined : refreshCompared(chart, href),
    ]);
    // Meanwhile something else may have been chosen.
    if (chartQuery(chart.state, "data").toString() !== dataQuery) return;
    parts.card.removeAttribute("aria-busy");
    if (data === null) return location.assign(href);
    chart.data = data;
  }
  redraw(chart);
}

function wireKeys(chart: Running, element: HTMLElement): void {
  const move = (name: "earlier" | "later") =>
    setWindow(chart, moveWindow(chart.window, name, chart.stage.bars.date.length));
  listenToKeys(() => ({
    ...{ element, plot: chart.stage.price, count: chart.stage.bars.date.length },
    setWindow: (window) => {
      setWindow(chart, window);
      // The cursor is put on a bar that has to be in sight.
      chart.stage.show(window);
    },
    more: {
      "[": () => move("earlier"),
      "]": () => move("later"),
      "0": () => showRange(chart),
      m: () => chart.measure.mark(chart.cursor ?? barsIn(chart.window, chart.stage.bars.date.length).last),
      Escape: () => chart.measure.clear(),
    },
  }));
  element.tabIndex = 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", `Chart of ${chart.data.ticker}; arrow keys move the cursor`);
  element.setAttribute("aria-describedby", "chart-caption");
  // While the keyboard moves the cursor, what it passes is read out.
  element.addEventListener("focus", () => chart.parts.readout.setAttribute("aria-live", "polite"));
  element.addEventListener("blur", () => chart.parts.readout.setAttribute("aria-live", "off"));
}

function wirePicture(chart: Running): void {
  const button = chart.parts.card.querySelector<HTMLButtonElement>("#chart-png");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    settle(chart);
    const { data, stage, colours, parts } = chart;
    const { first, last } = barsIn(chart.window, stage.bars.date.length);
    const name = `${data.ticker}-${stage.bars.start[first]}-${stage.bars.date[last]}.png`;
    const title = [data.ticker, ...data.compare.map(({ ticker }) => ticker)].join(", ");
    savePicture(
      { ...{ title, plots: stage.plots, panes: stage.panes, colours }, words: parts.words.textContent ?? "" },
      name,
    );
  });
}

function prepare(parts: Parts, state: ChartState, data: ChartData): Prepared | null {
  const output = parts.card.querySelector<HTMLElement>("#measured");
  const button = parts.card.querySelector<HTMLButtonElement>("#measure-toggle");
  if (!output || !button) return null;
  const prepared: Prepared & Partial<Running> = {
    ...{ parts, state, data, colours: readColours(), cursor: null, frame: 0, still: undefined },
    measure: createMeasure({
      ...{ output, button },
      tell: (from, to) => {
        const { stage } = prepared;
        const found = stage ? measure(stage.bars, prepared.data, from, to) : null;
        return found ? differenceWords(found, stage?.bars.close[to] ?? 1) : "";
      },
      redraw: () => prepared.stage?.price.redraw(false),
    }),
  };
  return prepared;
}

function wire(chart: Running): void {
  const { card, readout, element } = chart.parts;
  readout.hidden = false;
  for (const keys of card.querySelectorAll<HTMLElement>("#chart-keys")) keys.hidden = false;
  wireKeys(chart, element);
  wirePicture(chart);
  wireControls({
    card,
    state: () => chart.state,
    apply: (patch) => void apply(chart, patch),
    move: (move) => setWindow(chart, moveWindow(chart.window, move, chart.stage.bars.date.length)),
    reset: () => void apply(chart, resetState(chart.state)),
  });
  document.addEventListener("barline:theme", () => {
    chart.colours = readColours();
    for (const plot of chart.stage.plots) plot.redraw();
  });
}

/** Takes the place of the server's drawing once the history is here; until then, and after a failure, that stays. */
export async function startChart(element: HTMLElement): Promise<void> {
  const parts = partsOf(element);
  if (!parts) return;
  const asked = readChartState(new URLSearchParams(location.search), element.dataset.ticker ?? "");
  const state = { ...asked, security: element.dataset.security ?? null };
  const data = await readData(parts.path, state);
  const prepared = data && prepare(parts, state, data);
  if (prepared) wire(draw(prepared));
}
