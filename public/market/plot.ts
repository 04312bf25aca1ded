import uPlot from "uplot";
import { type BreadthData, type BreadthFigure, breadthRange, breadthTexts } from "../../views/market/breadth-data.ts";
import { dateLabel, dateSplits } from "../chart/axis.ts";
import type { Colours } from "../chart/colours.ts";

/** Room that a date needs on the axis, in CSS pixels. */
const dateRoom = 58;
/** One for all figures: a cursor in one moves in all. */
const together = "breadth";

export type BreadthPlotOptions = {
  element: HTMLElement;
  figure: BreadthFigure;
  data: BreadthData;
  /** Asked at each drawing, so that a change of theme needs no new plot. */
  colours: () => Colours;
  /** The session under the cursor; null where it has left. */
  onCursor(index: number | null): void;
};

function axes({ figure, data, colours }: BreadthPlotOptions): uPlot.Axis[] {
  const font = "12px system-ui, sans-serif";
  const shared = {
    font,
    stroke: () => colours().soft,
    grid: { stroke: () => colours().rule, width: 1 },
    ticks: { show: false },
  };
  return [
    {
      ...shared,
      size: 30,
      splits: (plot, _axis, min, max) =>
        dateSplits(data.date, Math.ceil(min), Math.floor(max), Math.max(2, plot.width / dateRoom)),
      values: (_plot, marks) => marks.map((mark) => dateLabel(data.date[mark] ?? "", data.date[mark - 1])),
    },
    {
      ...shared,
      side: 1,
      size: 52,
      values: (_plot, marks) => breadthTexts(figure, marks),
    },
  ];
}

/** Bars are two series, as each has one colour: those above nought, and those below. */
function series({ figure, colours }: BreadthPlotOptions): uPlot.Series[] {
  if (figure.shape === "bars") {
    const paths = uPlot.paths.bars?.({ size: [0.7, 24, 1] }) ?? null;
    const bars = (tone: "up" | "down") => ({
      ...{ stroke: () => colours()[tone], fill: () => colours()[tone], width: 0, points: { show: false } },
      ...(paths && { paths }),
    });
    return [{}, bars("up"), bars("down")];
  }
  return [
    {},
    ...figure.series.map(({ tone }, index) => ({
      stroke: () => colours()[tone],
      width: 1.5,
      points: { show: false },
      ...(index > 0 && { dash: [5, 4] }),
    })),
  ];
}

function columns({ figure, data }: BreadthPlotOptions): uPlot.AlignedData {
  const sessions = data.date.map((_, index) => index);
  if (figure.shape === "lines") return [sessions, ...figure.series.map(({ key }) => data[key])];
  const values = data[figure.series[0]?.key ?? "net"];
  const side = (isUp: boolean) => values.map((value) => (value !== null && value >= 0 === isUp ? value : null));
  return [sessions, side(true), side(false)];
}

/** Draws one figure: its lines over the sessions, which stand side by side. */
export function createBreadthPlot(options: BreadthPlotOptions): uPlot {
  const { element, figure } = options;
  const size = () => ({ width: element.clientWidth, height: element.clientHeight });
  const plot = new uPlot(
    {
      ...size(),
      legend: { show: false },
      padding: [8, 0, 0, 0],
      scales: {
        x: { time: false, range: (_plot, min, max) => [min, max] },
        y: {
          range: (_plot, low, high) => {
            const { min, max } = breadthRange(figure, low ?? 0, high ?? 0);
            return [min, max];
          },
        },
      },
      axes: axes(options),
      series: series(options),
      cursor: { sync: { key: together, setSeries: false }, drag: { x: true, y: false }, points: { show: false } },
      hooks: { setCursor: [(current) => options.onCursor(current.cursor.idx ?? null)] },
    },
    columns(options),
    element,
  );
  new ResizeObserver(() => plot.setSize(size())).observe(element);
  return plot;
}
