import { toneOf } from "../market/tickers.tsx";
import { formatMetric, isSignedMetric } from "./backtest-format.ts";
import { FigureSvg } from "./backtest-svg.tsx";
import type { Curve, FoundView, MetricInfo, SweepSummary } from "./sweep-view.ts";

/** Those of every row of the table of points. */
export const listed = ["totalReturn", "sharpe", "maxDrawdown", "trades"];

/** What was searched: a strategy of the universe needs no ticker named. */
export const titleOf = ({ ticker, strategy }: Pick<SweepSummary, "ticker" | "strategy">) =>
  ticker === null ? strategy : `${ticker} · ${strategy}`;

type Figures = Record<string, number | null>;

/** A figure among others; null where there are none, or it is not defined. */
export const figureOf = (metric: MetricInfo, figures: Figures | null) => figures?.[metric.name] ?? null;

/** A figure in a table, its sign in words and colour. */
export const Cell = ({ metric, figures }: { metric: MetricInfo; figures: Figures | null }) => {
  const value = figureOf(metric, figures);
  return (
    <td class={`number ${isSignedMetric(metric.name) ? toneOf(value) : ""}`}>
      {formatMetric(metric.name, metric.unit, value)}
    </td>
  );
};

/** The score, then the metrics named. */
export const pick = ({ metrics, score }: FoundView, names: string[]): MetricInfo[] => [
  score,
  ...names
    .filter((name) => name !== score.name)
    .flatMap((name) => metrics.find((metric) => metric.name === name) ?? []),
];

/** A curve as the server draws it, with what each line is. */
export const CurveFigure = ({ id, curve }: { id: string; curve: Curve }) => {
  const figure = { id, title: curve.title, unit: "dollars" as const, lines: curve.lines };
  return (
    <figure class="sweep-curve">
      <FigureSvg
        figure={figure}
        chart={{ dataVersion: "", date: curve.dates, candles: null, marks: [], figures: [] }}
      />
      <figcaption class="sweep-keys">
        {curve.lines.map(({ label, tone }, index) => (
          <span>
            <i class={`stroke ${tone} ${index > 0 ? "dashed" : ""}`} aria-hidden="true" /> {label}
          </span>
        ))}
      </figcaption>
    </figure>
  );
};
