import type { Child } from "hono/jsx";
import { formatDate, formatPercent } from "../format.ts";
import { formatLevel } from "./backtest-format.ts";
import { dateTicks, plot, roundTicks, type Scale, scaleOf, xOf } from "./tear-sheet-scale.ts";
import type { DistributionRow, HistogramView, LineChart, SheetLine, TearSheetView } from "./tear-sheet-view.ts";

const total = plot.top + plot.height + plot.bottom;
const floor = plot.top + plot.height;

type FrameProps = {
  id: string;
  title: string;
  description: string;
  keys: { label: string; tone: string }[];
  children: Child;
};

/** A drawing with its name and what it shows; lines are told apart by strokes, not by colour alone. */
const Frame = ({ id, title, description, keys, children }: FrameProps) => (
  <figure class="sheet-figure">
    <figcaption>
      <h3>{title}</h3>
      {keys.map(({ label, tone }) => (
        <span class="sheet-key">
          <svg class="sheet-stroke" viewBox="0 0 24 8" width="24" height="8" aria-hidden="true">
            <path class={`sheet-line ${tone}`} d="M0 4H24" />
          </svg>
          <span class="break">{label}</span>
        </span>
      ))}
    </figcaption>
    <svg
      class="sheet-chart"
      viewBox={`0 0 ${plot.width} ${total}`}
      role="img"
      aria-labelledby={`${id}-name`}
      aria-describedby={`${id}-shown`}
    >
      <title id={`${id}-name`}>{title}</title>
      <desc id={`${id}-shown`}>{description}</desc>
      {children}
    </svg>
  </figure>
);

type LevelsProps = { scale: Scale; tell: (value: number) => string; children: Child };

/** Levels behind what is drawn, and their values before it, each above its line. */
const Levels = ({ scale, tell, children }: LevelsProps) => (
  <>
    {scale.ticks.map((tick) => (
      <path class="sheet-level" d={`M0 ${scale.yOf(tick).toFixed(1)}H${plot.width}`} />
    ))}
    {children}
    {scale.ticks.map((tick) => (
      <text class="sheet-value" x="0" y={(scale.yOf(tick) - 3).toFixed(1)}>
        {tell(tick)}
      </text>
    ))}
  </>
);

const Dates = ({ dates }: { dates: readonly string[] }) => {
  const ticks = dateTicks(dates);
  if (ticks.length < 2) {
    return (
      <>
        <text x="0" y={total - 5}>
          {formatDate(dates[0] ?? "")}
        </text>
        <text x={plot.width} y={total - 5} text-anchor="end">
          {formatDate(dates.at(-1) ?? "")}
        </text>
      </>
    );
  }
  return (
    <>
      {ticks.map(({ place, label }) => {
        const x = xOf(place, dates.length);
        const anchor = x > plot.width - 20 ? "end" : x < 20 ? "start" : "middle";
        return (
          <>
            <path class="sheet-level" d={`M${x.toFixed(1)} ${floor}v4`} />
            <text x={x.toFixed(1)} y={total - 5} text-anchor={anchor}>
              {label}
            </text>
          </>
        );
      })}
    </>
  );
};

/** A path through the values, with a gap where there is none. */
function pathOf(values: SheetLine["values"], { yOf }: Scale): string {
  let isDown = false;
  return values
    .map((value, place) => {
      const y = value === null ? Number.NaN : yOf(value);
      const command = isDown ? "L" : "M";
      isDown = Number.isFinite(y);
      return isDown ? `${command}${xOf(place, values.length).toFixed(1)} ${y.toFixed(1)}` : "";
    })
    .join("");
}

function areaOf(values: SheetLine["values"], scale: Scale, base: number): string {
  const level = values.map((value) => value ?? base);
  return `${pathOf(level, scale)}V${scale.yOf(base).toFixed(1)}H0Z`;
}

const tellOf = ({ unit }: LineChart) => {
  const known = { fraction: "fraction", ratio: "value", growth: "factor" } as const;
  return (value: number) => formatLevel(known[unit], value);
};

/** Lines over the sheet's dates. */
export const LineFigure = ({ chart, dates }: { chart: LineChart; dates: TearSheetView["dates"] }) => {
  const scale = scaleOf(chart);
  const { base } = chart;
  const range = `From ${formatDate(dates[0] ?? "")} to ${formatDate(dates.at(-1) ?? "")}.`;
  return (
    <Frame
      id={chart.id}
      title={chart.title}
      description={`${chart.description} ${range}`}
      keys={chart.lines.length > 1 ? chart.lines : []}
    >
      <Dates dates={dates} />
      <Levels scale={scale} tell={tellOf(chart)}>
        {base !== null && chart.lines.map(({ values }) => <path class="sheet-area" d={areaOf(values, scale, base)} />)}
        {chart.lines.map(({ values, tone }) => (
          <path class={`sheet-line ${tone}`} d={pathOf(values, scale)} />
        ))}
      </Levels>
    </Frame>
  );
};

/** A linear scale for what has no line of its own. */
function linear(values: readonly number[]): Scale {
  const low = values.reduce((least, value) => Math.min(least, value), 0);
  const high = values.reduce((most, value) => Math.max(most, value), 0);
  const span = high - low || 1;
  return { yOf: (value) => plot.top + plot.height * (1 - (value - low) / span), ticks: roundTicks(low, high) };
}

