import type uPlot from "uplot";

/** Moves the cursor to a session, as the pointer would. */
function moveTo(plot: uPlot, index: number): void {
  plot.setCursor({ left: plot.valToPos(index, "x"), top: plot.over.clientHeight / 2 });
}

function zoom(plot: uPlot, factor: number, count: number): void {
  const { min, max } = plot.scales.x ?? {};
  if (min === undefined || max === undefined || min === null || max === null) return;
  const centre = plot.cursor.idx ?? max;
  const from = Math.max(-0.5, centre - (centre - min) * factor);
  const to = Math.min(count - 0.5, centre + (max - centre) * factor);
  if (to - from >= 5) plot.setScale("x", { min: from, max: to });
}

/** Arrows move the cursor by a session, with Shift by twenty; Home and End to the edges; + and − zoom. */
export function listenToKeys(element: HTMLElement, plot: uPlot, count: number): void {
  element.addEventListener("keydown", (event) => {
    const { min, max } = plot.scales.x ?? {};
    const first = Math.max(0, Math.ceil(min ?? 0));
    const last = Math.min(count - 1, Math.floor(max ?? 0));
    const at = plot.cursor.idx ?? last;
    const step = event.shiftKey ? 20 : 1;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => moveTo(plot, Math.max(first, at - step)),
      ArrowRight: () => moveTo(plot, Math.min(last, at + step)),
      Home: () => moveTo(plot, first),
      End: () => moveTo(plot, last),
      "+": () => zoom(plot, 0.7, count),
      "=": () => zoom(plot, 0.7, count),
      "-": () => zoom(plot, 1 / 0.7, count),
    };
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
}
