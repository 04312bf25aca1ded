import { Empty, Fact, Section, TableScroll } from "../components.tsx";
import { formatDuration, formatInteger, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { ChangedBars } from "./changed-bars.tsx";
import { Freshness, History, TestState } from "./parts.tsx";
import { SplitsSetAside } from "./splits.tsx";
import type { QualityView, SubjectTests, TestRow } from "./types.ts";

const statusChoices = ["failed", "warned", "passed", "skipped", "unrun"];

type SelectProps = { name: string; label: string; value: string; all: string; choices: readonly string[] };

const Select = ({ name, label, value, all, choices }: SelectProps) => (
  <div class="field">
    <label for={`quality-${name}`}>{label}</label>
    <select id={`quality-${name}`} name={name}>
      {["", ...choices].map((choice) => (
        <option value={choice} selected={choice === value}>
          {choice || all}
        </option>
      ))}
    </select>
  </div>
);

const Filter = ({ view: { filter, choices } }: { view: QualityView }) => (
  <form class="quality-filter" action="/quality" aria-label="Filter">
    <Select name="status" label="Status" value={filter.status} all="any" choices={statusChoices} />
    <Select name="subject" label="Model or source" value={filter.subject} all="all" choices={choices.subjects} />
    <Select name="kind" label="Kind" value={filter.kind} all="any" choices={choices.kinds} />
    <button type="submit" class="button">
      Filter
    </button>
    {(filter.status || filter.subject || filter.kind) && <a href="/quality">Show all</a>}
  </form>
);

const TestLine = ({ test, runs }: { test: TestRow; runs: number[] }) => (
  <tr>
    <th scope="row">
      <a class="break" href={`/quality/tests/${encodeURIComponent(test.name)}`}>
        {test.name}
      </a>
      {test.status === "error" && test.message && <p class="field-error">{test.message}</p>}
    </th>
    <td>
      <TestState status={test.status} />
    </td>
    <td>{test.severity}</td>
    <td class="number">{test.status === "idle" ? none : formatInteger(test.failures)}</td>
    <td class="number nowrap">{test.durationMs === null ? none : formatDuration(test.durationMs)}</td>
    <td>
      <History history={test.history} runs={runs} />
    </td>
  </tr>
);

const Subject = ({ group, runs }: { group: SubjectTests; runs: number[] }) => (
  <tbody>
    <tr class="subject">
      <th scope="rowgroup" colspan={6}>
        {group.kind === "gone" ? (
          <code>{group.subject || "the project"}</code>
        ) : (
          <a href={`/quality/${group.kind}s/${encodeURIComponent(group.subject)}`}>
            <code>{group.subject}</code>
          </a>
        )}{" "}
        <span class="tag">{group.kind === "gone" ? "not in the project" : group.kind}</span>
      </th>
    </tr>
    {group.tests.map((test) => (
      <TestLine test={test} runs={runs} />
    ))}
  </tbody>
);

const Tests = ({ view }: { view: QualityView }) => (
  <TableScroll label="Data tests">
    <table class="tests">
      <thead>
        <tr>
          <th scope="col">Test</th>
          <th scope="col">Last result</th>
          <th scope="col">Severity</th>
          <th scope="col" class="number">
            Failures
          </th>
          <th scope="col" class="number">
            Took
          </th>
          <th scope="col">Last {formatInteger(view.runs.length)} runs</th>
        </tr>
      </thead>
      {view.groups.map((group) => (
        <Subject group={group} runs={view.runs} />
      ))}
    </table>
  </TableScroll>
);

const Count = ({ word, term, count, tone }: { word: string; term: string; count: number; tone?: string }) => (
  <Fact term={term} class={count > 0 ? (tone ?? "") : ""}>
    {count > 0 ? <a href={`/quality?status=${word}`}>{formatInteger(count)}</a> : "0"}
  </Fact>
);

const Totals = ({ counts }: { counts: QualityView["counts"] }) => (
  <dl class="facts">
    <Fact term="Tests">{formatInteger(counts.all)}</Fact>
    <Count word="failed" term="Failed" count={counts.failed} tone="bad" />
    <Count word="warned" term="Warnings" count={counts.warned} />
    <Count word="passed" term="Passed" count={counts.passed} />
    <Count word="skipped" term="Skipped" count={counts.skipped} />
    <Count word="unrun" term="Not run yet" count={counts.idle} />
  </dl>
);

/** Every data test with its last result and history, and how fresh the sources are. */
export const qualityPage = ({ shell, view, problem }: { shell: Shell; view: QualityView; problem?: string }) =>
  toDocument(
    <Page title="Quality" shell={shell}>
      <header class="page-head">
        <h1>Quality</h1>
      </header>
      <p class="lead">
        Models are built, tested, and only then published: a failing test of severity <b>error</b> keeps the build from
        the pages, a <b>warn</b> is told and published.
      </p>
      {view.projectProblem && (
        <div class="error-note">
          <p class="message">The dbt project cannot be read: {view.projectProblem}</p>
          <p class="advice">Results of earlier runs are below. Correct the file; this page reads it again.</p>
        </div>
      )}
      <Totals counts={view.counts} />
      <SplitsSetAside splits={view.splits} problem={problem} />
      <div class="split narrow">
        <div>
          <Section id="tests" title="Tests" note="As the last build found them">
            <Filter view={view} />
            {view.groups.length === 0 ? (
              <Empty>
                <p>
                  {view.counts.all === 0 ? "No test has run and the project declares none." : "No test is like that."}
                </p>
              </Empty>
            ) : (
              <Tests view={view} />
            )}
          </Section>
        </div>
        <div class="rail">
          <Freshness rows={view.freshness} now={view.now} />
          <ChangedBars bars={view.changed} />
        </div>
      </div>
    </Page>,
  );
