import type { ResultColumn, ResultRow } from "../../../db/console/cursor.ts";
import type { BacktestChart, Figure, LineTone } from "../../../views/research/backtest-data.ts";
import { isDate, isNumber, isText } from "./values.ts";

const tones: readonly LineTone[] = ["accent", "ma20", "ma50", "ink", "soft"];
/** Lines that can be told apart in one figure. */
const mostLines = tones.length;
const mostFigures = 4;
/** More dates than a wide screen has pixels are thinned. */
const mostDates = 4000;
/** Numbers of one figure share its scale: one a hundred times the other would be a flat line. */
const widestRatio = 20;

type Line = { label: string; values: (number | null)[] };
/** The lines of one number column; `highest` is the largest of their sizes. */
type Drawing = { name: string; lines: Line[]; isGrouped: boolean; highest: number };

/** A result as a chart, or why it is none; neither where nobody would look for one. */
export type ResultChart = { chart: BacktestChart | null; note: string | null };

/**
 * Draws a result that has a date column: a line for each number column and, where a text column tells rows of a date apart, for
 * each of its values.
 */
export function toChart(columns: readonly ResultColumn[], rows: readonly ResultRow[]): ResultChart {
  const date = columns.findIndex(isDate);
  const numbers = columns.flatMap((column, index) => (isNumber(column) ? [index] : []));
  const dates = [...new Set(rows.map((row) => row[date] ?? null))].filter((value) => value !== null).sort();
  if (date === -1 || numbers.length === 0 || dates.length < 2) return { chart: null, note: null };
  const grouping = groupOf(columns, rows, date, dates.length);
  if ("note" in grouping) return { chart: null, note: grouping.note };
  const shown = thinned(dates);
  const drawings = numbers.map((index) =>
    drawingOf({ rows, date, index, name: columns[index]?.name ?? "", shown, ...grouping }),
  );
  const figures = toFigures(drawings);
  return {
    chart: { dataVersion: "", date: shown.map((day) => day.slice(0, 10)), candles: null, marks: [], figures },
    note: shown.length < dates.length ? `The chart has ${shown.length} of ${dates.length} dates, evenly taken.` : null,
  };
}

type Grouping = { group: number | null; values: string[] };

/** The text column that tells rows of one date apart. */
function groupOf(
  columns: readonly ResultColumn[],
  rows: readonly ResultRow[],
  date: number,
  dates: number,
): Grouping | { note: string } {
  if (rows.length <= dates) return { group: null, values: [] };
  const isKey = (index: number) => new Set(rows.map((row) => `${row[date]}\n${row[index]}`)).size === rows.length;
  const group = columns.findIndex((column, index) => isText(column) && isKey(index));
  if (group === -1) return { note: "It is not drawn, as a date has several rows that no text column tells apart." };
  const values = [...new Set(rows.map((row) => row[group] ?? "null"))].sort();
  if (values.length <= mostLines) return { group, values };
  const name = columns[group]?.name ?? "";
  return { note: `It is not drawn, as ${name} has ${values.length} values; ${mostLines} can be told apart.` };
}

/** At the most `mostDates` of them, evenly taken, the first and the last among them. */
function thinned(dates: string[]): string[] {
  if (dates.length <= mostDates) return dates;
  const step = (dates.length - 1) / (mostDates - 1);
  return Array.from({ length: mostDates }, (_, index) => dates[Math.round(index * step)] ?? "");
}

type Drawn = { rows: readonly ResultRow[]; date: number; index: number; name: string; shown: string[] } & Grouping;

function drawingOf({ rows, date, index, name, shown, group, values }: Drawn): Drawing {
  const place = new Map(shown.map((day, at) => [day, at]));
  const labels = group === null ? [name] : values;
  const lines = new Map(labels.map((label) => [label, new Array<number | null>(shown.length).fill(null)]));
  for (const row of rows) {
    const at = place.get(row[date] ?? "");
    const line = lines.get(group === null ? name : (row[group] ?? "null"));
    const number = row[index] === null || row[index] === undefined ? Number.NaN : Number(row[index]);
    if (at !== undefined && line && Number.isFinite(number)) line[at] = number;
  }
  const sizes = [...lines.values()].flat().map((value) => Math.abs(value ?? 0));
  return {
    name,
    lines: [...lines].map(([label, drawn]) => ({ label, values: drawn })),
    isGrouped: group !== null,
    highest: sizes.reduce((most, size) => Math.max(most, size), 0),
  };
}

const alike = (one: Drawing, other: Drawing) =>
  Math.max(one.highest, other.highest) <= widestRatio * Math.min(one.highest, other.highest);

/** Columns of like size together; a column that has a line for each group has a figure of its own. */
function toFigures(drawings: Drawing[]): Figure[] {
  const figures: Drawing[][] = [];
  for (const drawing of drawings) {
    const fitting = figures.find(
      ([first, ...others]) => first && !drawing.isGrouped && others.length + 1 < mostLines && alike(drawing, first),
    );
    if (fitting) fitting.push(drawing);
    else if (figures.length < mostFigures) figures.push([drawing]);
  }
  return figures.map((together, index) => ({
    id: `result${index}`,
    title: titleOf(together),
    // Written as prices are: as many digits as it needs, and short where it is large.
    unit: "dollars",
    lines: together
      .flatMap(({ lines }) => lines)
      .map(({ label, values }, at) => ({ label, values, tone: tones[at % tones.length] ?? "accent" })),
  }));
}

const titleOf = (together: readonly Drawing[]) => {
  const names = together.map(({ name }) => name);
  return names.length > 3 ? `${names.slice(0, 3).join(", ")} …` : names.join(", ");
};