const bar = (x: number, width: number, y: number, base: number) =>
  `M${x.toFixed(1)} ${base.toFixed(1)}V${y.toFixed(1)}h${Math.max(0.5, width).toFixed(1)}V${base.toFixed(1)}Z`;

/** The years' returns, the benchmark's beside each. */
export const YearFigure = ({ view }: { view: TearSheetView }) => {
  const { years, benchmark } = view;
  const scale = linear(years.flatMap(({ run, benchmark: other }) => [run ?? 0, other ?? 0]));
  const slot = plot.width / Math.max(1, years.length);
  const wide = Math.min(40, slot * 0.8) / (benchmark === null ? 1 : 2);
  const from = (index: number) => slot * index + slot / 2 - (benchmark === null ? wide / 2 : wide);
  const every = Math.ceil(years.length / 8);
  const keys = [
    { label: "Strategy", tone: "run" },
    { label: benchmark ?? "", tone: "benchmark" },
  ];
  return (
    <Frame
      id="year-bars"
      title="Returns by year"
      description="A bar for each calendar year. The same years are in a table."
      keys={benchmark === null ? [] : keys}
    >
      <Levels scale={scale} tell={(value) => formatLevel("fraction", value)}>
        {years.map(({ year, run, benchmark: other }, index) => (
          <>
            {run !== null && <path class="sheet-bar run" d={bar(from(index), wide, scale.yOf(run), scale.yOf(0))} />}
            {other !== null && (
              <path class="sheet-bar benchmark" d={bar(from(index) + wide, wide, scale.yOf(other), scale.yOf(0))} />
            )}
            {index % every === 0 && (
              <text x={(slot * (index + 0.5)).toFixed(1)} y={total - 5} text-anchor="middle">
                {year}
              </text>
            )}
          </>
        ))}
      </Levels>
    </Frame>
  );
};

/** Months counted by their return. */
export const HistogramFigure = ({ histogram }: { histogram: HistogramView }) => {
  const { from, width, counts } = histogram;
  const scale = linear(counts.flatMap((one) => one.counts));
  const classes = counts[0]?.counts.length ?? 0;
  const slot = plot.width / Math.max(1, classes);
  const limits = roundTicks(from, from + classes * width);
  return (
    <Frame
      id="month-classes"
      title="Distribution of months"
      description={`Months by their return, in classes of ${formatPercent(width)}. A table tells their quantiles.`}
      keys={counts.length > 1 ? counts : []}
    >
      <Levels scale={scale} tell={String}>
        {counts.map(({ tone, counts: own }, which) =>
          own.map((count, index) => {
            const wide = (slot * 0.84) / counts.length;
            const x = slot * index + slot * 0.08 + wide * which;
            return count > 0 && <path class={`sheet-bar ${tone}`} d={bar(x, wide, scale.yOf(count), floor)} />;
          }),
        )}
      </Levels>
      {limits.map((limit) => {
        const x = ((limit - from) / (classes * width)) * plot.width;
        const anchor = x > plot.width - 20 ? "end" : x < 20 ? "start" : "middle";
        return (
          <text x={x.toFixed(1)} y={total - 5} text-anchor={anchor}>
            {formatLevel("fraction", limit)}
          </text>
        );
      })}
    </Frame>
  );
};

/** A box from the lower to the upper quarter, its median, and strokes to the 5 % and 95 % quantiles, for each length of period. */
export const QuantileFigure = ({ rows }: { rows: readonly DistributionRow[] }) => {
  const scale = linear(rows.flatMap(({ q5, q95 }) => [q5 ?? 0, q95 ?? 0]));
  const slot = plot.width / Math.max(1, rows.length);
  return (
    <Frame
      id="quantiles"
      title="Quantiles of returns"
      description="Boxes from the 25 % to the 75 % quantile with the median, strokes from the 5 % to the 95 % quantile. The same are in a table."
      keys={rows
        .filter(({ of }, index) => rows.findIndex((row) => row.of === of) === index)
        .map((row) => ({ label: row.of, tone: row.tone }))}
    >
      <Levels scale={scale} tell={(value) => formatLevel("fraction", value)}>
        {rows.map(({ q5, q25, median, q75, q95, tone, span }, index) => {
          const x = slot * (index + 0.5);
          const wide = Math.min(36, slot * 0.6);
          const y = (value: number | null) => scale.yOf(value ?? 0);
          const isFirst = rows[index - 1]?.span !== span;
          const isPair = rows[index + 1]?.span === span;
          return (
            <>
              <path
                class={`sheet-line ${tone} whole`}
                d={`M${x.toFixed(1)} ${y(q5).toFixed(1)}V${y(q95).toFixed(1)}`}
              />
              <path class={`sheet-bar ${tone}`} d={bar(x - wide / 2, wide, y(q75), y(q25))} />
              <path
                class="sheet-median"
                d={`M${(x - wide / 2).toFixed(1)} ${y(median).toFixed(1)}h${wide.toFixed(1)}`}
              />
              {isFirst && (
                <text x={(x + (isPair ? slot / 2 : 0)).toFixed(1)} y={total - 5} text-anchor="middle">
                  {span}
                </text>
              )}
            </>
          );
        })}
      </Levels>
    </Frame>
  );
};
