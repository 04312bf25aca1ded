import { formatDate } from "../format.ts";
import { linearTicks } from "../ticks.ts";
import { type BreadthData, type BreadthFigure, breadthRange, breadthTexts } from "./breadth-data.ts";

const width = 1000;
const height = 200;
const mostPoints = 400;

/** Positions of at the most `mostPoints` sessions, evenly taken, the last among them. */
function sample(count: number): number[] {
  const shown = Math.min(count, mostPoints);
  return Array.from({ length: shown }, (_, index) => Math.round((index * (count - 1)) / Math.max(1, shown - 1)));
}

type Range = { min: number; max: number };

const yOf = ({ min, max }: Range, value: number) => (1 - (value - min) / (max - min)) * height;
const xOf = (index: number, count: number) => (index / Math.max(1, count - 1)) * width;

/** A line through the values, with a gap where there is none. */
function pathOf(values: readonly (number | null)[], range: Range): string {
  let isDown = false;
  return values
    .map((value, index) => {
      if (value === null) {
        isDown = false;
        return "";
      }
      const command = isDown ? "L" : "M";
      isDown = true;
      return `${command}${xOf(index, values.length).toFixed(1)} ${yOf(range, value).toFixed(1)}`;
    })
    .join("");
}

/** Strokes from nought to the values above it, or below. */
function barsPath(values: readonly (number | null)[], range: Range, isUp: boolean): string {
  const base = yOf(range, 0).toFixed(1);
  return values
    .map((value, index) =>
      value === null || value === 0 || value > 0 !== isUp
        ? ""
        : `M${xOf(index, values.length).toFixed(1)} ${base}V${yOf(range, value).toFixed(1)}`,
    )
    .join("");
}

/** A figure as the server draws it: what there is before the script runs, or without it. */
export const BreadthSvg = ({ figure, data }: { figure: BreadthFigure; data: BreadthData }) => {
  const at = sample(data.date.length);
  const lines = figure.series.map(({ key, tone }) => ({ tone, values: at.map((index) => data[key][index] ?? null) }));
  const known = lines.flatMap(({ values }) => values.filter((value) => value !== null));
  const range = breadthRange(figure, Math.min(0, ...known), Math.max(0, ...known));
  const marks = linearTicks(range.min, range.max, 4);
  const texts = breadthTexts(figure, marks);
  const [first, last] = [data.date[0], data.date.at(-1)];
  const share = (mark: number) => `${((yOf(range, mark) / height) * 100).toFixed(2)}%`;
  return (
    <div class="price-plot breadth-svg">
      <svg
        class="breadth-lines"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${figure.title}, ${figure.series.map(({ label }) => label).join(" and ")}; the table below has the numbers`}
      >
        {marks.map((mark) => (
          <line class="grid" x1={0} x2={width} y1={yOf(range, mark)} y2={yOf(range, mark)} />
        ))}
        {lines.map(({ tone, values }) =>
          figure.shape === "bars" ? (
            <>
              <path class="line up whole" d={barsPath(values, range, true)} />
              <path class="line down whole" d={barsPath(values, range, false)} />
            </>
          ) : (
            <path class={`line ${tone}`} d={pathOf(values, range)} />
          ),
        )}
      </svg>
      <svg class="breadth-levels" aria-hidden="true">
        {marks.map((mark, index) => (
          <text x="2" y={share(mark)} dy="0.35em">
            {texts[index]}
          </text>
        ))}
      </svg>
      <p class="dates-shown" aria-hidden="true">
        <span>{first && formatDate(first)}</span>
        <span>{last && formatDate(last)}</span>
      </p>
    </div>
  );
};
