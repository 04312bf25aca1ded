import { formatDate } from "../format.ts";
import { marksOf, type Scale, scaleOf, shareOf } from "../market/chart/scale.ts";
import { type BacktestChart, type Figure, type FigureLine, mayBeLog } from "./backtest-data.ts";
import { dashesOf, levelTexts } from "./backtest-format.ts";

const width = 1000;
const height = 200;

/** What holds all lines; `margin` is room above and below, as a part of their span. */
function scaleOfLines(lines: readonly (readonly (number | null)[])[], isLog: boolean, margin: number): Scale {
  const values = lines.flat().filter((value) => value !== null);
  const [low, high] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0, 1];
  return scaleOf(low, high, isLog, { below: margin, above: margin });
}

const yOf = (scale: Scale, value: number) => height - shareOf(scale, value) * height;

/** A line through the values, with a gap where there is none; whole units, of which there are more than pixels. */
function pathOf(values: readonly (number | null)[], scale: Scale): string {
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
      return `${command}${Math.round(x)} ${yOf(scale, value).toFixed(1)}`;
    })
    .join("");
}

/** Short strokes at the price: below it where bought, above it where sold. */
function fillsOf(chart: BacktestChart, scale: Scale, side: "buy" | "sell"): string {
  return chart.marks
    .filter((mark) => mark.side === side)
    .map(({ session, price }) => {
      const x = (session / Math.max(1, chart.date.length - 1)) * width;
      return `M${Math.round(x)} ${yOf(scale, price).toFixed(0)}v${side === "buy" ? 14 : -14}`;
    })
    .join("");
}

type FigureSvgProps = { figure: Figure; chart: BacktestChart; isLog?: boolean };

/** A pane as the server draws it: what there is before the script runs, or without it. */
export const FigureSvg = ({ figure, chart, isLog = false }: FigureSvgProps) => {
  const isPrice = figure.id === "price" && chart.candles !== null;
  const close: FigureLine[] = isPrice ? [{ label: "Close", tone: "accent", values: chart.candles?.close ?? [] }] : [];
  const lines = [...close, ...figure.lines];
  // The marks stand below the lowest price and above the highest.
  const scale = scaleOfLines(
    lines.map(({ values }) => values),
    isLog && mayBeLog(figure),
    isPrice ? 0.05 : 0.02,
  );
  const [first, last] = [chart.date[0] ?? "", chart.date.at(-1) ?? ""];
  const marks = marksOf(scale, 4);
  const texts = levelTexts(figure.unit, marks);
  return (
    <div class="price-plot run-svg">
      <svg
        class="run-lines"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${figure.title}: ${lines.map(({ label }) => label).join(", ")}, from ${formatDate(first)} to ${formatDate(last)}`}
      >
        {marks.map((mark) => (
          <line class="grid" x1={0} x2={width} y1={yOf(scale, mark)} y2={yOf(scale, mark)} />
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
            <path class="mark-buy" d={fillsOf(chart, scale, "buy")} />
            <path class="mark-sell" d={fillsOf(chart, scale, "sell")} />
          </>
        )}
      </svg>
      <svg class="run-levels" aria-hidden="true">
        {marks.map((mark, index) => (
          <text x="2" y={`${((yOf(scale, mark) / height) * 100).toFixed(2)}%`} dy="0.35em">
            {texts[index]}
          </text>
        ))}
      </svg>
      <p class="dates-shown" aria-hidden="true">
        <span>{formatDate(first)}</span>
        <span>{formatDate(last)}</span>
      </p>
    </div>
  );
};
