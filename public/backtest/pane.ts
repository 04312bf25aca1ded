import uPlot from "uplot";
import { marksOf, scaleOf } from "../../views/market/chart/scale.ts";
import { type BacktestChart, type Figure, mayBeLog } from "../../views/research/backtest-data.ts";
import { dashesOf, levelTexts } from "../../views/research/backtest-format.ts";
import { dateLabel, dateSplits } from "../chart/axis.ts";
import type { Colours } from "../chart/colours.ts";
import { drawCandles } from "../chart/draw.ts";
import { drawMarks } from "./marks.ts";

/** Room that a date needs on the axis, in CSS pixels. */
const dateRoom = 58;
/** Room that a mark of a scale needs. */
const markRoom = 30;
/** One for all panes: a cursor in one moves in all. */
const together = "backtest";

export type PaneOptions = {
  element: HTMLElement;
  figure: Figure;
  chart: BacktestChart;
  /** Asked at each drawing, so that a change of theme needs no new plot. */
  colours: () => Colours;
  /** The session under the cursor; null where it has left. */
  onCursor(session: number | null): void;
  onZoom(plot: uPlot): void;
  /** Whether figures that can have one have a logarithmic scale. */
  isLog: boolean;
};

const isLogPane = ({ isLog, figure }: PaneOptions) => isLog && mayBeLog(figure);

function axes(options: PaneOptions): uPlot.Axis[] {
  const { figure, chart, colours } = options;
  const shared = {
    font: "12px system-ui, sans-serif",
    stroke: () => colours().soft,
    grid: { stroke: () => colours().rule, width: 1 },
    ticks: { show: false },
  };
  return [
    {
      ...shared,
      size: 26,
      splits: (plot, _axis, min, max) =>
        dateSplits(chart.date, Math.ceil(min), Math.floor(max), Math.max(2, plot.width / dateRoom)),
      values: (_plot, marks) => marks.map((mark) => dateLabel(chart.date[mark] ?? "", chart.date[mark - 1])),
    },
    {
      ...shared,
      scale: "y",
      side: 1,
      size: 62,
      splits: (plot, _axis, min, max) =>
        marksOf({ min, max, isLog: isLogPane(options) }, Math.max(2, plot.over.clientHeight / markRoom)),
      // Else a logarithmic axis leaves out marks between the decades.
      filter: (_plot, marks) => marks,
      values: (_plot, marks) => levelTexts(figure.unit, marks),
    },
  ];
}

/** Whether the pane has the price itself under its lines. */
const hasCandles = ({ figure, chart }: PaneOptions) => figure.id === "price" && chart.candles !== null;

function series(options: PaneOptions): uPlot.Series[] {
  const { figure, colours } = options;
  // High and low are not drawn as lines, but the scale has to hold them.
  const hidden = { scale: "y", paths: () => null, points: { show: false } };
  return [
    {},
    ...(hasCandles(options) ? [hidden, hidden] : []),
    ...figure.lines.map(({ tone }, index) => ({
      scale: "y",
      stroke: () => colours()[tone],
      width: 1.4,
      points: { show: false },
      ...(figure.id === "drawdown" && index === 0 && { fill: () => withAlpha(colours()[tone]) }),
      dash: [...dashesOf(index)],
    })),
  ];
}

/** A colour as an area under a line has it; `colour` is `rgb(…)`, as browsers compute it. */
const withAlpha = (colour: string) => colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.14)");

function columns(options: PaneOptions): uPlot.AlignedData {
  const { figure, chart } = options;
  const sessions = chart.date.map((_, session) => session);
  const candles = hasCandles(options) && chart.candles ? [chart.candles.high, chart.candles.low] : [];
  return [sessions, ...candles, ...figure.lines.map(({ values }) => values)];
}

function padded(low: number, high: number, isLog: boolean): [number, number] {
  const { min, max } = scaleOf(low ?? 0, high ?? 1, isLog, { below: 0.06, above: 0.06 });
  return [min, max];
}

/** Draws one pane over the sessions, which stand side by side. */
export function createPane(options: PaneOptions): uPlot {
  const { element, figure, chart, colours } = options;
  const size = () => ({ width: element.clientWidth, height: element.clientHeight });
  const plot = new uPlot(
    {
      ...size(),
      legend: { show: false },
      padding: [8, 0, 0, 0],
      scales: {
        x: { time: false },
        y: {
          ...(isLogPane(options) && { distr: 3 }),
          range: (_plot, min, max) =>
            figure.id === "drawdown" ? [Math.min(min, -0.01) * 1.06, 0] : padded(min, max, isLogPane(options)),
        },
      },
      axes: axes(options),
      series: series(options),
      cursor: { sync: { key: together, setSeries: false }, drag: { x: true, y: false }, points: { show: false } },
      hooks: {
        drawAxes: [
          (current) => {
            if (chart.candles && hasCandles(options)) drawCandles(current, chart.candles, colours());
          },
        ],
        draw: [
          (current) => {
            if (figure.id === "price") drawMarks(current, chart, colours());
          },
        ],
        setCursor: [(current) => options.onCursor(current.cursor.idx ?? null)],
        setScale: [
          (current, key) => {
            if (key === "x") options.onZoom(current);
          },
        ],
      },
    },
    columns(options),
    element,
  );
  new ResizeObserver(() => plot.setSize(size())).observe(element);
  return plot;
}
