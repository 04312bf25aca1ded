import { Empty, Section, TableScroll } from "../components.tsx";
import { formatDate } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { Charts } from "./backtest-charts.tsx";
import { Changes, MetricColumns } from "./scenario-parts.tsx";
import type { ComparedView, ComparisonView } from "./scenario-types.ts";

const Range = ({ range }: { range: { from: string; to: string } }) => (
  <span class="nowrap">
    {formatDate(range.from)} to {formatDate(range.to)}
  </span>
);

/** What the ranges have to say of the comparison: which differ, what they share, and the way to it. */
const Ranges = ({ view }: { view: ComparisonView }) => {
  if (!view.rangesDiffer) return null;
  if (view.isCommon && view.common) {
    return (
      <p class="ranges-note">
        All are run over what their ranges share, <Range range={view.common} />, on the data of now.{" "}
        <a href={view.url}>Show them as they were saved</a>
      </p>
    );
  }
  return (
    <p class="ranges-note">
      Their ranges differ, so figures and curves are not of the same sessions.{" "}
      {view.common ? (
        <a href={view.commonUrl}>
          Compare them over <Range range={view.common} />
        </a>
      ) : (
        "They have no session in common."
      )}
    </p>
  );
};

const Head = ({ scenario }: { scenario: ComparedView }) => (
  <>
    <a href={`/scenarios/${scenario.id}`}>{scenario.name}</a>
    <small>
      <Range range={scenario} />
    </small>
  </>
);

const Notes = ({ view }: { view: ComparisonView }) => (
  <>
    {view.scenarios.map(({ id, name, changes, problem }) => (
      <>
        {problem && (
          <div class="error-note" role="alert">
            <p class="message">
              “{name}” cannot be run over the common range: {problem}
            </p>
          </div>
        )}
        <Changes id={id} changes={changes.map((change) => `“${name}”: ${change}`)} name={name} />
      </>
    ))}
  </>
);

const Settings = ({ view }: { view: ComparisonView }) => (
  <Section id="settings" title="Settings that differ">
    <TableScroll label="Settings that differ">
      <table class="scenario-metrics">
        <thead>
          <tr>
            <th scope="col">Setting</th>
            {view.scenarios.map(({ name }) => (
              <th scope="col">{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {view.settings.map(({ term, values }) => (
            <tr>
              <th scope="row">{term}</th>
              {values.map((value) => (
                <td>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  </Section>
);

/** Up to four scenarios side by side: their curves from 1 on, what they came to, and what is set differently. */
export const comparisonPage = ({ shell, view }: { shell: Shell; view: ComparisonView }) =>
  toDocument(
    <Page title="Compare scenarios" shell={shell} hasPlot scripts={[shell.assets.backtest]}>
      <header class="page-head">
        <h1>Compare scenarios</h1>
        <a href="/scenarios">Choose others</a>
      </header>
      <Ranges view={view} />
      <Notes view={view} />
      <Section id="equity" title="Equity">
        <Charts
          chart={view.chart}
          source={view.chartUrl}
          label="Equity of the scenarios, each from one dollar on"
          url={view.isCommon ? view.commonUrl : view.url}
          isLog={view.isLog}
        />
      </Section>
      <Section id="figures" title="Figures" note="A star marks the best of a line">
        <MetricColumns
          label="Figures"
          columns={view.scenarios.map((scenario) => <Head scenario={scenario} />)}
          metrics={view.metrics}
        />
      </Section>
      {view.settings.length > 0 && <Settings view={view} />}
    </Page>,
  );

/** Where nothing that can be compared was chosen. */
export const noComparisonPage = ({ shell, problem }: { shell: Shell; problem: string }) =>
  toDocument(
    <Page title="Compare scenarios" shell={shell}>
      <header class="page-head">
        <h1>Compare scenarios</h1>
      </header>
      <Empty>
        <p role="alert">{problem}</p>
        <p>
          <a href="/scenarios">Tick up to four in the list</a>.
        </p>
      </Empty>
    </Page>,
  );
