import type { ChartBars } from "../../views/market/chart/bars.ts";
import { type ChartState, chartHref } from "../../views/market/chart/state.ts";
import { type Move, moveWindow, type Window, zoomOf } from "../../views/market/chart/window.ts";

/** What the controls do to a chart. */
export type ControlTarget = {
  card: HTMLElement;
  state(): ChartState;
  apply(patch: Partial<ChartState>): void;
  move(move: Move): void;
  reset(): void;
};

const patchOf = (link: HTMLElement): Partial<ChartState> => JSON.parse(link.dataset.patch ?? "{}");

/** Whether a click is meant for this page, and not for another tab. */
const isPlain = (event: MouseEvent) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);

/** Links and forms change the chart in place. */
export function wireControls(target: ControlTarget): void {
  const { card } = target;
  card.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a") : null;
    if (!link || !isPlain(event)) return;
    const { patch, move } = link.dataset;
    if (patch === undefined && move === undefined && link.id !== "chart-reset") return;
    event.preventDefault();
    if (patch !== undefined) target.apply(patchOf(link));
    else if (move !== undefined) target.move(move as Move);
    else target.reset();
  });
  card.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    const chosen = new FormData(form).getAll(form.id === "compare-form" ? "compare" : "indicators").map(String);
    event.preventDefault();
    if (form.id === "compare-form") {
      const compare = chosen.flatMap((text) => text.split(/[\s,]+/)).filter((ticker) => ticker !== "");
      target.apply({ compare: [...new Set(compare)], isAdjusted: target.state().isAdjusted || compare.length > 0 });
    } else target.apply({ indicators: chosen.filter((column) => column !== "none") });
  });
  card.addEventListener("change", (event) => {
    const box = event.target as HTMLInputElement;
    if (box.name !== "indicators") return;
    const { indicators } = target.state();
    const others = indicators.filter((column) => column !== box.value);
    target.apply({ indicators: box.checked ? [...others, box.value] : others });
  });
}

/** Every link says what the chart would be after it. */
export function syncControls(
  card: HTMLElement,
  path: string,
  state: ChartState,
  bars: ChartBars,
  window: Window,
): void {
  const here = chartHref(path, state);
  for (const link of card.querySelectorAll<HTMLAnchorElement>("a[data-patch]")) {
    const href = chartHref(path, { ...state, ...patchOf(link) });
    link.href = href;
    if (href === here) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  for (const link of card.querySelectorAll<HTMLAnchorElement>("a[data-move]")) {
    const moved = moveWindow(window, link.dataset.move as Move, bars.date.length);
    link.href = chartHref(path, { ...state, zoom: zoomOf(bars, moved) });
  }
  for (const link of card.querySelectorAll<HTMLAnchorElement>("a[data-file]"))
    link.href = chartHref(`${path}/bars.${link.dataset.file}`, state);
  const count = card.querySelector("#indicator-count");
  if (count) count.textContent = String(state.indicators.length);
  for (const box of card.querySelectorAll<HTMLInputElement>("input[type=checkbox][name=indicators]")) {
    box.checked = state.indicators.includes(box.value);
  }
}
