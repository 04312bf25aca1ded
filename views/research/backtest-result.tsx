import { State } from "../components.tsx";
import { formatCount, formatDate } from "../format.ts";
import { tickerHref } from "../ticker-href.ts";
import { Charts } from "./backtest-charts.tsx";
import { shortVersion } from "./backtest-format.ts";
import { Headline, MetricTable, Months } from "./backtest-metrics.tsx";
import { Trades } from "./backtest-trades.tsx";
import { Universe } from "./backtest-universe.tsx";
import type { Badge, ResultView } from "./backtest-view.ts";

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
    <a class="button" href={view.tearSheetUrl}>
      Tear sheet
    </a>
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
            · <a href={tickerHref(view.ticker)}>{view.ticker}</a>
          </>
        )}
      </p>
      <Actions view={view} />
    </header>
    <Headline view={view} />
    <Honesty view={view} />
    <Charts chart={view.chart} source={view.chartUrl} label="Charts of the run" url={view.url} isLog={view.isLog} />
    {view.years.length > 0 && <Months view={view} />}
    {view.universe && <Universe view={view.universe} />}
    <MetricTable view={view} />
    <Trades view={view} />
  </section>
);
