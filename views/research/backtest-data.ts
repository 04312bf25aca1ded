/** What a line is drawn in; within a figure each line has dashes of its own, so that they are told apart without colour. */
export type LineTone = "accent" | "ma20" | "ma50" | "ma120" | "soft" | "down" | "ink";

/** One line over the sessions; null where it has no value, such as an indicator that is not warm. */
export type FigureLine = { label: string; tone: LineTone; values: (number | null)[] };

/** One pane of a run's chart. */
export type Figure = {
  id: string;
  title: string;
  /** A factor is what one dollar became. */
  unit: "dollars" | "fraction" | "value" | "factor";
  lines: FigureLine[];
};

/** Whether a figure can have a logarithmic scale: all that it shows is above nought, and growth is what it tells. */
export const mayBeLog = ({ unit, lines }: Figure): boolean =>
  (unit === "dollars" || unit === "factor") &&
  lines.every(({ values }) => values.every((value) => value === null || value > 0));

/** Where a position was entered or left: `session` is an index into the dates, `price` is in dollars with slippage. */
export type Mark = { session: number; price: number; side: "buy" | "sell" };

/** A run, or several beside each other, in columns: one value a session. */
export type BacktestChart = {
  /** The version of the data that was read: the same as that of the page, or they do not belong together. */
  dataVersion: string;
  date: string[];
  /** Split-adjusted, in dollars; null for a strategy of the universe. */
  candles: { open: number[]; high: number[]; low: number[]; close: number[] } | null;
  marks: Mark[];
  /** From the top down. */
  figures: Figure[];
};
