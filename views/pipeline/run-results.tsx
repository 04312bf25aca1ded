import type { Quarantine } from "../../db/queries/market/read-quarantines.ts";
import type { ModelResult, RejectReason, RejectRow, TestResult } from "../../db/queries/pipeline/read-results.ts";
import { Pager, Section, State, TableScroll } from "../components.tsx";
import { formatCount, formatDuration, formatInteger, none } from "../format.ts";

export type RejectsView = { reasons: RejectReason[]; rows: RejectRow[]; next: string | null };

/** Rows that failed a check: why, and where their raw answer lies. */
export const Rejects = ({ rejects }: { rejects: RejectsView }) => {
  const all = rejects.reasons.reduce((sum, { count }) => sum + count, 0);
  return (
    <Section
      id="rejects"
      title="Rows refused"
      note={`${formatCount(all, "row")} failed a check, or had a figure that did; the rest was loaded`}
    >
      <ul class="reasons">
        {rejects.reasons.map(({ reason, count }) => (
          <li>
            <b>{formatInteger(count)}</b> {reason}
          </li>
        ))}
      </ul>
      <TableScroll label="Rows refused">
        <table>
          <thead>
            <tr>
              <th scope="col">Ticker</th>
              <th scope="col">Session</th>
              <th scope="col">Reason</th>
              <th scope="col">Row as received</th>
              <th scope="col">Lake key</th>
            </tr>
          </thead>
          <tbody>
            {rejects.rows.map((reject) => (
              <tr>
                <th scope="row">{reject.ticker ?? none}</th>
                <td class="nowrap">{reject.tradeDate ?? none}</td>
                <td>{reject.reason}</td>
                <td>
                  <code class="json">{JSON.stringify(reject.row)}</code>
                </td>
                <td>
                  <a class="break" href={`/lake?${new URLSearchParams({ key: reject.lakeKey })}`}>
                    <code>{reject.lakeKey}</code>
                  </a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
      <Pager newer={null} older={rejects.next} />
    </Section>
  );
};

const modelStates: Record<string, string> = { failed: "failed", skipped: "skipped" };

/** How each model went, in the order they were built. */
export const Models = ({ models }: { models: ModelResult[] }) => (
  <Section id="models" title="Models" note="Built, tested, then published together">
    <TableScroll label="Models">
      <table>
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col">Kind</th>
            <th scope="col">Outcome</th>
            <th scope="col" class="number">
              Rows
            </th>
            <th scope="col" class="number">
              Took
            </th>
          </tr>
        </thead>
        <tbody>
          {models.map((model) => (
            <tr>
              <th scope="row">
                <a href={`/quality/models/${encodeURIComponent(model.name)}`}>
                  <code>{model.name}</code>
                </a>
                {model.error && <p class="field-error">{model.error}</p>}
              </th>
              <td>{model.materialization}</td>
              <td>
                <State state={modelStates[model.action] ?? "success"} label={model.action.replaceAll("_", " ")} />
              </td>
              <td class="number">{model.rows === null ? none : formatInteger(model.rows)}</td>
              <td class="number nowrap">{formatDuration(model.durationMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  </Section>
);

const TestItem = ({ test, id }: { test: TestResult; id: string }) => (
  <li>
    <p class="where">
      <State state={test.status} />
      <a class="break" href={`/quality/tests/${encodeURIComponent(test.name)}`}>
        <b>{test.name}</b>
      </a>
      <span>
        on <code>{test.subject}</code>
      </span>
      {test.failures > 0 && !test.message && <span>{formatCount(test.failures, "failing row")}</span>}
      <span class="note">
        severity {test.severity}, {formatDuration(test.durationMs)}
      </span>
    </p>
    {test.message && <p class="advice">{test.message}</p>}
    {Array.isArray(test.sample) && test.sample.length > 0 && (
      <details id={id} open={test.status !== "pass"}>
        <summary>{formatCount(test.sample.length, "failing row")} as an example</summary>
        <ul class="samples">
          {test.sample.map((row) => (
            <li>
              <code class="json">{JSON.stringify(row)}</code>
            </li>
          ))}
        </ul>
      </details>
    )}
  </li>
);

/** What a run has held back so that the rest be published. */
export const Held = ({ held }: { held: Quarantine[] }) => (
  <Section
    id="held"
    title="Held back"
    note={`${formatCount(held.length, "ticker")}, so that the rest of the market is published`}
  >
    <ul class="tries">
      {held.map(({ ticker, bars }) => (
        <li>
          <p class="where">
            <State state="warn" />
            <a href={`/quality/quarantine?${new URLSearchParams({ ticker })}`}>
              <b>{ticker}</b>
            </a>
            <span>
              {formatCount(bars.length, "row")} of {[...new Set(bars.map(({ session }) => session))].join(", ")}
            </span>
            <span class="note">{[...new Set(bars.map(({ test }) => test))].join(", ")}</span>
          </p>
          <p class="advice">{[...new Set(bars.map(({ reason }) => reason))].join("; ")}</p>
        </li>
      ))}
    </ul>
  </Section>
);

/** How each data test went: what needs somebody first, the passed ones folded. */
export const Tests = ({ tests }: { tests: TestResult[] }) => {
  const passed = tests.filter((test) => test.status === "pass");
  const others = tests.filter((test) => test.status !== "pass");
  return (
    <Section
      id="tests"
      title="Tests"
      note={`${formatInteger(passed.length)} of ${formatInteger(tests.length)} passed; a failing one of severity error publishes nothing`}
    >
      {others.length > 0 && (
        <ul class="tries">
          {others.map((test, index) => (
            <TestItem test={test} id={`sample-${index}`} />
          ))}
        </ul>
      )}
      {passed.length > 0 && (
        <details id="passed-tests">
          <summary>{formatCount(passed.length, "passed test")}</summary>
          <ul class="tries">
            {passed.map((test, index) => (
              <TestItem test={test} id={`passed-${index}`} />
            ))}
          </ul>
        </details>
      )}
    </Section>
  );
};
