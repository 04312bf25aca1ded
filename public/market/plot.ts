import uPlot from "uplot";
import { formatShort } from "../../views/format.ts";
import type { BreadthData, BreadthFigure } from "../../views/market/breadth-data.ts";
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
      values: (_plot, marks) =>
        marks.map((mark) => (figure.unit === "share" ? `${Math.round(mark * 100)}%` : formatShort(mark))),
    },
  ];
}

/** Draws one figure: its lines over the sessions, which stand side by side. */
export function createBreadthPlot(options: BreadthPlotOptions): uPlot {
  const { element, figure, data, colours } = options;
  const size = () => ({ width: element.clientWidth, height: element.clientHeight });
  const plot = new uPlot(
    {
      ...size(),
      legend: { show: false },
      padding: [8, 0, 0, 0],
      scales: {
        x: { time: false, range: (_plot, min, max) => [min, max] },
        y: { range: figure.unit === "share" ? [0, 1] : (_plot, _min, max) => [0, (max || 1) * 1.05] },
      },
      axes: axes(options),
      series: [
        {},
        ...figure.series.map(({ tone }, index) => ({
          stroke: () => colours()[tone],
          width: 1.5,
          points: { show: false },
          ...(index > 0 && { dash: [5, 4] }),
        })),
      ],
      cursor: { sync: { key: together, setSeries: false }, drag: { x: true, y: false }, points: { show: false } },
      hooks: { setCursor: [(current) => options.onCursor(current.cursor.idx ?? null)] },
    },
    [data.date.map((_, index) => index), ...figure.series.map(({ key }) => data[key])],
    element,
  );
  new ResizeObserver(() => plot.setSize(size())).observe(element);
  return plot;
}
