import type { BacktestChart } from "../views/research/backtest-data.ts";
import { startCharts } from "./backtest/charts.ts";

/** What ends when the result is exchanged. */
let stop: (() => void) | undefined;

/** Takes the place of the server's drawings once the data is here; until then, and after a failure, those stay. */
async function load(): Promise<void> {
  stop?.();
  stop = undefined;
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
  stop = startCharts(element, chart);
  element.dataset.state = "drawn";
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
