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

type Line = { label: string; values: (number | null)[]; highest: number };

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
  const lines = numbers.map((index) =>
    linesOf({ rows, date, index, name: columns[index]?.name ?? "", shown, ...grouping }),
  );
  const figures = toFigures(lines);
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

function linesOf({ rows, date, index, name, shown, group, values }: Drawn): Line[] {
  const place = new Map(shown.map((day, at) => [day, at]));
  const labels = group === null ? [name] : values;
  const lines = new Map(labels.map((label) => [label, new Array<number | null>(shown.length).fill(null)]));
  for (const row of rows) {
    const at = place.get(row[date] ?? "");
    const line = lines.get(group === null ? name : (row[group] ?? "null"));
    const number = row[index] === null || row[index] === undefined ? Number.NaN : Number(row[index]);
    if (at !== undefined && line && Number.isFinite(number)) line[at] = number;
  }
  return [...lines].map(([label, drawn]) => ({
    label: group === null ? label : `${name}, ${label}`,
    values: drawn,
    highest: drawn.reduce<number>((most, value) => Math.max(most, Math.abs(value ?? 0)), 0),
  }));
}

const alike = (line: Line, other: Line) =>
  Math.max(line.highest, other.highest) <= widestRatio * Math.min(line.highest, other.highest);

/** Lines of like size together; the groups of one column stay together whatever their size. */
function toFigures(columns: Line[][]): Figure[] {
  const figures: Line[][] = [];
  for (const lines of columns) {
    const [first] = lines;
    const isGrouped = lines.length > 1;
    const fitting = figures.find(
      (other) => !isGrouped && first && other[0] && other.length < mostLines && alike(first, other[0]),
    );
    if (fitting) fitting.push(...lines);
    else if (figures.length < mostFigures) figures.push(lines);
  }
  return figures.map((lines, index) => ({
    id: `result${index}`,
    title: lines.length === 1 ? (lines[0]?.label ?? "") : titleOf(lines),
    unit: "value",
    lines: lines.map(({ label, values }, at) => ({ label, values, tone: tones[at % tones.length] ?? "accent" })),
  }));
}

const titleOf = (lines: readonly Line[]) => {
  const names = [...new Set(lines.map(({ label }) => label.split(", ")[0] ?? label))];
  return names.length > 3 ? `${names.slice(0, 3).join(", ")} …` : names.join(", ");
};
