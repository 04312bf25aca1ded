import { describedBy, Empty, Fact, Field, Instant, Section } from "../components.tsx";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { Charts } from "./backtest-charts.tsx";
import { shortVersion } from "./backtest-format.ts";
import { Months } from "./backtest-metrics.tsx";
import { Trades } from "./backtest-trades.tsx";
import { Changes, MetricColumns } from "./scenario-parts.tsx";
import { ScenarioStar } from "./scenario-star.tsx";
import type { ScenarioView } from "./scenario-types.ts";

const Rename = ({ view }: { view: ScenarioView }) => {
  const { draft, problem } = view.rename;
  return (
    <details class="confirm" id="rename" open={problem !== null}>
      <summary class="button">Rename</summary>
      <form method="post" action={`/scenarios/${view.id}/name`} novalidate>
        <Field id="name" label="New name" error={problem ?? undefined}>
          <input
            id="name"
            name="name"
            value={draft}
            maxlength={200}
            autocomplete="off"
            {...describedBy("name", false, problem ?? undefined)}
          />
        </Field>
        <button type="submit" class="button primary">
          Rename
        </button>
      </form>
    </details>
  );
};

const Actions = ({ view }: { view: ScenarioView }) => (
  <div class="scenario-actions">
    <a class="button primary" href={view.backtestUrl}>
      {view.changes.length === 0 ? "Open the run" : "Open on the data of now"}
    </a>
    <a class="button" href={`/scenarios/${view.id}/tear-sheet`}>
      Tear sheet
    </a>
    {view.changes.length === 0 && (
      <form method="post" action={`/scenarios/${view.id}/run`}>
        <button type="submit" class="button">
          Run again
        </button>
      </form>
    )}
    <Rename view={view} />
    <form method="post" action={`/scenarios/${view.id}/duplicate`}>
      <button type="submit" class="button">
        Duplicate
      </button>
    </form>
    <form method="post" action={`/scenarios/${view.id}/delete`}>
      <button type="submit" class="button danger">
        Delete
      </button>
    </form>
  </div>
);

/** Of a run before trades were kept: those of a run of now may be of other data. */
const NoTrades = () => (
  <Section id="trades" title="Trades">
    <Empty>
      <p>This scenario is older than the keeping of trades. Run it again to have them here.</p>
    </Empty>
  </Section>
);

/** One scenario: what it is, what it came to, and whether newer data would change that. */
export const scenarioPage = ({ shell, view }: { shell: Shell; view: ScenarioView }) =>
  toDocument(
    <Page title={view.name} shell={shell} hasPlot scripts={[shell.assets.backtest]}>
      <header class="page-head">
        <ScenarioStar scenario={view} next={`/scenarios/${view.id}`} />
        <h1 class="break">{view.name}</h1>
        <span class="note">{view.title}</span>
      </header>
      <p class="note">
        Saved by {view.createdBy} <Instant at={view.createdAt} />, ran <Instant at={view.ranAt} /> on data version{" "}
        <code>{shortVersion(view.dataVersion)}</code>.{" "}
        {view.changes.length === 0
          ? "A run of now would read the same data."
          : "All that this page shows is of that run, and of the data as they were then."}
      </p>
      {view.problem && (
        <div class="error-note" role="alert">
          <p class="message">It cannot be run again: {view.problem}</p>
        </div>
      )}
      <Changes id={view.id} changes={view.changes} />
      <Actions view={view} />
      <Section id="equity" title="Equity">
        <Charts
          chart={view.chart}
          source={view.chartUrl}
          label={`Equity of ${view.name}`}
          url={`/scenarios/${view.id}`}
          isLog={view.isLog}
        />
      </Section>
      {view.years.length > 0 && <Months view={view} />}
      <div class="split narrow scenario-split">
        <Section
          id="figures"
          title="Figures"
          note={
            view.previousAt ? "Before it was run again, and now; a triangle marks what has changed" : "As they came out"
          }
        >
          <MetricColumns
            label="Figures"
            columns={
              view.previousAt
                ? [
                    <>
                      Before, <Instant at={view.previousAt} />
                    </>,
                    <>
                      Now, <Instant at={view.ranAt} />
                    </>,
                  ]
                : ["Value"]
            }
            metrics={view.metrics}
            isBeforeAndNow={view.previousAt !== null}
          />
        </Section>
        <Section id="settings" title="Settings">
          <dl class="scenario-settings">
            {view.settings.map(({ term, value }) => (
              <Fact term={term}>{value}</Fact>
            ))}
          </dl>
          <details class="data-version">
            <summary>Data version</summary>
            <p class="hint">What the run read; where its digests change, so may the figures.</p>
            <code class="break">{view.dataVersion}</code>
          </details>
        </Section>
      </div>
      {view.trades ? <Trades view={view.trades} /> : <NoTrades />}
    </Page>,
  );

/** The form of a name that could not be taken, with the run that is to be saved. */
export type SaveForm = {
  name: string;
  problem: string;
  field: "name" | "form";
  title: string | null;
  /** The run's settings, to be sent again. */
  query: [string, string][];
  backtestUrl: string;
};

/** Asks for the name again. */
export const saveScenarioPage = ({ shell, form }: { shell: Shell; form: SaveForm }) =>
  toDocument(
    <Page title="Save as scenario" shell={shell}>
      <header class="page-head">
        <h1>Save as scenario</h1>
        {form.title && <span class="note">{form.title}</span>}
      </header>
      <form class="card form save-scenario" method="post" action="/scenarios" novalidate>
        {form.query.map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        {form.field === "form" && (
          <p class="field-error" role="alert">
            {form.problem}
          </p>
        )}
        <Field id="name" label="Name" error={form.field === "name" ? form.problem : undefined}>
          <input
            id="name"
            name="name"
            value={form.name}
            autocomplete="off"
            autofocus
            {...describedBy("name", false, form.field === "name" ? form.problem : undefined)}
          />
        </Field>
        <p class="actions">
          <button type="submit" class="button primary">
            Save
          </button>
          <a class="button" href={form.backtestUrl}>
            Back to the run
          </a>
        </p>
      </form>
    </Page>,
  );
