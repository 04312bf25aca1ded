import type { DriftCheckRow } from "../../db/queries/quality/drift.ts";
import type { DriftExample } from "../../jobs/drift/types.ts";
import { Empty, Instant, Section, State, TableScroll } from "../components.tsx";
import { formatCount, formatElapsed, formatInteger, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";

export type DriftLine = Omit<DriftCheckRow, "models" | "example"> & {
  state: "running" | "failed" | "equal" | "different";
  skipped: { name: string; reason: string }[];
  example: DriftExample | null;
};

export type DriftView = { checks: DriftLine[]; now: Date; tickers: string; problem: string | null };

const shown = {
  running: <State state="running" />,
  equal: <State state="success" label="Equal" />,
  different: <State state="failed" label="Differs" />,
  failed: <State state="error" label="Not done" />,
};

const Example = ({ example }: { example: NonNullable<DriftLine["example"]> }) => {
  const where = `${example.model} of ${Object.values(example.key).join(", ")}`;
  if (example.column === null) {
    return <p class="break">{`${where}: ${example.published === null ? "is missing" : "should not be there"}`}</p>;
  }
  return (
    <p class="break">
      {`${where}: `}
      <b>{example.column}</b>
      {" is "}
      <code>{String(example.published)}</code>
      {", should be "}
      <code>{String(example.recomputed)}</code>
    </p>
  );
};

const Finding = ({ check }: { check: DriftLine }) => (
  <>
    {check.example && <Example example={check.example} />}
    {check.error && <p class="field-error break">{check.error}</p>}
    {check.state === "equal" && check.tickers.length === 0 && (
      <p class="note">Nothing to compare: no ticker is published, or all wait for a build.</p>
    )}
    {check.skipped.map(({ name, reason }) => (
      <p class="note break">{`${name}: left out, ${reason}`}</p>
    ))}
  </>
);

const Line = ({ check, now }: { check: DriftLine; now: Date }) => (
  <tr id={`drift-${check.id}`}>
    <th scope="row" class="nowrap">
      <Instant at={check.startedAt} />
    </th>
    <td>{shown[check.state]}</td>
    <td class="number" title={check.tickers.join(", ") || undefined}>
      {check.state === "running" ? none : formatInteger(check.tickers.length)}
    </td>
    <td class="number">{check.state === "running" ? none : formatInteger(check.rows)}</td>
    <td class="number">{check.state === "running" ? none : formatInteger(check.differences)}</td>
    <td class="received">
      <Finding check={check} />
    </td>
    <td class="number nowrap">{formatElapsed(check.startedAt, check.finishedAt, now)}</td>
    <td>{check.trigger === "manual" ? "by hand" : "daily"}</td>
  </tr>
);

const CheckForm = ({ view }: { view: DriftView }) => (
  <>
    <form class="quality-filter" method="post" action="/quality/drift" aria-label="Check now">
      <div class={`field wide ${view.problem ? "has-error" : ""}`}>
        <label for="drift-tickers">Tickers</label>
        <input
          id="drift-tickers"
          name="tickers"
          value={view.tickers}
          autocomplete="off"
          spellcheck={false}
          aria-describedby="drift-hint"
        />
      </div>
      <button type="submit" class="button">
        Check now
      </button>
      <span id="drift-hint" class="note">
        Separated by spaces; 20 that the day draws where left empty.
      </span>
    </form>
    {view.problem && (
      <p class="field-error" role="alert">
        {view.problem}
      </p>
    )}
  </>
);

/** The checks, the newest first; they refresh themselves while one runs. */
export const DriftChecks = ({ view }: { view: DriftView }) => {
  const newest = view.checks.find(({ state }) => state !== "running");
  const isRunning = view.checks[0]?.state === "running";
  return (
    <div
      id="drift-checks"
      {...(isRunning && { "hx-get": "/quality/drift", "hx-trigger": "every 1s", "hx-swap": "outerMorph" })}
    >
      <p class="note" role="status">
        {isRunning
          ? "A check is under way."
          : newest
            ? `The last compared ${formatCount(newest.rows, "row")}.`
            : "The newest come first."}
      </p>
      {view.checks.length === 0 ? (
        <Empty>
          <p>None yet. The first is made on the morning after the first session is published.</p>
        </Empty>
      ) : (
        <TableScroll label="Drift checks">
          <table>
            <thead>
              <tr>
                <th scope="col">Began</th>
                <th scope="col">Result</th>
                <th scope="col" class="number">
                  Tickers
                </th>
                <th scope="col" class="number">
                  Rows
                </th>
                <th scope="col" class="number">
                  Differ
                </th>
                <th scope="col">Found</th>
                <th scope="col" class="number">
                  Took
                </th>
                <th scope="col">Asked</th>
              </tr>
            </thead>
            <tbody>
              {view.checks.map((check) => (
                <Line check={check} now={view.now} />
              ))}
            </tbody>
          </table>
        </TableScroll>
      )}
    </div>
  );
};

/** The checks that recompute a sample of tickers from the raw tables and compare each column with what is published. */
export const driftPage = ({ shell, view }: { shell: Shell; view: DriftView }) =>
  toDocument(
    <Page title="Drift" shell={shell}>
      <header class="page-head">
        <h1>Drift</h1>
      </header>
      <p class="lead">
        What is built session by session has to equal what a full build makes. Every morning at 05:30 New York, some
        tickers are made anew from their raw rows, and every column is compared digit by digit.
      </p>
      <Section id="checks" title="Checks">
        <CheckForm view={view} />
        <DriftChecks view={view} />
      </Section>
    </Page>,
  );
