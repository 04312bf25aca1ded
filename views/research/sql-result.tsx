import { Ago, Section, TableScroll } from "../components.tsx";
import { formatCount, formatDuration, formatInteger, none } from "../format.ts";
import { Charts } from "./backtest-charts.tsx";
import type { SqlLimits, SqlProblem, SqlResult, SqlRows, SqlRun } from "./sql-view.ts";

/** A date or a code stays in one line, and a sentence does not. */
const shortValue = 24;

const Cell = ({ value, isNumber }: { value: string | null; isNumber: boolean }) => (
  <td class={isNumber ? "number" : value !== null && value.length <= shortValue ? "nowrap" : undefined}>
    {value === null ? <span class="sql-null">null</span> : <span class="sql-value">{value}</span>}
  </td>
);

const cutWords = (rows: SqlRows, limits: SqlLimits): string | null => {
  if (rows.cut === "rows") return `There are more rows than the ${formatInteger(limits.rows)} that are read here.`;
  return rows.cut === "size" ? "There are more rows; these are as much as is read here." : null;
};

const Rows = ({ rows, limits }: { rows: SqlRows; limits: SqlLimits }) => {
  const cut = cutWords(rows, limits);
  return (
    <Section
      id="sql-rows"
      title={formatCount(rows.rows, "row")}
      note={`in ${formatDuration(rows.durationMs)}${rows.shown.length < rows.rows ? `; the first ${formatInteger(rows.shown.length)} are shown` : ""}`}
    >
      {cut && (
        <p class="sql-cut" role="note">
          {cut} As a file you get up to {formatInteger(limits.csvRows)}.
        </p>
      )}
      {rows.hasCutValues && <p class="note">Long values are cut, which “…” at their end says.</p>}
      {rows.chart && (
        // The script draws from what stands here; there is no address to ask for it again.
        <div id="sql-chart" data-chart={JSON.stringify(rows.chart)}>
          <Charts chart={rows.chart} source="" label="Chart of the result" />
        </div>
      )}
      {rows.chartNote && <p class="note">{rows.chartNote}</p>}
      <div class="sql-result">
        <TableScroll label="Result">
          <table class="sql-table">
            <thead>
              <tr>
                {rows.columns.map(({ name, type, isNumber }) => (
                  <th scope="col" class={isNumber ? "number" : undefined}>
                    {name}
                    <small>{type}</small>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.shown.map((row) => (
                <tr>
                  {row.map((value, index) => (
                    <Cell value={value} isNumber={rows.columns[index]?.isNumber ?? false} />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      </div>
    </Section>
  );
};

const Problem = ({ problem }: { problem: SqlProblem }) => (
  <Section id="sql-problem" title="It could not be run">
    <div class="error-note" role="alert">
      <p class="message">{problem.message}</p>
      {problem.hint && <p class="advice">{problem.hint}</p>}
      {problem.place && (
        <>
          <p class="note">
            Line {problem.place.line}, character {problem.place.column}:
          </p>
          <pre class="sql-place">
            {problem.place.before}
            <mark>{problem.place.at}</mark>
            {problem.place.after}
          </pre>
        </>
      )}
    </div>
  </Section>
);

const Result = ({ result, limits }: { result: SqlResult; limits: SqlLimits }) => {
  if (result.kind === "problem") return <Problem problem={result.problem} />;
  if (result.kind === "rows") return <Rows rows={result.rows} limits={limits} />;
  return (
    <Section id="sql-plan" title="Plan" note={`in ${formatDuration(result.durationMs)}`}>
      <section class="scroll" aria-label="Plan" tabindex={0}>
        <pre class="sql-lines">{result.lines.join("\n")}</pre>
      </section>
    </Section>
  );
};

const stateWords: Record<SqlRun["state"], string> = {
  running: "Running",
  success: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
  lost: "Lost",
};
const purposeWords: Record<SqlRun["purpose"], string> = {
  rows: "",
  csv: "CSV, ",
  plan: "plan, ",
  analyze: "analysis, ",
};

const outcomeOf = ({ state, rows, isCut, error, purpose }: SqlRun): string => {
  if (state === "running") return `${purposeWords[purpose]}running`;
  if (state !== "success") return `${purposeWords[purpose]}${error ?? stateWords[state].toLowerCase()}`;
  return `${purposeWords[purpose]}${rows === null ? none : formatCount(rows, "row")}${isCut ? " and more" : ""}`;
};

const Run = ({ run, now }: { run: SqlRun; now: Date }) => (
  <li>
    <a class="sql-past" href={`/sql?run=${run.id}`}>
      {run.text}
    </a>
    <span class="note">
      <Ago at={run.startedAt} now={now} /> by {run.actor}: {outcomeOf(run)}
      {run.durationMs !== null && ` in ${formatDuration(run.durationMs)}`}
    </span>
    {run.state === "running" && (
      <form method="post" action="/sql/cancel">
        <input type="hidden" name="id" value={run.id} />
        <button type="submit" class="link">
          Cancel<span class="visually-hidden"> statement {run.id}</span>
        </button>
      </form>
    )}
  </li>
);

/** Statements that were run, the newest first. */
export const SqlHistory = ({ history, now }: { history: SqlRun[]; now: Date }) => (
  <ul class="sql-history">
    {history.map((run) => (
      <Run run={run} now={now} />
    ))}
  </ul>
);

type AnswerProps = { result: SqlResult | null; history: SqlRun[]; limits: SqlLimits; now: Date };

/** What came of a statement, and what was run before; exchanged whole. */
export const SqlAnswer = ({ result, history, limits, now }: AnswerProps) => (
  <div id="sql-answer" tabindex={-1}>
    {result && <Result result={result} limits={limits} />}
    <Section id="sql-history" title="History" aside={<a href="/sql/history">All</a>}>
      {history.length === 0 ? <p class="note">Nothing was run yet.</p> : <SqlHistory history={history} now={now} />}
    </Section>
  </div>
);
