import { Empty, Instant, Pager, Section, TableScroll } from "../components.tsx";
import { formatInteger, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import type { RejectsPageView } from "./lineage-types.ts";

const hrefOf = (filter: Partial<RejectsPageView["filter"]>) => {
  const set = Object.entries(filter).filter(([, value]) => value);
  return set.length > 0 ? `/quality/rejects?${new URLSearchParams(Object.fromEntries(set))}` : "/quality/rejects";
};

const Filter = ({ filter }: { filter: RejectsPageView["filter"] }) => (
  <form class="quality-filter" action="/quality/rejects" aria-label="Filter">
    <div class="field wide">
      <label for="rejects-reason">Reason</label>
      <input id="rejects-reason" name="reason" value={filter.reason} autocomplete="off" />
    </div>
    <div class="field">
      <label for="rejects-ticker">Ticker</label>
      <input id="rejects-ticker" name="ticker" value={filter.ticker} autocomplete="off" spellcheck={false} />
    </div>
    <div class="field">
      <label for="rejects-session">Session</label>
      <input id="rejects-session" type="date" name="session" value={filter.session} />
    </div>
    <button type="submit" class="button">
      Filter
    </button>
    {(filter.reason || filter.ticker || filter.session) && <a href="/quality/rejects">Show all</a>}
  </form>
);

const Reasons = ({ view }: { view: RejectsPageView }) => (
  <Section
    id="reasons"
    title="Reasons"
    note={view.among === null ? "Of all that are kept" : `Of the newest ${formatInteger(view.among)}`}
  >
    {view.reasons.length === 0 ? (
      <p class="note">None.</p>
    ) : (
      <ul class="reason-counts">
        {view.reasons.map(({ reason, count }) => (
          <li>
            <b>{formatInteger(count)}</b>
            <a href={hrefOf({ reason })} aria-current={reason === view.filter.reason ? "true" : undefined}>
              {reason}
            </a>
          </li>
        ))}
      </ul>
    )}
  </Section>
);

const Line = ({ row }: { row: RejectsPageView["rows"][number] }) => (
  <tr id={`reject-${row.id}`}>
    <th scope="row" class={row.ticker !== null && row.ticker.length > 12 ? "break" : "nowrap"}>
      {row.ticker === null ? none : <a href={hrefOf({ ticker: row.ticker })}>{row.ticker}</a>}
    </th>
    <td class="nowrap">{row.session === null ? none : <a href={hrefOf({ session: row.session })}>{row.session}</a>}</td>
    <td>
      {row.kind === "note" && "Note: "}
      {row.reason}
    </td>
    <td class="received">
      <code class="json">{JSON.stringify(row.row)}</code>
    </td>
    <td class="received">
      <a class="break" href={`/lake?${new URLSearchParams({ key: row.lakeKey })}`}>
        {row.lakeKey}
      </a>
    </td>
    <td class="nowrap">
      <a href={`/runs/${row.runId}`}>{row.runId}</a> <Instant at={row.createdAt} />
    </td>
  </tr>
);

/** Rows that failed a check, the newest first, each with the raw object it came in. */
export const rejectsPage = ({ shell, view }: { shell: Shell; view: RejectsPageView }) =>
  toDocument(
    <Page title="Rejects" shell={shell}>
      <header class="page-head">
        <h1>Rejects</h1>
      </header>
      <p class="lead">
        A row of an answer that fails a check is kept with its reason and the rest is loaded: nothing disappears. A row
        that was loaded without one of its figures is here as a note.
      </p>
      <div class="split narrow">
        <div>
          <Section id="rows" title="Rows" note="The newest first">
            <Filter filter={view.filter} />
            {view.problem && <p class="field-error">{view.problem}</p>}
            {view.rows.length === 0 ? (
              <Empty>
                <p>
                  {view.filter.reason || view.filter.ticker || view.filter.session
                    ? "No refused row is like that."
                    : "No row has been refused. One that is shows here, with its reason."}
                </p>
              </Empty>
            ) : (
              <TableScroll label="Refused rows">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Ticker</th>
                      <th scope="col">Session</th>
                      <th scope="col">Reason</th>
                      <th scope="col">Row as received</th>
                      <th scope="col">Raw object</th>
                      <th scope="col">Run</th>
                    </tr>
                  </thead>
                  <tbody>
                    {view.rows.map((row) => (
                      <Line row={row} />
                    ))}
                  </tbody>
                </table>
              </TableScroll>
            )}
            <Pager newer={view.newest} older={view.older} />
          </Section>
        </div>
        <div class="rail">
          <Reasons view={view} />
        </div>
      </div>
    </Page>,
  );
