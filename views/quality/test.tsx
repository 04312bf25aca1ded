import type { TestRun } from "../../db/queries/quality/read-quality.ts";
import { Empty, Fact, Instant, Section, TableScroll } from "../components.tsx";
import { formatCount, formatDuration, formatInteger } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { tickerHref } from "../ticker-href.ts";
import { SqlText, TestState } from "./parts.tsx";
import type { FailureView, RowsView, TestPageView } from "./types.ts";

const consequences: Record<string, string> = {
  error: "Where it fails nothing is published: pages go on showing the last good build.",
  warn: "Where it fails the build is published all the same, and the warning stands here.",
};

const Definition = ({ view }: { view: TestPageView }) => (
  <>
    <p class="lead">
      {view.asserts ?? "This test is no longer in the project; what it found is kept."} {consequences[view.severity]}
    </p>
    <dl class="facts">
      <Fact term="Last result">
        {view.latest ? <TestState status={view.latest.status} /> : <TestState status="idle" />}
      </Fact>
      <Fact term="On">
        <a href={view.subjectHref}>
          <code class="break">{view.subject}</code>
        </a>
        {view.column && <small class="break">column {view.column}</small>}
      </Fact>
      <Fact term="Severity">{view.severity}</Fact>
      <Fact term="Kind">{view.kind}</Fact>
      {view.where && (
        <Fact term="Only rows where">
          <code>{view.where}</code>
        </Fact>
      )}
      {view.path && (
        <Fact term="File">
          <code class="break">{view.path}</code>
        </Fact>
      )}
    </dl>
  </>
);

/** Longer values are broken into lines: messages, and what is garbage. */
const longestUnbroken = 40;

/** Rows that a test finds, with the way from each to where it came from. */
export const FailingRows = ({ failure }: { failure: RowsView }) => (
  <TableScroll label="Failing rows">
    <table>
      <thead>
        <tr>
          {failure.columns.map((name) => (
            <th scope="col">{name}</th>
          ))}
          {failure.rows.some(({ ticker, session }) => ticker && session) && <th scope="col">From</th>}
        </tr>
      </thead>
      <tbody>
        {failure.rows.map((row) => (
          <tr>
            {failure.columns.map((name, index) => (
              <td class={(row.values[index] ?? "").length > longestUnbroken ? "break" : "nowrap"}>
                {name === "ticker" && row.ticker ? (
                  <a href={tickerHref(row.ticker, row.session)}>{row.ticker}</a>
                ) : (
                  row.values[index]
                )}
              </td>
            ))}
            {row.ticker && row.session && (
              <td class="nowrap">
                <a href={`/quality/lineage?${new URLSearchParams({ ticker: row.ticker, date: row.session })}`}>
                  the raw file
                </a>
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);

const Failure = ({ failure, isLatest }: { failure: FailureView; isLatest: boolean }) => (
  <Section
    id="failing-rows"
    title={isLatest ? "Failing rows" : "Failing rows of its last failure"}
    note={`${formatCount(failure.failures, "row")} in run ${failure.runId}`}
    aside={<a href={`/runs/${failure.runId}`}>Run {failure.runId}</a>}
  >
    {failure.message && failure.rows.length === 0 && <p class="advice">{failure.message}</p>}
    {failure.rows.length > 0 ? (
      <FailingRows failure={failure} />
    ) : (
      <Empty>
        <p>No failing row was kept. The SQL below finds them.</p>
      </Empty>
    )}
    {failure.rows.length > 0 && failure.rows.length < failure.failures && (
      <p class="note">The first {formatInteger(failure.rows.length)} of them.</p>
    )}
    {failure.storedIn && (
      <p class="note">
        All of them are kept in <code>{failure.storedIn}</code>, until the test runs again.
      </p>
    )}
  </Section>
);

const HistoryRow = ({ row }: { row: TestRun }) => (
  <tr>
    <th scope="row" class="number">
      <a href={`/runs/${row.runId}`}>{row.runId}</a>
    </th>
    <td class="nowrap">
      <Instant at={row.finishedAt} />
    </td>
    <td>
      <TestState status={row.status} />
    </td>
    <td class="number">{formatInteger(row.failures)}</td>
    <td class="number nowrap">{formatDuration(row.durationMs)}</td>
    <td>{row.runState === "success" ? "published" : "not published"}</td>
  </tr>
);

const TestHistory = ({ rows }: { rows: TestRun[] }) => (
  <Section id="history" title="History" note={`Of the last ${formatCount(rows.length, "run")} that had it`}>
    {rows.length === 0 ? (
      <Empty>
        <p>It has not run yet: the next build runs it.</p>
      </Empty>
    ) : (
      <TableScroll label="History">
        <table>
          <thead>
            <tr>
              <th scope="col" class="number">
                Run
              </th>
              <th scope="col">At</th>
              <th scope="col">Result</th>
              <th scope="col" class="number">
                Failures
              </th>
              <th scope="col" class="number">
                Took
              </th>
              <th scope="col">The run</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <HistoryRow row={row} />
            ))}
          </tbody>
        </table>
      </TableScroll>
    )}
  </Section>
);

/** One data test: what it asserts, what it found, and how it went before. */
export const testPage = ({ shell, view }: { shell: Shell; view: TestPageView }) =>
  toDocument(
    <Page title={view.name} shell={shell}>
      <header class="page-head">
        <h1 class="break">{view.name}</h1>
      </header>
      <Definition view={view} />
      {view.failure && <Failure failure={view.failure} isLatest={view.failure.runId === view.latest?.runId} />}
      {view.sql !== null && (
        <Section
          id="sql"
          title="SQL"
          note={
            view.isSqlOfRun ? "As the run asked it; every row it finds is a failure" : "Every row it finds is a failure"
          }
        >
          {view.canLook && (
            <p>
              <a class="button" href={`/quality/tests/${encodeURIComponent(view.name)}/rows`}>
                Look at what it finds now
              </a>
            </p>
          )}
          <SqlText id="compiled" title="What is asked of the database" sql={view.sql} open />
          {view.rawSql !== null && <SqlText id="source" title="As written in the project" sql={view.rawSql} />}
        </Section>
      )}
      <TestHistory rows={view.history} />
    </Page>,
  );
