import type uPlot from "uplot";
import { barsOf, type ChartBars } from "../../views/market/chart/bars.ts";
import { type ChartEvent, eventsOf } from "../../views/market/chart/events.ts";
import { comparedLines, hasVolume, isComparing, type Pane, panesOf } from "../../views/market/chart/panes.ts";
import type { ChartState } from "../../views/market/chart/state.ts";
import { barsIn, type Window } from "../../views/market/chart/window.ts";
import type { ChartData } from "../../views/market/chart-data.ts";
import type { Colours } from "./colours.ts";
import { columnsOf, createPlot } from "./plot.ts";

export type StageOptions = {
  element: HTMLElement;
  data: ChartData;
  state: ChartState;
  colours(): Colours;
  measured(): [number, number] | null;
  onCursor(index: number | null): void;
};

/** The panes of a chart in one state; another state of its data or bars is another stage. */
export type Stage = {
  bars: ChartBars;
  panes: readonly Pane[];
  events: readonly ChartEvent[];
  plots: readonly uPlot[];
  hasCandles: boolean;
  /** The plot of the prices. */
  price: uPlot;
  /** Shows another stretch at once, with all that is compared from 100 on in its first bar. */
  show(window: Window): void;
  /** Aligns the panes, where the marks of one have become wider. */
  settle(): void;
  destroy(): void;
};

/** A place for each pane, one below the other. */
function placesOf(element: HTMLElement, panes: readonly Pane[]): HTMLElement[] {
  const places = panes.map(({ id, title }, index) => {
    const place = document.createElement("div");
    place.className = `pane ${id === "price" ? "is-price" : "is-lower"}${index === panes.length - 1 ? " is-last" : ""}`;
    place.dataset.pane = id;
    if (index > 0) {
      const name = document.createElement("span");
      name.className = "pane-title";
      name.textContent = title;
      place.append(name);
    }
    return place;
  });
  element.replaceChildren(...places);
  return places;
}

/** Draws every pane of a state into `element`. */
export function createStage({ element, data, state, colours, measured, onCursor }: StageOptions): Stage {
  const bars = barsOf(data, state.interval);
  const panes = panesOf(data, bars, 0);
  const events = eventsOf(data, bars);
  const candles = isComparing(data) ? null : { hasVolume: hasVolume(data, state) };
  const axis = { width: 0 };
  const places = placesOf(element, panes);
  const plots = places.map((place, index) =>
    createPlot({
      ...{ element: place, pane: panes[index] as Pane, bars, events, axis, colours, measured, onCursor },
      candles: index === 0 ? candles : null,
      isLog: index === 0 && state.isLog,
      isLast: index === panes.length - 1,
    }),
  );
  const price = plots[0] as uPlot;
  let base = -1;
  const show = (window: Window) => {
    const { first } = barsIn(window, bars.date.length);
    if (candles === null && first !== base) {
      base = first;
      const pane = { ...(panes[0] as Pane), lines: comparedLines(data, bars, first) };
      (panes as Pane[])[0] = pane;
      price.setData(columnsOf({ pane, bars, candles }), false);
    }
    for (const plot of plots) plot.setScale("x", window);
  };
  const fit = () => {
    plots.forEach((plot, index) => {
      const place = places[index];
      if (place) plot.setSize({ width: place.clientWidth, height: place.clientHeight });
    });
  };
  const observer = new ResizeObserver(fit);
  observer.observe(element);
  let aligned = 0;
  return {
    ...{ bars, panes, events, plots, price, show, hasCandles: candles !== null },
    settle: () => {
      if (aligned === axis.width) return;
      aligned = axis.width;
      for (const plot of plots) plot.redraw(false, true);
    },
    destroy: () => {
      observer.disconnect();
      for (const plot of plots) plot.destroy();
    },
  };
}
