import type { BacktestChart } from "../views/research/backtest-data.ts";
import { type Charts, startCharts } from "./backtest/charts.ts";

/** The charts of the result that is there. */
let charts: Charts | undefined;
/** Draws them with scales of the other kind. */
let drawAs: ((isLog: boolean) => void) | undefined;

/** Takes the place of the server's drawings once the data is here; until then, and after a failure, those stay. */
async function load(): Promise<void> {
  charts?.stop();
  charts = undefined;
  drawAs = undefined;
  const element = document.querySelector<HTMLElement>("#run-charts");
  const source = element?.dataset.source;
  if (!element || !source) return;
  const response = await fetch(source);
  if (!response.ok || !element.isConnected) return;
  const chart: BacktestChart = await response.json();
  if (chart.dataVersion !== element.dataset.version) {
    const stale = element.querySelector<HTMLElement>("#run-stale");
    if (stale) stale.hidden = false;
    return;
  }
  drawAs = (isLog) => {
    charts?.stop();
    charts = startCharts(element, chart, isLog);
    element.dataset.scale = isLog ? "log" : "linear";
    for (const link of element.querySelectorAll<HTMLAnchorElement>("a[data-run-scale]")) {
      if (link.dataset.runScale === element.dataset.scale) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  drawAs(element.dataset.scale === "log");
  element.dataset.state = "drawn";
}

/** A trade is shown where it happened, and a scale exchanged in place; before the charts are drawn both are plain links. */
function followLink(event: MouseEvent): void {
  const target = event.target instanceof Element ? event.target : null;
  const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  const scale = target?.closest<HTMLAnchorElement>("a[data-run-scale]");
  if (scale && drawAs && isPlain) {
    event.preventDefault();
    drawAs(scale.dataset.runScale === "log");
    history.replaceState(history.state, "", scale.href.split("#")[0]);
    return;
  }
  const row = target?.closest("a:not(.trade-link), summary, button") ? null : target?.closest("tr");
  const trade = row?.querySelector<HTMLAnchorElement>("a.trade-link");
  const root = document.querySelector<HTMLElement>("#run-charts");
  if (!trade || !charts || !root || !isPlain || document.getSelection()?.type === "Range") return;
  event.preventDefault();
  charts.show(trade.dataset.tradeFrom ?? "", trade.dataset.tradeTo ?? "");
  (root.querySelector<HTMLElement>("[data-plot=price]") ?? root).focus({ preventScroll: true });
  root.scrollIntoView({ block: "start" });
}

/** While a run is under way the form says so, and its result is called busy. */
function tellRunning(event: Event, isRunning: boolean): void {
  if (!(event.target instanceof Element) || event.target.id !== "backtest-form") return;
  const status = document.querySelector("#run-status");
  if (status) status.textContent = isRunning ? "Running…" : "";
  document.querySelector("#result")?.setAttribute("aria-busy", String(isRunning));
}

/** A button that copies what stands in the field that it names. */
function wireCopy(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-copy]")) {
    const field = document.querySelector<HTMLInputElement>(button.dataset.copy ?? "");
    if (!field || !button.hidden || !navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    });
  }
}

/**
 * After an exchange: the first field that is wrong takes the focus; else it stays in the field that was typed in, to change one thing
 * after the other, and goes to the result where it was lost. What is out of sight, as on a phone, is scrolled to.
 */
function focusAnswer(): void {
  const wrong = document.querySelector<HTMLElement>("#backtest-form [aria-invalid=true]");
  const result = document.querySelector<HTMLElement>("#result");
  if (wrong) wrong.focus({ preventScroll: true });
  else if (document.activeElement === document.body) result?.focus({ preventScroll: true });
  const target = wrong ?? result;
  const top = target?.getBoundingClientRect().top ?? 0;
  if (top < 0 || top > innerHeight * 0.8) target?.scrollIntoView({ block: wrong ? "center" : "start" });
}

let shown = document.querySelector("#backtest");

document.addEventListener("htmx:before:request", (event) => tellRunning(event, true));
document.addEventListener("htmx:finally:request", (event) => tellRunning(event, false));
document.addEventListener("click", followLink);
document.addEventListener("htmx:after:swap", () => {
  const current = document.querySelector("#backtest");
  if (current === shown) return;
  shown = current;
  wireCopy();
  void load();
  // Once htmx has put the focus where it was.
  setTimeout(focusAnswer);
});
wireCopy();
void load();
