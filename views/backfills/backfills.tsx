import type { BackfillRow } from "../../db/queries/backfills/read-backfills.ts";
import { Empty, Instant, Pager, Progress, Section, State, TableScroll } from "../components.tsx";
import { formatCount, formatElapsed, formatInteger, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import { dateRange } from "../pipeline/calendar.tsx";
import type { Shell } from "../shell.ts";
import { type BackfillForm, BackfillFormView } from "./backfill-form.tsx";

/** One page of the backfills. */
export type BackfillList = {
  now: Date;
  backfills: BackfillRow[];
  state: string | null;
  older: number | null;
  isFirstPage: boolean;
  isActive: boolean;
  /** The path and query that give this list again. */
  url: string;
};

/** By which the list can be narrowed. */
export const backfillFilters = ["running", "paused", "success", "failed", "cancelled"];

const Filter = ({ list }: { list: BackfillList }) => (
  <nav class="filter" aria-label="Backfills by state">
    {[null, ...backfillFilters].map((state) => (
      <a href={`/backfills${state ? `?state=${state}` : ""}`} aria-current={list.state === state ? "true" : undefined}>
        {state ?? "all"}
      </a>
    ))}
  </nav>
);

const Done = ({ line }: { line: BackfillRow }) => {
  const ended = line.success + line.failed + line.cancelled;
  const parts = [
    line.failed > 0 && `${formatInteger(line.failed)} failed`,
    line.cancelled > 0 && `${formatInteger(line.cancelled)} cancelled`,
    line.running > 0 && `${formatInteger(line.running)} running`,
  ].filter(Boolean);
  if (line.runs === 0) return <span class="note">nothing was left to run</span>;
  return (
    <>
      <Progress value={ended} max={line.runs} label={`Runs of backfill ${line.id} ended`} />
      <span class="note">
        {formatInteger(ended)} of {formatCount(line.runs, "run")}
        {parts.length > 0 && `: ${parts.join(", ")}`}
      </span>
    </>
  );
};

const strategyNames: Record<string, string> = { grouped: "by session", per_ticker: "by ticker" };

const Line = ({ line, now }: { line: BackfillRow; now: Date }) => (
  <tr id={`backfill-${line.id}`}>
    <th scope="row" class="number">
      <a href={`/backfills/${line.id}`} aria-label={`Backfill ${line.id}`}>
        {line.id}
      </a>
    </th>
    <td>
      <State state={line.paused && line.isActive ? "paused" : line.state} />
    </td>
    <td class="nowrap">
      {dateRange(line.from, line.to)}
      <small class="block">
        {line.sessions === null ? "" : `${formatCount(line.sessions, "session")}, `}
        {line.reprocess}
      </small>
    </td>
    <td class="nowrap">
      {line.strategy === null ? none : (strategyNames[line.strategy] ?? line.strategy)}
      {line.calls !== null && <small class="block">{formatCount(line.calls, "call")}</small>}
    </td>
    <td class="done">
      <Done line={line} />
    </td>
    <td class="nowrap">
      <Instant at={line.createdAt} />
      <small class="block">
        {line.createdBy ?? none} {line.createdVia === "api" && <span class="tag">API</span>}
      </small>
    </td>
    <td class="number nowrap">{formatElapsed(line.createdAt, line.finishedAt, now)}</td>
  </tr>
);

const Table = ({ list }: { list: BackfillList }) => (
  <TableScroll label="Backfills">
    <table class="backfill-table">
      <thead>
        <tr>
          <th scope="col" class="number">
            Backfill
          </th>
          <th scope="col">State</th>
          <th scope="col">Sessions</th>
          <th scope="col">Fetched</th>
          <th scope="col">Progress</th>
          <th scope="col">Asked for</th>
          <th scope="col" class="number">
            Took
          </th>
        </tr>
      </thead>
      <tbody>
        {list.backfills.map((line) => (
          <Line line={line} now={list.now} />
        ))}
      </tbody>
    </table>
  </TableScroll>
);

const NoBackfill = ({ state }: { state: string | null }) => (
  <Empty>
    {state ? (
      <p>No backfill is {state}.</p>
    ) : (
      <p>
        None yet. A backfill fetches past sessions, or fetches them again. <a href="/backfills/new">Make the first</a>.
      </p>
    )}
  </Empty>
);

/** The backfills, newest first; refreshes itself while one is at work. */
export const BackfillListView = ({ list }: { list: BackfillList }) => {
  const query = list.state ? `state=${list.state}` : "";
  return (
    <div
      id="backfill-list"
      {...(list.isActive && { "hx-get": list.url, "hx-trigger": "every 2s", "hx-swap": "outerMorph" })}
    >
      <Filter list={list} />
      {list.backfills.length === 0 ? <NoBackfill state={list.state} /> : <Table list={list} />}
      <Pager
        newer={list.isFirstPage ? null : `/backfills${query && `?${query}`}`}
        older={list.older === null ? null : `/backfills?${[query, `before=${list.older}`].filter(Boolean).join("&")}`}
      />
    </div>
  );
};

/** All backfills. */
export const backfillsPage = ({ shell, list }: { shell: Shell; list: BackfillList }) =>
  toDocument(
    <Page title="Backfills" shell={shell}>
      <header class="page-head">
        <h1>Backfills</h1>
        <div class="page-actions">
          <a class="button primary" href="/backfills/new">
            New backfill
          </a>
        </div>
      </header>
      <p class="lead">
        Past sessions, fetched or fetched again. The day’s own session always goes first, whatever is under way here.
      </p>
      <BackfillListView list={list} />
    </Page>,
  );

const Explained = () => (
  <Section id="choices" title="What the choices mean">
    <dl class="explained">
      <dt>Missing</dt>
      <dd>Sessions that have no run, or whose run was cancelled. What was fetched, or failed, is left alone.</dd>
      <dt>Failed</dt>
      <dd>Only sessions whose run failed or was cancelled.</dd>
      <dt>All</dt>
      <dd>Every session of the range again. What comes back replaces what is there, once it is checked.</dd>
      <dt>By session, by ticker</dt>
      <dd>
        One call fetches a whole session of the market, or one ticker’s whole range. The preview says what each takes.
      </dd>
      <dt>Sessions at a time</dt>
      <dd>
        Fewer leave more of the calls and of the machine to other work. Backfills share the room that there is; a limit
        of one holds up no other.
      </dd>
      <dt>Order</dt>
      <dd>Newest first shows recent prices early; oldest first fills a chart from its beginning.</dd>
    </dl>
    <p class="note">
      A session that is queued or running is never queued twice: two backfills of overlapping ranges share it out.
    </p>
  </Section>
);

/** The form that makes a backfill, on a page of its own. */
export const newBackfillPage = ({ shell, form }: { shell: Shell; form: BackfillForm }) =>
  toDocument(
    <Page title="New backfill" shell={shell}>
      <header class="page-head">
        <h1>New backfill</h1>
        <span>
          <a href="/backfills">All backfills</a>
        </span>
      </header>
      <div class="split new-backfill">
        <BackfillFormView form={form} />
        <div class="rail">
          <Explained />
        </div>
      </div>
    </Page>,
  );
