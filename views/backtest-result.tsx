import type { Figure } from "./backtest-data.ts";
import { formatLevel } from "./backtest-format.ts";
import { Headline, MetricTable, Months } from "./backtest-metrics.tsx";
import { FigureSvg } from "./backtest-svg.tsx";
import { Trades } from "./backtest-trades.tsx";
import { Universe } from "./backtest-universe.tsx";
import type { Badge, ResultView } from "./backtest-view.ts";
import { State } from "./components.tsx";
import { formatCount, formatDate, none } from "./format.ts";

const lastOf = (figure: Figure, index: number): string => {
  const value = figure.lines[index]?.values.at(-1);
  return value === null || value === undefined ? none : formatLevel(figure.unit, value);
};

const Pane = ({ figure, view }: { figure: Figure; view: ResultView }) => (
  <figure class={`run-figure is-${figure.id === "price" || figure.id === "equity" ? "tall" : "low"}`}>
    <figcaption>
      <h3>{figure.title}</h3>
      <ul class="legend figure-legend">
        {figure.id === "price" && view.chart.candles && (
          <li>
            <span class="mark-key buy" aria-hidden="true" /> Bought
            <span class="mark-key sell" aria-hidden="true" /> Sold
            <output data-figure="price" data-line="candle" />
          </li>
        )}
        {figure.lines.map(({ label, tone }, index) => (
          <li>
            <span class={`stroke ${tone} ${index > 0 ? "dashed" : ""}`} aria-hidden="true" />
            {label}{" "}
            <output data-figure={figure.id} data-line={index}>
              {lastOf(figure, index)}
            </output>
          </li>
        ))}
      </ul>
    </figcaption>
    {/* The drawing below is what shows without scripts; the chart takes its place. */}
    <div class="run-plot" data-plot={figure.id}>
      <FigureSvg figure={figure} chart={view.chart} />
    </div>
  </figure>
);

const Charts = ({ view }: { view: ResultView }) => (
  <section
    class="chart-card run-charts"
    id="run-charts"
    aria-label="Charts of the run"
    data-source={view.chartUrl}
    data-version={view.dataVersion}
  >
    <p class="run-date">
      <b id="run-date">{formatDate(view.chart.date.at(-1) ?? "")}</b>
      <span class="note" id="run-keys" hidden>
        One cursor for all panes. Drag to zoom, double click to reset; arrow keys move the cursor.
      </span>
      <span class="note" id="run-stale" role="status" hidden>
        The data changed while this page was open: run again to see charts that belong to it.
      </span>
    </p>
    {view.chart.figures.map((figure) => (
      <Pane figure={figure} view={view} />
    ))}
  </section>
);

const BadgeItem = ({ badge }: { badge: Badge }) => (
  <li>
    <details open={!badge.passed}>
      <summary>
        <State state={badge.passed ? "pass" : "fail"} label={badge.label} />
      </summary>
      <p class="hint">{badge.detail}</p>
    </details>
  </li>
);

/** A version as a person can compare it by eye; the whole of it is in the title. */
const shortVersion = (version: string): string => {
  let hash = 0;
  for (const character of version) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash.toString(16).padStart(8, "0");
};

const Honesty = ({ view }: { view: ResultView }) => (
  <div class="run-honesty">
    <ul class="run-badges">
      {view.badges.map((badge) => (
        <BadgeItem badge={badge} />
      ))}
      <li class="note" title={view.dataVersion}>
        Data to {formatDate(view.chart.date.at(-1) ?? "")}, version <code>{shortVersion(view.dataVersion)}</code>
      </li>
    </ul>
    {view.notes.length > 0 && (
      <ul class="run-notes">
        {view.notes.map((note) => (
          <li>{note}</li>
        ))}
      </ul>
    )}
  </div>
);

const Save = ({ view }: { view: ResultView }) => (
  <details class="confirm" id="run-save">
    <summary class="button">Save as scenario</summary>
    <form method="post" action="/scenarios">
      {[...new URLSearchParams(view.url.split("?")[1])].map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <div class="field">
        <label for="scenario-name">Name</label>
        <input
          id="scenario-name"
          name="name"
          value={view.scenarioName ?? ""}
          required
          maxlength={100}
          autocomplete="off"
        />
      </div>
      <button type="submit" class="button primary">
        Save
      </button>
    </form>
  </details>
);

const Actions = ({ view }: { view: ResultView }) => (
  <div class="run-actions">
    {view.scenarioName !== null && <Save view={view} />}
    {view.sweepUrl !== null && (
      <a class="button" href={view.sweepUrl}>
        Sweep its parameters
      </a>
    )}
    <details class="confirm" id="run-share">
      <summary class="button">Share</summary>
      <div class="sheet">
        <div class="field">
          <label for="share-link">This address gives exactly this run</label>
          <input id="share-link" value={view.absoluteUrl} readonly />
        </div>
        <button type="button" class="button" data-copy="#share-link" hidden>
          Copy the link
        </button>
      </div>
    </details>
  </div>
);

/** A run: its figures, charts, months and trades. */
export const Result = ({ view }: { view: ResultView }) => (
  <section class="run-result" id="result" tabindex={-1} aria-label={`Result: ${view.title}`}>
    <header class="run-head">
      <h2>{view.title}</h2>
      <p class="note">
        {formatDate(view.from)} to {formatDate(view.to)}, {formatCount(view.sessions, "session")}
        {view.ticker !== null && (
          <>
            {" "}
            · <a href={`/tickers/${encodeURIComponent(view.ticker)}`}>{view.ticker}</a>
          </>
        )}
      </p>
      <Actions view={view} />
    </header>
    <Headline view={view} />
    <Honesty view={view} />
    <Charts view={view} />
    {view.years.length > 0 && <Months view={view} />}
    {view.universe && <Universe view={view.universe} />}
    <MetricTable view={view} />
    <Trades view={view} />
  </section>
);
