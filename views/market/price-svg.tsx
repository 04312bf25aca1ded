import { formatDate, formatPrice } from "../format.ts";

export type PricePoint = { date: string; close: number };

const width = 1000;
const height = 400;

/** At the most `most` points, evenly taken, the last always among them. */
function thin(points: PricePoint[], most: number): PricePoint[] {
  if (points.length <= most) return points;
  const step = (points.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => points[Math.round(index * step)]).filter(
    (point) => point !== undefined,
  );
}

/**
 * A plain line of closes, drawn on the server: what a chart is before its script runs, or without it. The drawing is
 * stretched to the page; its labels stand beside it, so that they are not.
 */
export const PriceSvg = ({ points, label }: { points: PricePoint[]; label: string }) => {
  const shown = thin(points, 600);
  const closes = shown.map((point) => point.close);
  const [first, last] = [shown[0], shown.at(-1)];
  const low = Math.min(...closes);
  const span = Math.max(...closes) - low || 1;
  const path = closes.map((close, index) => {
    const x = (index / Math.max(1, closes.length - 1)) * width;
    return `${index ? "L" : "M"}${x.toFixed(1)} ${(height - ((close - low) / span) * height).toFixed(1)}`;
  });
  const shares = [1, 0.75, 0.5, 0.25, 0];
  return (
    <div class="price-plot">
      <svg
        class="price-svg"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        {shares.map((share) => (
          <line class="grid" x1={0} x2={width} y1={share * height} y2={share * height} />
        ))}
        <path class="line" d={path.join("")} />
      </svg>
      <ol class="levels" aria-hidden="true">
        {shares.map((share) => (
          <li>{formatPrice(low + share * span)}</li>
        ))}
      </ol>
      <p class="dates-shown" aria-hidden="true">
        <span>{first && formatDate(first.date)}</span>
        <span>{last && formatDate(last.date)}</span>
      </p>
    </div>
  );
};
