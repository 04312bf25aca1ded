import { html, raw } from "hono/html";
import { Empty, Section } from "../components.tsx";
import { formatCount, formatDate } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { shortVersion } from "./backtest-format.ts";
import { Months } from "./backtest-metrics.tsx";
import { HistogramFigure, LineFigure, QuantileFigure, YearFigure } from "./tear-sheet-charts.tsx";
import { Distributions, Drawdowns, Figures, Headline, Rolling, Years } from "./tear-sheet-tables.tsx";
import type { TearSheetView } from "./tear-sheet-view.ts";

const Range = ({ view }: { view: TearSheetView }) => (
  <p class="note">
    {formatDate(view.from)} to {formatDate(view.to)}, {formatCount(view.sessions, "session")}
    {view.benchmark !== null && `, beside ${view.benchmark} held`}. Data version{" "}
    <code title={view.dataVersion}>{shortVersion(view.dataVersion)}</code>
  </p>
);

const Settings = ({ view }: { view: TearSheetView }) => (
  <dl class="sheet-settings">
    {view.settings.map(({ term, value }) => (
      <div>
        <dt>{term}</dt> <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

const Notes = ({ view }: { view: TearSheetView }) =>
  view.notes.length === 0 ? null : (
    <ul class="run-notes sheet-notes">
      {view.notes.map((note) => (
        <li>{note}</li>
      ))}
    </ul>
  );

const Growth = ({ view }: { view: TearSheetView }) => (
  <Section id="growth-charts" title="Growth and drawdown">
    <div class="sheet-charts">
      {view.growth.map((chart) => (
        <LineFigure chart={chart} dates={view.dates} />
      ))}
      <YearFigure view={view} />
    </div>
    {view.drawdowns.length > 0 && (
      <div class="sheet-beside">
        <div>
          <h3>Worst drawdowns</h3>
          <Drawdowns view={view} />
        </div>
        <div>
          <h3>Years</h3>
          <Years view={view} />
        </div>
      </div>
    )}
  </Section>
);

const RollingFigures = ({ view }: { view: TearSheetView }) => (
  <Section id="rolling" title="Rolling figures" note={`Over ${view.rollingSessions} sessions, half a year`}>
    {view.rolling.length === 0 ? (
      <Empty>
        <p>The run is shorter than half a year, or never moved: there is nothing to roll over.</p>
      </Empty>
    ) : (
      <>
        <div class="sheet-charts">
          {view.rolling.map((chart) => (
            <LineFigure chart={chart} dates={view.dates} />
          ))}
        </div>
        <Rolling view={view} />
      </>
    )}
  </Section>
);

const Distribution = ({ view }: { view: TearSheetView }) => (
  <Section id="distribution" title="Distribution of returns">
    <div class="sheet-charts">
      {view.histogram && <HistogramFigure histogram={view.histogram} />}
      <QuantileFigure rows={view.distributions} />
    </div>
    <Distributions view={view} />
  </Section>
);

const Definitions = ({ view }: { view: TearSheetView }) => (
  <Section
    id="definitions"
    title="Definitions"
    note="R are the returns from close to close, r is the risk-free rate of one session; – stands where a figure is not defined, or not known"
  >
    <dl class="sheet-definitions">
      {view.groups.flatMap(({ rows }) =>
        rows.map(({ name, label, formula, source }) => (
          <div id={`definition-${name}`}>
            <dt>{label}</dt>
            <dd>
              {formula} {source !== "own" && <span class="nowrap">As {source} has it.</span>}
            </dd>
          </div>
        )),
      )}
    </dl>
  </Section>
);

/** What stands on the page and in the file alike. */
const Sheet = ({ view }: { view: TearSheetView }) => (
  <article class="tear-sheet" aria-label={`Tear sheet: ${view.title}`}>
    <Range view={view} />
    <Headline view={view} />
    <Settings view={view} />
    <Notes view={view} />
    <Growth view={view} />
    <Section id="figures" title="Figures" note="Each leads to its definition">
      <Figures view={view} />
    </Section>
    <Months view={{ years: view.months }} />
    <RollingFigures view={view} />
    <Distribution view={view} />
    <Definitions view={view} />
  </article>
);

/** A run on one page to be printed or saved. */
export const tearSheetPage = ({ shell, view }: { shell: Shell; view: TearSheetView }) =>
  toDocument(
    <Page title={`Tear sheet, ${view.title}`} shell={shell}>
      <header class="page-head">
        <h1 class="break">{view.title}</h1>
        <span class="note">Tear sheet</span>
        <div class="sheet-actions">
          <a class="button" href={view.back.href}>
            {view.back.label}
          </a>
          <a class="button primary" href={view.fileUrl} download>
            Save as a file
          </a>
        </div>
      </header>
      <Sheet view={view} />
    </Page>,
  );

/** The same as a file that needs nothing else: styles stand inside, and its policy lets it ask for nothing. */
export const tearSheetDocument = ({ view, styles }: { view: TearSheetView; styles: string }) =>
  toDocument(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>{`Tear sheet, ${view.title} · Barline`}</title>
        {html`<style>${raw(styles)}</style>`}
      </head>
      <body class="sheet-file">
        <main id="main">
          <h1>{view.title}</h1>
          <Sheet view={view} />
        </main>
        <footer class="note">
          Made by Barline from daily bars. A test of the past says nothing sure of what will come.
        </footer>
      </body>
    </html>,
  );
