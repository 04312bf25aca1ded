import type uPlot from "uplot";
import { formatPrice, formatSession } from "../../views/format.ts";
import { clampWindow } from "../../views/market/chart/window.ts";
import type { BacktestChart, Figure } from "../../views/research/backtest-data.ts";
import { formatLevel } from "../../views/research/backtest-format.ts";
import { readColours } from "../chart/colours.ts";
import { listenToKeys, moveTo } from "../chart/keyboard.ts";
import { createPane } from "./pane.ts";

const candleText = ({ candles }: BacktestChart, session: number): string =>
  candles === null
    ? ""
    : (["open", "high", "low", "close"] as const)
        .map((name) => `${name.charAt(0).toUpperCase()} ${formatPrice(candles[name][session])}`)
        .join("  ");

/** What was bought or sold in a session, after its prices. */
const markText = ({ marks }: BacktestChart, session: number): string =>
  marks
    .filter((mark) => mark.session === session)
    .map(({ side, price }) => ` · ${side === "buy" ? "bought" : "sold"} at ${formatPrice(price)}`)
    .join("");

function textOf(figure: Figure, line: string, chart: BacktestChart, session: number): string {
  if (line === "candle") return candleText(chart, session) + markText(chart, session);
  const value = figure.lines[Number(line)]?.values[session];
  return value === null || value === undefined ? "–" : formatLevel(figure.unit, value);
}

/** Writes the values of one session into the legends of all panes, and its date above them. */
function createReadout(root: HTMLElement, chart: BacktestChart): (session: number) => void {
  const date = root.querySelector("#run-date");
  const figures = new Map(chart.figures.map((figure) => [figure.id, figure]));
  const outputs = [...root.querySelectorAll<HTMLOutputElement>("output[data-line]")].flatMap((output) => {
    const figure = figures.get(output.dataset.figure ?? "");
    return figure ? [{ output, figure, line: output.dataset.line ?? "" }] : [];
  });
  return (session) => {
    if (date) date.textContent = formatSession(chart.date[session] ?? "1970-01-01");
    for (const { output, figure, line } of outputs) output.textContent = textOf(figure, line, chart, session);
  };
}

/** A zoom of one pane is one of all. */
function createZoom(plots: readonly uPlot[]): (from: uPlot) => void {
  let isZooming = false;
  return (from) => {
    const { min, max } = from.scales.x ?? {};
    if (isZooming || min === undefined || max === undefined || min === null || max === null) return;
    isZooming = true;
    for (const plot of plots) if (plot !== from) plot.setScale("x", { min, max });
    isZooming = false;
  };
}

/** The panes of a run, drawn. */
export type Charts = {
  /** Shows the sessions between two dates with some beside them, and puts the cursor on the first. */
  show(from: string, to: string): void;
  stop(): void;
};

/** Sessions beside a trade that are shown with it, at the least, and as a part of it. */
const least = 10;
const beside = 0.6;

function showDates(plots: readonly uPlot[], { date }: BacktestChart, from: string, to: string): void {
  const [plot] = plots;
  const first = date.findIndex((session) => session >= from);
  if (!plot || first < 0) return;
  const after = to === "" ? -1 : date.findIndex((session) => session > to);
  const last = (after < 0 ? date.length : after) - 1;
  const room = Math.max(least, (last - first) * beside);
  plot.setScale("x", clampWindow({ min: first - room, max: last + room }, date.length));
  // With the next frame, once the scale is that.
  requestAnimationFrame(() => moveTo(plot, first));
}

/** Draws every pane with one cursor and one zoom for all. */
export function startCharts(root: HTMLElement, chart: BacktestChart, isLog: boolean): Charts {
  let colours = readColours();
  const plots: uPlot[] = [];
  const readout = createReadout(root, chart);
  const zoom = createZoom(plots);
  const last = chart.date.length - 1;
  for (const figure of chart.figures) {
    const element = root.querySelector<HTMLElement>(`[data-plot="${figure.id}"]`);
    if (!element) continue;
    element.replaceChildren();
    const plot = createPane({
      ...{ element, figure, chart, isLog },
      colours: () => colours,
      onCursor: (session) => readout(session ?? last),
      onZoom: zoom,
    });
    element.tabIndex = 0;
    element.setAttribute("role", "group");
    element.setAttribute(
      "aria-label",
      `${figure.title}; arrow keys move the cursor${chart.figures.length > 1 ? " of all panes" : ""}`,
    );
    listenToKeys(() => ({
      ...{ element, plot, count: chart.date.length },
      setWindow: (window) => plot.setScale("x", window),
    }));
    plots.push(plot);
  }
  // While the keyboard moves the cursor, the session that it passes is read out.
  const date = root.querySelector("#run-date");
  root.addEventListener("focusin", () => date?.setAttribute("aria-live", "polite"));
  root.addEventListener("focusout", () => date?.setAttribute("aria-live", "off"));
  readout(last);
  for (const keys of root.querySelectorAll<HTMLElement>("#run-keys")) keys.hidden = false;
  const redraw = () => {
    colours = readColours();
    for (const plot of plots) plot.redraw();
  };
  document.addEventListener("barline:theme", redraw);
  return {
    show: (from, to) => showDates(plots, chart, from, to),
    stop: () => {
      document.removeEventListener("barline:theme", redraw);
      for (const plot of plots) plot.destroy();
    },
  };
}
