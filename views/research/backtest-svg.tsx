import { formatDate } from "../format.ts";
import type { BacktestChart, Figure, FigureLine } from "./backtest-data.ts";
import { dashesOf, formatLevel } from "./backtest-format.ts";

const width = 1000;
const height = 200;

type Scale = { low: number; span: number };

/** What holds all lines; `margin` is room above and below, as a part of their span. */
function scaleOf(lines: readonly (readonly (number | null)[])[], margin: number): Scale {
  const values = lines.flat().filter((value) => value !== null);
  const low = values.length > 0 ? Math.min(...values) : 0;
  const high = values.length > 0 ? Math.max(...values) : 1;
  const room = (high - low || 1) * margin;
  return { low: low - room, span: high - low + 2 * room };
}

/** A line through the values, with a gap where there is none; whole units, of which there are more than pixels. */
function pathOf(values: readonly (number | null)[], { low, span }: Scale): string {
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
      return `${command}${Math.round(x)} ${(height - ((value - low) / span) * height).toFixed(1)}`;
    })
    .join("");
}

/** Short strokes at the price: below it where bought, above it where sold. */
function marksOf(chart: BacktestChart, { low, span }: Scale, side: "buy" | "sell"): string {
  return chart.marks
    .filter((mark) => mark.side === side)
    .map(({ session, price }) => {
      const x = (session / Math.max(1, chart.date.length - 1)) * width;
      const y = height - ((price - low) / span) * height;
      return `M${Math.round(x)} ${y.toFixed(0)}v${side === "buy" ? 14 : -14}`;
    })
    .join("");
}

/** A pane as the server draws it: what there is before the script runs, or without it. */
export const FigureSvg = ({ figure, chart }: { figure: Figure; chart: BacktestChart }) => {
  const isPrice = figure.id === "price" && chart.candles !== null;
  const close: FigureLine[] = isPrice ? [{ label: "Close", tone: "accent", values: chart.candles?.close ?? [] }] : [];
  const lines = [...close, ...figure.lines];
  // The marks stand below the lowest price and above the highest.
  const scale = scaleOf(
    lines.map(({ values }) => values),
    isPrice ? 0.05 : 0,
  );
  const [first, last] = [chart.date[0] ?? "", chart.date.at(-1) ?? ""];
  const shares = [1, 0.5, 0];
  return (
    <div class="price-plot run-svg">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${figure.title}: ${lines.map(({ label }) => label).join(", ")}, from ${formatDate(first)} to ${formatDate(last)}`}
      >
        {shares.map((share) => (
          <line class="grid" x1={0} x2={width} y1={share * height} y2={share * height} />
        ))}
        {close.map(({ tone, values }) => (
          <path class={`line ${tone}`} d={pathOf(values, scale)} />
        ))}
        {figure.lines.map(({ tone, values }, index) => (
          <path
            class={`line ${tone}`}
            d={pathOf(values, scale)}
            stroke-dasharray={dashesOf(index).join(" ") || undefined}
          />
        ))}
        {isPrice && (
          <>
            <path class="mark-buy" d={marksOf(chart, scale, "buy")} />
            <path class="mark-sell" d={marksOf(chart, scale, "sell")} />
          </>
        )}
      </svg>
      <ol class="levels" aria-hidden="true">
        {shares.map((share) => (
          <li>{formatLevel(figure.unit, scale.low + share * scale.span)}</li>
        ))}
      </ol>
      <p class="dates-shown" aria-hidden="true">
        <span>{formatDate(first)}</span>
        <span>{formatDate(last)}</span>
      </p>
    </div>
  );
};
