import { formatDate, formatPrice } from "./format.ts";

export type PricePoint = { date: string; close: number };

const width = 1200;
const height = 360;
const margin = { top: 12, right: 64, bottom: 24, left: 8 };

/** At the most `most` points, evenly taken, the last always among them. */
function thin(points: PricePoint[], most: number): PricePoint[] {
  if (points.length <= most) return points;
  const step = (points.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => points[Math.round(index * step)]).filter(
    (point) => point !== undefined,
  );
}

/** A plain line of closes, drawn on the server: what a chart is before its script runs, or without it. */
export const PriceSvg = ({ points, label }: { points: PricePoint[]; label: string }) => {
  const shown = thin(points, 600);
  const closes = shown.map((point) => point.close);
  const low = Math.min(...closes);
  const span = Math.max(...closes) - low || 1;
  const x = (index: number) =>
    margin.left + (index / Math.max(1, shown.length - 1)) * (width - margin.left - margin.right);
  const y = (value: number) => height - margin.bottom - ((value - low) / span) * (height - margin.top - margin.bottom);
  const path = closes.map((close, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(close).toFixed(1)}`);
  const levels = [0, 0.25, 0.5, 0.75, 1].map((share) => low + share * span);
  return (
    <svg class="price-svg" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      {levels.map((level) => (
        <>
          <line class="grid" x1={margin.left} x2={width - margin.right} y1={y(level)} y2={y(level)} />
          <text x={width - margin.right + 8} y={y(level) + 4}>
            {formatPrice(level)}
          </text>
        </>
      ))}
      <path class="line" d={path.join("")} />
      <text x={margin.left} y={height - 4}>
        {shown[0] && formatDate(shown[0].date)}
      </text>
      <text x={width - margin.right} y={height - 4} text-anchor="end">
        {formatDate(shown.at(-1)?.date ?? shown[0]?.date ?? "1970-01-01")}
      </text>
    </svg>
  );
};
