import { type ChartState, chartHref } from "../../views/market/chart/state.ts";
import { barsIn, type Window, windowOf, zoomOf } from "../../views/market/chart/window.ts";
import { chartWords } from "../../views/market/chart/words.ts";
import type { ChartData } from "../../views/market/chart-data.ts";
import type { Colours } from "./colours.ts";
import { syncControls } from "./controls.ts";
import { listenToGestures } from "./gestures.ts";
import type { Measure } from "./measure.ts";
import { showReadout } from "./readout.ts";
import { createStage, type Stage } from "./stage.ts";

/** How long a chart has to be still before its words and its address follow it. */
const stillMs = 160;

/** The parts of a chart's card that a script writes to. */
export type Parts = { card: HTMLElement; element: HTMLElement; path: string; readout: HTMLElement; words: HTMLElement };

/** A chart that runs: what it shows, and where its reader is in it. */
export type Running = {
  parts: Parts;
  state: ChartState;
  data: ChartData;
  stage: Stage;
  window: Window;
  colours: Colours;
  measure: Measure;
  /** The bar under the cursor; null where it has left. */
  cursor: number | null;
  frame: number;
  still: ReturnType<typeof setTimeout> | undefined;
};

/** Readout of the bar under the cursor, or of the last in sight. */
function tellCursor(chart: Running): void {
  const { parts, stage, data, state, window, cursor } = chart;
  const index = cursor ?? barsIn(window, stage.bars.date.length).last;
  showReadout(parts.readout, { ...stage, data, interval: state.interval }, index);
  chart.measure.follow(index);
}

/** The zoom that an address has to say: none where the range says it. */
function zoomIn({ stage, state, window }: Running): ChartState["zoom"] {
  const zoom = zoomOf(stage.bars, window);
  const range = zoomOf(stage.bars, windowOf(stage.bars, { zoom: null, range: state.range }));
  return zoom.from === range.from && zoom.to === range.to ? null : zoom;
}

/** Once it is still, a chart's words, links and address say what it shows. */
export function settle(chart: Running): void {
  const { parts, stage, data, window } = chart;
  chart.state = { ...chart.state, zoom: zoomIn(chart) };
  const { first, last } = barsIn(window, stage.bars.date.length);
  parts.words.textContent = chartWords(data, stage.bars, chart.state.interval, first, last);
  syncControls(parts.card, parts.path, chart.state, stage.bars, window);
  history.replaceState(history.state, "", chartHref(parts.path, chart.state) + location.hash);
  stage.settle();
}

/** Shows another stretch with the next frame; what a gesture asks for in between is skipped. */
export function setWindow(chart: Running, window: Window): void {
  chart.window = window;
  chart.frame ||= requestAnimationFrame(() => {
    chart.frame = 0;
    chart.stage.show(chart.window);
  });
  clearTimeout(chart.still);
  chart.still = setTimeout(() => {
    chart.still = undefined;
    settle(chart);
    tellCursor(chart);
  }, stillMs);
}

/** The whole of the range again. */
export function showRange(chart: Running): void {
  chart.measure.clear();
  setWindow(chart, windowOf(chart.stage.bars, { zoom: null, range: chart.state.range }));
}

function wireGestures(chart: Running): void {
  for (const plot of chart.stage.plots) {
    listenToGestures({
      over: plot.over,
      count: () => chart.stage.bars.date.length,
      window: () => chart.window,
      setWindow: (window) => setWindow(chart, window),
      scrub: (left) => plot.setCursor({ left, top: plot.over.clientHeight / 2 }),
      isMeasuring: () => chart.measure.isArmed(),
      measure: (from, to) => chart.measure.drag(from, to),
      reset: () => showRange(chart),
    });
  }
}

/** What a chart is before it is drawn first. */
export type Prepared = Omit<Running, "stage" | "window">;

/** The panes of a chart's state, which tell it of the cursor. */
function stageOf(chart: Prepared | Running): Stage {
  const { parts, data, state, measure } = chart;
  return createStage({
    ...{ element: parts.element, data, state },
    colours: () => chart.colours,
    measured: () => measure.range(),
    onCursor: (index) => {
      if (chart.cursor === index) return;
      chart.cursor = index;
      // What passes under the pointer while the chart moves is told once it is still.
      if ("stage" in chart && chart.still === undefined) tellCursor(chart);
    },
  });
}

function begin(chart: Running): void {
  wireGestures(chart);
  chart.stage.show(chart.window);
  tellCursor(chart);
  settle(chart);
}

/** Draws a chart for the first time. */
export function draw(prepared: Prepared): Running {
  const stage = stageOf(prepared);
  const chart = Object.assign(prepared, { stage, window: windowOf(stage.bars, prepared.state) });
  begin(chart);
  return chart;
}

/** Draws the state anew: the same stretch of dates, or its range. */
export function redraw(chart: Running): void {
  chart.stage.destroy();
  chart.cursor = null;
  chart.stage = stageOf(chart);
  chart.window = windowOf(chart.stage.bars, chart.state);
  chart.measure.clear();
  begin(chart);
}
