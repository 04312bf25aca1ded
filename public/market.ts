import type uPlot from "uplot";
import { formatInteger, formatPercent, formatSession, none } from "../views/format.ts";
import { type BreadthData, type BreadthFigure, breadthFigures } from "../views/market/breadth-data.ts";
import { readColours } from "./chart/colours.ts";
import { listenToKeys } from "./chart/keyboard.ts";
import { createBreadthPlot } from "./market/plot.ts";

function valueText({ unit }: BreadthFigure, value: number | null | undefined): string {
  if (value === null || value === undefined) return none;
  if (unit === "share") return formatPercent(value);
  return `${unit === "balance" && value > 0 ? "+" : ""}${formatInteger(value)}`;
}

/** Writes the values of one session into the legends of all figures, and its date above them. */
function show(data: BreadthData, index: number): void {
  for (const figure of breadthFigures) {
    for (const { key } of figure.series) {
      const output = document.querySelector(`output[data-series="${key}"]`);
      if (output) output.textContent = valueText(figure, data[key][index]);
    }
  }
  const date = document.querySelector("#breadth-date");
  if (date) date.textContent = formatSession(data.date[index] ?? "1970-01-01");
}

function start(data: BreadthData): void {
  let colours = readColours();
  const plots: uPlot[] = [];
  const last = data.date.length - 1;
  for (const figure of breadthFigures) {
    const element = document.querySelector<HTMLElement>(`[data-figure="${figure.id}"]`);
    if (!element) continue;
    element.replaceChildren();
    const plot = createBreadthPlot({
      element,
      figure,
      data,
      colours: () => colours,
      onCursor: (index) => show(data, index ?? last),
    });
    element.tabIndex = 0;
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", `${figure.title}; arrow keys move the cursor`);
    const legend = element.parentElement?.querySelector(".legend");
    // While the keyboard moves the cursor, what it passes is read out.
    element.addEventListener("focus", () => legend?.setAttribute("aria-live", "polite"));
    element.addEventListener("blur", () => legend?.setAttribute("aria-live", "off"));
    listenToKeys(() => ({
      ...{ element, plot, count: data.date.length },
      setWindow: (window) => plot.setScale("x", window),
    }));
    plots.push(plot);
  }
  show(data, last);
  const keys = document.querySelector<HTMLElement>("#breadth-keys");
  if (keys) keys.hidden = false;
  document.addEventListener("barline:theme", () => {
    colours = readColours();
    for (const plot of plots) plot.redraw();
  });
}

/** Takes the place of the server's drawings once the sessions are here; until then, and after a failure, those stay. */
async function load(): Promise<void> {
  const source = document.querySelector<HTMLElement>("#breadth-figures")?.dataset.source;
  if (!source) return;
  const response = await fetch(source);
  if (response.ok) start(await response.json());
}

void load();
