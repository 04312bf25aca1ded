import { formatTicks } from "../format.ts";

/** What `/market/breadth.json` answers: sessions in columns, ascending. Shares are fractions. */
export type BreadthData = {
  date: string[];
  advancing: number[];
  declining: number[];
  /** Advancing less declining, and the sum of it since the first session. */
  net: number[];
  cumulative: number[];
  above50: (number | null)[];
  above200: (number | null)[];
  newHighs: (number | null)[];
  newLows: (number | null)[];
};

type BreadthSeries = Exclude<keyof BreadthData, "date">;

/** One drawing: what it shows, as the server draws it first and the script again. */
export type BreadthFigure = {
  id: string;
  title: string;
  /** A balance has a sign. */
  unit: "tickers" | "balance" | "share";
  /** Bars stand on nought, green above it and red below. */
  shape: "lines" | "bars";
  /** The second is dashed, so that they are told apart without colour. */
  series: { key: BreadthSeries; label: string; tone: "up" | "down" | "accent" | "ma50" | "ma120" }[];
};

/** The drawings of the market page, in their order. */
export const breadthFigures: readonly BreadthFigure[] = [
  {
    id: "net",
    title: "Net advances",
    unit: "balance",
    shape: "bars",
    series: [{ key: "net", label: "Advancing less declining", tone: "accent" }],
  },
  {
    id: "cumulative",
    title: "Advance–decline line",
    unit: "balance",
    shape: "lines",
    series: [{ key: "cumulative", label: "Net advances, summed from the first session shown", tone: "accent" }],
  },
  {
    id: "above",
    title: "Share of tickers above their averages",
    unit: "share",
    shape: "lines",
    series: [
      { key: "above50", label: "Average of 50", tone: "ma50" },
      { key: "above200", label: "Average of 200", tone: "ma120" },
    ],
  },
  {
    id: "extremes",
    title: "New 52-week highs and lows",
    unit: "tickers",
    shape: "lines",
    series: [
      { key: "newHighs", label: "New highs", tone: "up" },
      { key: "newLows", label: "New lows", tone: "down" },
    ],
  },
];

/** Advancing less declining of each session, and their sum so far. */
export function netAdvances(
  rows: readonly { advancing: number; declining: number }[],
): Pick<BreadthData, "net" | "cumulative"> {
  let sum = 0;
  const net = rows.map(({ advancing, declining }) => advancing - declining);
  const cumulative = net.map((value) => {
    sum += value;
    return sum;
  });
  return { net, cumulative };
}

/** From where to where a figure's scale reaches, of values that lie between `min` and `max`. */
export function breadthRange({ unit }: BreadthFigure, min: number, max: number): { min: number; max: number } {
  if (unit === "share") return { min: 0, max: 1 };
  if (unit === "tickers") return { min: 0, max: Math.max(1, max) * 1.05 };
  const room = Math.max(1, max - Math.min(0, min)) * 0.05;
  return { min: Math.min(0, min) - room, max: Math.max(0, max) + room };
}

/** The texts of a figure's marks. */
export const breadthTexts = ({ unit }: BreadthFigure, marks: readonly number[]): string[] =>
  unit === "share" ? marks.map((mark) => `${Math.round(mark * 100)}%`) : formatTicks(marks);
