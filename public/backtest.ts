import type { BacktestChart } from "../views/backtest-data.ts";
import { startCharts } from "./backtest/charts.ts";

/** What ends when the result is exchanged. */
let stop: (() => void) | undefined;

/** Takes the place of the server's drawings once the data is here; until then, and after a failure, those stay. */
async function load(): Promise<void> {
  stop?.();
  stop = undefined;
  const element = document.querySelector<HTMLElement>("#run-charts");
  const source = element?.dataset.source;
  if (!element || !source || element.dataset.state) return;
  element.dataset.state = "loading";
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

/** What was exchanged takes the focus: the first field that is wrong, else the result. */
function focusAnswer(): void {
  const wrong = document.querySelector<HTMLElement>("#backtest-form [aria-invalid=true]");
  const target = wrong ?? document.querySelector<HTMLElement>("#result");
  target?.focus({ preventScroll: true });
  const top = target?.getBoundingClientRect().top ?? 0;
  if (top < 0 || top > innerHeight * 0.6) target?.scrollIntoView({ block: wrong ? "center" : "start" });
}

document.addEventListener("htmx:after:swap", () => {
  const element = document.querySelector<HTMLElement>("#run-charts");
  const isNew = element?.dataset.state === undefined;
  if (isNew || !element) void load();
  wireCopy();
});
document.addEventListener("htmx:finally:request", (event) => {
  if (event.target instanceof Element && event.target.id === "backtest-form") setTimeout(focusAnswer);
});
wireCopy();
void load();
