/** What `/market/breadth.json` answers: sessions in columns, ascending. Shares are fractions. */
export type BreadthData = {
  date: string[];
  advancing: number[];
  declining: number[];
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
  unit: "tickers" | "share";
  /** The second is dashed, so that they are told apart without colour. */
  series: { key: BreadthSeries; label: string; tone: "up" | "down" | "ma50" | "ma120" }[];
};

/** The drawings of the market page, in their order. */
export const breadthFigures: readonly BreadthFigure[] = [
  {
    id: "advancing",
    title: "Advancing and declining",
    unit: "tickers",
    series: [
      { key: "advancing", label: "Advancing", tone: "up" },
      { key: "declining", label: "Declining", tone: "down" },
    ],
  },
  {
    id: "above",
    title: "Share of tickers above their averages",
    unit: "share",
    series: [
      { key: "above50", label: "Average of 50", tone: "ma50" },
      { key: "above200", label: "Average of 200", tone: "ma120" },
    ],
  },
  {
    id: "extremes",
    title: "New 52-week highs and lows",
    unit: "tickers",
    series: [
      { key: "newHighs", label: "New highs", tone: "up" },
      { key: "newLows", label: "New lows", tone: "down" },
    ],
  },
];
