import uPlot from "uplot";
import { formatPrice } from "../../views/format.ts";
import type { ChartData } from "../../views/market/chart-data.ts";
import { dateLabel, dateSplits } from "./axis.ts";
import type { Colours } from "./colours.ts";
import { drawActions, drawBars } from "./draw.ts";

/** Room that a date needs on the axis, in CSS pixels. */
const dateRoom = 58;

export type PlotOptions = {
  element: HTMLElement;
  data: ChartData;
  /** Asked at each drawing, so that a change of theme needs no new plot. */
  colours: () => Colours;
  onCursor(index: number): void;
  onRange(from: number, to: number): void;
};

function axes({ data, colours }: PlotOptions): uPlot.Axis[] {
  const font = "12px system-ui, sans-serif";
  const grid = { stroke: () => colours().rule, width: 1 };
  return [
    {
      size: 30,
      font,
      stroke: () => colours().soft,
      grid,
      ticks: { show: false },
      splits: (plot, _axis, min, max) =>
        dateSplits(data.date, Math.ceil(min), Math.floor(max), Math.max(2, plot.width / dateRoom)),
      values: (_plot, marks) => marks.map((mark) => dateLabel(data.date[mark] ?? "", data.date[mark - 1])),
    },
    {
      scale: "price",
      side: 1,
      size: 62,
      font,
      stroke: () => colours().soft,
      grid,
      ticks: { show: false },
      values: (_plot, marks) => marks.map((mark) => (mark <= 0 ? "" : formatPrice(mark))),
    },
  ];
}

/** Sessions stand side by side: weekends and holidays leave no gaps. */
function series({ colours }: PlotOptions): uPlot.Series[] {
  const hidden = { scale: "price", paths: () => null, points: { show: false } };
  const average = (name: "ma20" | "ma50" | "ma120") => ({
    scale: "price",
    stroke: () => colours()[name],
    width: 1.4,
    points: { show: false },
  });
  // High and low are not drawn as lines, but the price scale has to hold them.
  return [{}, hidden, hidden, average("ma20"), average("ma50"), average("ma120"), { ...hidden, scale: "volume" }];
}

const columns = (data: ChartData): uPlot.AlignedData => [
  data.date.map((_, index) => index),
  data.high,
  data.low,
  data.ma20,
  data.ma50,
  data.ma120,
  data.volume,
];

/** Draws a ticker's history: candles, averages, volume, splits and dividends. */
export function createPlot(options: PlotOptions): uPlot {
  const { element, data, colours } = options;
  const size = () => ({ width: element.clientWidth, height: element.clientHeight });
  const drawing = (plot: uPlot) => ({ plot, data, colours: colours() });
  const plot = new uPlot(
    {
      ...size(),
      legend: { show: false },
      padding: [8, 0, 0, 0],
      scales: {
        x: { time: false },
        // The foot of the price scale is left to the volume.
        price: { range: (_plot, min, max) => [min - (max - min || max) * 0.3, max + (max - min || max) * 0.06] },
        volume: { range: (_plot, _min, max) => [0, (max || 1) * 4.6] },
      },
      axes: axes(options),
      series: series(options),
      cursor: { points: { show: false }, drag: { x: true, y: false }, focus: { prox: -1 } },
      hooks: {
        drawAxes: [(current) => drawBars(drawing(current))],
        draw: [(current) => drawActions(drawing(current))],
        setCursor: [(current) => options.onCursor(current.cursor.idx ?? data.date.length - 1)],
        setScale: [
          (current, key) => {
            if (key !== "x") return;
            const { min, max } = current.scales.x ?? {};
            options.onRange(Math.max(0, Math.ceil(min ?? 0)), Math.min(data.date.length - 1, Math.floor(max ?? 0)));
          },
        ],
      },
    },
    columns(data),
    element,
  );
  new ResizeObserver(() => plot.setSize(size())).observe(element);
  return plot;
}
