import { formatDate, formatPercent, formatShort } from "../format.ts";
import type { BreadthData, BreadthFigure } from "./breadth-data.ts";

const width = 1000;
const height = 200;
const mostPoints = 400;

/** Positions of at the most `mostPoints` sessions, evenly taken, the last among them. */
function sample(count: number): number[] {
  const shown = Math.min(count, mostPoints);
  return Array.from({ length: shown }, (_, index) => Math.round((index * (count - 1)) / Math.max(1, shown - 1)));
}

/** A line through the values, with a gap where there is none. */
function pathOf(values: (number | null)[], top: number): string {
  let isDown = false;
  return values
    .map((value, index) => {
      if (value === null) {
        isDown = false;
        return "";
      }
      const x = (index / Math.max(1, values.length - 1)) * width;
      const command = isDown ? "L" : "M";
      isDown = true;
      return `${command}${x.toFixed(1)} ${(height - (value / top) * height).toFixed(1)}`;
    })
    .join("");
}

/** The level of the uppermost grid line: a share's is one, of counts the largest. */
const topOf = (figure: BreadthFigure, data: BreadthData) =>
  figure.unit === "share"
    ? 1
    : Math.max(1, ...figure.series.flatMap(({ key }) => data[key].map((value) => value ?? 0)));

/** A figure as the server draws it: what there is before the script runs, or without it. */
export const BreadthSvg = ({ figure, data }: { figure: BreadthFigure; data: BreadthData }) => {
  const at = sample(data.date.length);
  const top = topOf(figure, data);
  const [first, last] = [data.date[0], data.date.at(-1)];
  const levels = [1, 0.5, 0];
  return (
    <div class="price-plot breadth-svg">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${figure.title}, ${figure.series.map(({ label }) => label).join(" and ")}; the table below has the numbers`}
      >
        {levels.map((level) => (
          <line class="grid" x1={0} x2={width} y1={level * height} y2={level * height} />
        ))}
        {figure.series.map(({ key, tone }) => (
          <path
            class={`line ${tone}`}
            d={pathOf(
              at.map((index) => data[key][index] ?? null),
              top,
            )}
          />
        ))}
      </svg>
      <ol class="levels" aria-hidden="true">
        {levels.map((level) => (
          <li>{figure.unit === "share" ? formatPercent(level).replace(".00", "") : formatShort(level * top)}</li>
        ))}
      </ol>
      <p class="dates-shown" aria-hidden="true">
        <span>{first && formatDate(first)}</span>
        <span>{last && formatDate(last)}</span>
      </p>
    </div>
  );
};
