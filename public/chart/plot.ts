import uPlot from "uplot";
import type { ChartBars } from "../../views/market/chart/bars.ts";
import type { ChartEvent } from "../../views/market/chart/events.ts";
import type { Pane } from "../../views/market/chart/panes.ts";
import { marksOf, markTexts, roomOfPane, roomOfPrice, scaleOf, volumeShare } from "../../views/market/chart/scale.ts";
import { dateLabel, dateSplits } from "./axis.ts";
import type { Colours } from "./colours.ts";
import { drawCandles, drawLine, drawVolume } from "./draw.ts";
import { drawEvents, drawMeasured } from "./marks.ts";

/** Room that a date, and a mark of a scale, need on their axis, in CSS pixels. */
const dateRoom = 58;
const markRoom = 44;
/** One for all panes: a cursor in one moves in all. */
const together = "chart";
const font = "12px system-ui, sans-serif";

export type PaneOptions = {
  element: HTMLElement;
  pane: Pane;
  bars: ChartBars;
  /** Of the price's pane; null for the others, and where closes stand beside others. */
  candles: { hasVolume: boolean } | null;
  isLog: boolean;
  /** Whether it is the lowest, which has the dates. */
  isLast: boolean;
  events: readonly ChartEvent[];
  /** As wide as the longest mark of any pane, so that all plots are aligned. */
  axis: { width: number };
  /** Asked at each drawing, so that a change of theme needs no new plot. */
  colours(): Colours;
  measured(): [number, number] | null;
  /** The bar under the cursor; null where it has left. */
  onCursor(index: number | null): void;
};

/** The width of the longest text, as the canvas would write it. */
function widthOf(plot: uPlot, texts: readonly string[] | null): number {
  plot.ctx.save();
  plot.ctx.font = font;
  const longest = Math.max(0, ...(texts ?? []).map((text) => plot.ctx.measureText(text).width));
  plot.ctx.restore();
  return Math.ceil(longest) + 14;
}

function axes({ pane, bars, colours, isLast, isLog, axis }: PaneOptions): uPlot.Axis[] {
  const shared = {
    font,
    stroke: () => colours().soft,
    grid: { stroke: () => colours().rule, width: 1 },
    ticks: { show: false },
  };
  const room = pane.id === "price" ? markRoom : markRoom / 1.6;
  return [
    {
      ...shared,
      size: isLast ? 30 : 0,
      splits: (plot, _axis, min, max) =>
        dateSplits(bars.date, Math.ceil(min), Math.floor(max), Math.max(2, plot.width / dateRoom)),
      values: (_plot, marks) =>
        isLast ? marks.map((mark) => dateLabel(bars.date[mark] ?? "", bars.date[mark - 1])) : marks.map(() => ""),
    },
    {
      ...shared,
      scale: "y",
      side: 1,
      size: (plot, texts) => {
        axis.width = Math.max(axis.width, widthOf(plot, texts));
        return axis.width;
      },
      splits: (plot, _axis, min, max) =>
        marksOf({ min, max, isLog: isLog && min > 0 }, Math.max(2, plot.over.clientHeight / room)).filter(
          (mark) => pane.id !== "price" || mark > 0,
        ),
      // Else a logarithmic axis leaves out marks between the decades.
      filter: (_plot, marks) => marks,
      values: (_plot, marks) => markTexts(pane.kind, marks),
    },
  ];
}

/** Bars stand side by side: weekends and holidays leave no gaps. */
function series({ pane, candles }: PaneOptions): uPlot.Series[] {
  const hidden = { scale: "y", paths: () => null, points: { show: false } };
  return [
    {},
    // High and low are not drawn as lines, but the price scale has to hold them.
    ...(candles ? [hidden, hidden, { ...hidden, scale: "volume" }] : []),
    // Lines are drawn by hand.
    ...pane.lines.map(() => hidden),
  ];
}

function drawLines(plot: uPlot, { pane, candles, colours }: PaneOptions): void {
  // Beside others the page's own ticker is the thicker one, and sessions that one of them lacks are bridged.
  const isCompared = pane.id === "price" && !candles;
  pane.lines.forEach(({ tone, dash }, index) => {
    const width = isCompared && index === 0 ? 2.2 : 1.4;
    const values = (plot.data[plot.data.length - pane.lines.length + index] ?? []) as (number | null)[];
    drawLine(plot, values, "y", { colour: colours()[tone], width, dash, isGapless: isCompared });
  });
}

/** The columns of a pane, as its plot takes them. */
export function columnsOf({ pane, bars, candles }: Pick<PaneOptions, "pane" | "bars" | "candles">): uPlot.AlignedData {
  return [
    bars.date.map((_, index) => index),
    ...(candles ? [bars.high, bars.low, bars.volume] : []),
    ...pane.lines.map(({ values }) => values),
  ];
}

function scales({ pane, candles, isLog }: PaneOptions): uPlot.Scales {
  const room = pane.id === "price" ? roomOfPrice(candles?.hasVolume === true) : roomOfPane;
  return {
    x: { time: false },
    y: {
      ...(isLog && { distr: 3 }),
      range: (_plot, low, high) => {
        const { min, max } = scaleOf(low ?? 0, high ?? 1, isLog, room);
        return [min, max];
      },
    },
    volume: { range: (_plot, _min, max) => [0, (max || 1) * volumeShare] },
  };
}

/** Draws one pane of a history over its bars. */
export function createPlot(options: PaneOptions): uPlot {
  const { element, pane, bars, candles, colours } = options;
  const size = () => ({ width: element.clientWidth, height: element.clientHeight });
  const isPrice = pane.id === "price";
  const plot = new uPlot(
    {
      ...size(),
      legend: { show: false },
      padding: [8, 0, 0, 0],
      scales: scales(options),
      axes: axes(options),
      series: series(options),
      cursor: {
        points: { show: false },
        drag: { x: false, y: false, setScale: false },
        sync: { key: together, setSeries: false, scales: ["x", null] },
      },
      hooks: {
        drawAxes: [
          (current) => {
            if (candles?.hasVolume) drawVolume(current, bars, colours());
            if (candles) drawCandles(current, bars, colours());
            drawLines(current, options);
          },
        ],
        draw: [
          (current) => {
            const measured = options.measured();
            const closes = candles ? bars.close : pane.lines[0]?.values;
            if (isPrice && measured) drawMeasured(current, measured, (closes ?? []) as number[], colours());
            if (isPrice) drawEvents(current, options.events, bars.date.length, colours());
          },
        ],
        setCursor: [
          (current) => {
            if (isPrice) options.onCursor(current.cursor.idx ?? null);
          },
        ],
      },
    },
    columnsOf(options),
    element,
  );
  return plot;
}
