import type { BacktestChart } from "../views/research/backtest-data.ts";
import { startCharts } from "./backtest/charts.ts";

/** What ends when the result is exchanged. */
let stop: (() => void) | undefined;
let drawn: HTMLElement | null = null;

/** Takes the place of the server's drawings. */
function draw(): void {
  const holder = document.querySelector<HTMLElement>("#sql-chart");
  const element = holder?.querySelector<HTMLElement>("#run-charts");
  if (holder === drawn && stop) return;
  stop?.();
  stop = undefined;
  drawn = holder;
  if (!holder || !element) return;
  const chart: BacktestChart = JSON.parse(holder.dataset.chart ?? "{}");
  stop = startCharts(element, chart, false).stop;
}

/** Ctrl+Enter, or ⌘+Enter, runs what is typed; Tab goes on to the buttons, as everywhere. */
function wireKeys(): void {
  const text = document.querySelector<HTMLTextAreaElement>("#sql-text");
  text?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const run = text.form?.querySelector<HTMLButtonElement>('button[value="rows"]');
    if (run && !run.disabled) text.form?.requestSubmit(run);
  });
}

/** Files and saving leave the page, so the form is not exchanged for them. */
function leavePlain(event: Event): void {
  if (!(event instanceof SubmitEvent) || !(event.submitter instanceof HTMLElement)) return;
  if (event.submitter.dataset.plain !== undefined) event.stopImmediatePropagation();
}

document.addEventListener("submit", leavePlain, { capture: true });
document.addEventListener("htmx:after:swap", draw);
wireKeys();
draw();
