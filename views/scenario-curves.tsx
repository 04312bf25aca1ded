import { formatDate } from "./format.ts";
import type { CurvesView } from "./scenario-types.ts";

const width = 1000;
const height = 260;
const mostPoints = 500;

const factors = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
/** 1.5 as "1.50×": what one dollar became. */
export const formatFactor = (value: number) => `${factors.format(value).replace("-", "−")}×`;

/** Positions of at the most `mostPoints` sessions, evenly taken, the first and the last among them. */
function sample(count: number): number[] {
  const shown = Math.min(count, mostPoints);
  return Array.from({ length: shown }, (_, index) => Math.round((index * (count - 1)) / Math.max(1, shown - 1)));
}

function pathOf(values: (number | null)[], low: number, span: number): string {
  let isDown = false;
  return values
    .map((value, index) => {
      if (value === null) {
        isDown = false;
        return "";
      }
      const command = isDown ? "L" : "M";
      isDown = true;
      const x = (index / Math.max(1, values.length - 1)) * width;
      return `${command}${x.toFixed(1)} ${(height - ((value - low) / span) * height).toFixed(1)}`;
    })
    .join("");
}

const lastOf = (values: (number | null)[]) => values.findLast((value) => value !== null) ?? null;

/** What each run's first dollar became, over the same dates. Lines differ by colour and by dashes; the legend names them. */
export const Curves = ({ curves, label }: { curves: CurvesView; label: string }) => {
  const at = sample(curves.dates.length);
  const known = curves.lines.flatMap(({ values }) => values.filter((value) => value !== null));
  const low = known.reduce((lowest, value) => Math.min(lowest, value), 1);
  const high = known.reduce((highest, value) => Math.max(highest, value), 1);
  const span = high - low || 1;
  const [first, last] = [curves.dates[0], curves.dates.at(-1)];
  const levels = [high, low + span / 2, low];
  return (
    <figure class="chart-card curves" aria-label={label}>
      <figcaption>
        <ul class="legend figure-legend">
          {curves.lines.map(({ name, values }, index) => {
            const end = lastOf(values);
            return (
              <li>
                <svg class="curve-key" viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">
                  <path class={`curve curve-${index + 1}`} d="M0 4H28" />
                </svg>
                <span class="break">{name}</span> <b>{end === null ? "no sessions" : formatFactor(end)}</b>
              </li>
            );
          })}
        </ul>
      </figcaption>
      <div class="price-plot curves-plot">
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label}>
          {levels.map((level) => {
            const y = height - ((level - low) / span) * height;
            return <line class="grid" x1={0} x2={width} y1={y} y2={y} />;
          })}
          <line
            class="grid start"
            x1={0}
            x2={width}
            y1={height - ((1 - low) / span) * height}
            y2={height - ((1 - low) / span) * height}
          />
          {curves.lines.map(({ values }, index) => (
            <path
              class={`curve curve-${index + 1}`}
              d={pathOf(
                at.map((position) => values[position] ?? null),
                low,
                span,
              )}
            />
          ))}
        </svg>
        <ol class="levels" aria-hidden="true">
          {levels.map((level) => (
            <li>{formatFactor(level)}</li>
          ))}
        </ol>
        <p class="dates-shown" aria-hidden="true">
          <span>{first && formatDate(first)}</span>
          <span>{last && formatDate(last)}</span>
        </p>
      </div>
    </figure>
  );
};
