import { formatDate, none } from "../format.ts";
import { LineKey } from "../line-key.tsx";
import type { BacktestChart, Figure } from "./backtest-data.ts";
import { dashesOf, formatLevel } from "./backtest-format.ts";
import { FigureSvg } from "./backtest-svg.tsx";

const lastOf = (figure: Figure, index: number): string => {
  const value = figure.lines[index]?.values.at(-1);
  return value === null || value === undefined ? none : formatLevel(figure.unit, value);
};

const Pane = ({ figure, chart, isLog }: { figure: Figure; chart: BacktestChart; isLog: boolean }) => (
  <figure class={`run-figure is-${figure.id === "price" || figure.id === "equity" ? "tall" : "low"}`}>
    <figcaption>
      <h3>{figure.title}</h3>
      <ul class="legend figure-legend">
        {figure.id === "price" && chart.candles && (
          <li>
            <span class="mark-key buy" aria-hidden="true" /> Bought
            <span class="mark-key sell" aria-hidden="true" /> Sold
            <output data-figure="price" data-line="candle" />
          </li>
        )}
        {figure.lines.map(({ label, tone }, index) => (
          <li>
            <LineKey tone={tone} dash={dashesOf(index)} />
            <span class="break">{label}</span>{" "}
            <output data-figure={figure.id} data-line={index}>
              {lastOf(figure, index)}
            </output>
          </li>
        ))}
      </ul>
    </figcaption>
    {/* The drawing below is what shows without scripts; the chart takes its place. */}
    <div class="run-plot" data-plot={figure.id}>
      <FigureSvg figure={figure} chart={chart} isLog={isLog} />
    </div>
  </figure>
);

type ChartsProps = {
  /** What is drawn by the server; `source` is where a script gets every session of it. */
  chart: BacktestChart;
  source: string;
  label: string;
  /** The address of the page with linear scales, for links to the other kind; left out where there is no choice. */
  url?: string;
  isLog?: boolean;
};

/** The page's address with scales of the other kind. */
const scaleUrl = (url: string, isLog: boolean) => (isLog ? `${url}${url.includes("?") ? "&" : "?"}scale=log` : url);

const ScaleChoice = ({ url, isLog }: { url: string; isLog: boolean }) => (
  <nav class="filter run-scale" aria-label="Scale">
    {[false, true].map((one) => (
      <a
        href={`${scaleUrl(url, one)}#run-charts`}
        data-run-scale={one ? "log" : "linear"}
        aria-current={one === isLog ? "true" : undefined}
      >
        {one ? "Log" : "Linear"}
      </a>
    ))}
  </nav>
);

/** Panes with one cursor and one zoom: the values of a session stand in their legends, its date above them. */
export const Charts = ({ chart, source, label, url, isLog = false }: ChartsProps) => (
  <section
    class="chart-card run-charts"
    id="run-charts"
    aria-label={label}
    data-source={source}
    data-version={chart.dataVersion}
    data-scale={isLog ? "log" : "linear"}
    tabindex={-1}
  >
    <div class="run-date">
      <b id="run-date">{formatDate(chart.date.at(-1) ?? "")}</b>
      <span class="note" id="run-keys" hidden>
        {chart.figures.length > 1 && "One cursor for all panes. "}Drag to zoom, double click to reset; arrow keys move
        the cursor.
      </span>
      <span class="note" id="run-stale" role="status" hidden>
        The data changed while this page was open: load it anew to see charts that belong to it.
      </span>
      {url !== undefined && <ScaleChoice url={url} isLog={isLog} />}
    </div>
    {chart.figures.map((figure) => (
      <Pane figure={figure} chart={chart} isLog={isLog} />
    ))}
  </section>
);
