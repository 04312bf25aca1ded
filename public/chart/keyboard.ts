import type uPlot from "uplot";
import { clampWindow, type Window, zoomWindow } from "../../views/market/chart/window.ts";

/** What keys act on. */
export type KeyTarget = {
  element: HTMLElement;
  plot: uPlot;
  count: number;
  /** Shows another stretch. */
  setWindow(window: Window): void;
  /** Keys of its own, and what they do. */
  more?: Record<string, () => void>;
};

/** Moves the cursor to a session, as the pointer would. */
export function moveTo(plot: uPlot, index: number): void {
  plot.setCursor({ left: plot.valToPos(index, "x"), top: plot.over.clientHeight / 2 });
}

const windowOf = (plot: uPlot, count: number): Window => {
  const { min, max } = plot.scales.x ?? {};
  return { min: min ?? -0.5, max: max ?? count - 0.5 };
};

function actionsOf({ plot, count, setWindow, more }: KeyTarget, step: number): Record<string, () => void> {
  const window = windowOf(plot, count);
  const first = Math.max(0, Math.ceil(window.min));
  const last = Math.min(count - 1, Math.floor(window.max));
  const at = plot.cursor.idx ?? last;
  /** Beyond the edge the stretch moves along. */
  const go = (to: number) => {
    const target = Math.min(count - 1, Math.max(0, to));
    const by = target < first ? target - first : target > last ? target - last : 0;
    if (by !== 0) setWindow(clampWindow({ min: window.min + by, max: window.max + by }, count));
    plot.batch(() => moveTo(plot, target));
  };
  const zoom = (factor: number) => setWindow(zoomWindow(window, factor, at, count));
  return {
    ArrowLeft: () => go(at - step),
    ArrowRight: () => go(at + step),
    Home: () => go(first),
    End: () => go(last),
    "+": () => zoom(0.7),
    "=": () => zoom(0.7),
    "-": () => zoom(1 / 0.7),
    ...more,
  };
}

/** Arrows move the cursor by a session, with Shift by twenty; Home and End to the edges; + and − zoom. */
export function listenToKeys(target: () => KeyTarget): void {
  const { element } = target();
  element.addEventListener("keydown", (event) => {
    const action = actionsOf(target(), event.shiftKey ? 20 : 1)[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
}
