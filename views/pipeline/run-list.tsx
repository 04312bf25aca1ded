import type { RunRow } from "../../db/queries/pipeline/read-runs.ts";
import { Empty, HowToFill, Pager } from "../components.tsx";
import { formatCount, formatInteger } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { anyOf, Day, Select } from "./filter-fields.tsx";
import { RunTable } from "./run-table.tsx";

/** What the runs are filtered by, as it stands in the URL; empty where they are not. */
export type RunListFilter = {
  job: string;
  state: string;
  trigger: string;
  from: string;
  to: string;
  /** The id of a run that failed in the same words. */
  alike: string;
};

export type RunListView = {
  filter: RunListFilter;
  runs: RunRow[];
  /** On all pages. */
  matched: number;
  now: Date;
  jobs: { id: string; title: string }[];
  states: readonly string[];
  triggers: readonly string[];
  older: number | null;
  isFirstPage: boolean;
  /** Why the last request could not be done. */
  problem: string | null;
  /** What the last request has done. */
  done: string | null;
};

/** The filter as the parts of a query. */
export const queryOf = (filter: RunListFilter): [string, string][] =>
  Object.entries(filter).filter(([, value]) => value !== "");

const urlOf = (filter: RunListFilter, rest: Record<string, string> = {}) => {
  const query = new URLSearchParams([...queryOf(filter), ...Object.entries(rest)]);
  return query.size > 0 ? `/runs?${query}` : "/runs";
};

const Filter = ({ list }: { list: RunListView }) => (
  <form class="grid-filter" action="/runs" aria-label="Filter">
    <Select
      page="runs"
      name="job"
      label="Job"
      value={list.filter.job}
      choices={[{ value: "", label: "all" }, ...list.jobs.map(({ id, title }) => ({ value: id, label: title }))]}
    />
    <Select page="runs" name="state" label="Run state" value={list.filter.state} choices={anyOf(list.states)} />
    <Select page="runs" name="trigger" label="Trigger" value={list.filter.trigger} choices={anyOf(list.triggers)} />
    <Day page="runs" name="from" label="Sessions from" value={list.filter.from} />
    <Day page="runs" name="to" label="to" value={list.filter.to} />
    {list.filter.alike && <input type="hidden" name="alike" value={list.filter.alike} />}
    <button type="submit" class="button">
      Filter
    </button>
  </form>
);

const changeLabels = {
  retry: "Retry…",
  clear: "Clear…",
  cancel: "Cancel…",
  success: "Mark success…",
  failed: "Mark failed…",
};

/** What can be done to the chosen runs. Each leads to a preview, which says what would become of each. */
const Changes = ({ list }: { list: RunListView }) => (
  <form method="post" action="/runs/preview" id="runs-chosen" class="run-changes" aria-label="Change runs">
    {queryOf(list.filter).map(([name, value]) => (
      <input type="hidden" name={name} value={value} />
    ))}
    <fieldset>
      <legend class="visually-hidden">Which runs</legend>
      <label class="check">
        <input type="radio" name="scope" value="chosen" checked={list.filter.alike === ""} /> those checked below
      </label>
      <label class="check">
        <input type="radio" name="scope" value="all" checked={list.filter.alike !== ""} /> all{" "}
        {formatInteger(list.matched)} that match
      </label>
    </fieldset>
    <div class="actions">
      {Object.entries(changeLabels).map(([change, label]) => (
        <button type="submit" class={`button ${change === "retry" ? "primary" : ""}`} name="change" value={change}>
          {label}
        </button>
      ))}
    </div>
  </form>
);

const Alike = ({ filter }: { filter: RunListFilter }) => (
  <p class="note">
    Only runs that failed in the words of <a href={`/runs/${filter.alike}`}>run {filter.alike}</a>, and that nothing has
    made good. <a href={urlOf({ ...filter, alike: "" })}>Show the others too</a>
  </p>
);

/** Runs of all jobs, with boxes to choose them by. */
export const runListPage = ({ shell, list }: { shell: Shell; list: RunListView }) => {
  const { filter, runs } = list;
  return toDocument(
    <Page title="Runs" shell={shell}>
      <header class="page-head">
        <h1>Runs</h1>
        <span>{formatCount(list.matched, "run")}</span>
        <a href={urlOf(filter)}>Refresh</a>
        <a href="/timeline">Timeline</a>
      </header>
      {list.problem && (
        <p class="banner inline" role="alert">
          {list.problem}
        </p>
      )}
      {list.done && (
        <p class="banner inline good" role="status">
          {list.done}
        </p>
      )}
      <Filter list={list} />
      {filter.alike && <Alike filter={filter} />}
      {runs.length === 0 ? (
        <Empty>
          <p>
            {queryOf(filter).length > 0 ? (
              <>
                No run matches. <a href="/runs">Show all runs</a>
              </>
            ) : (
              <>
                No run yet: the first comes by itself once a session has settled. <HowToFill />
              </>
            )}
          </p>
        </Empty>
      ) : (
        <>
          <Changes list={list} />
          <RunTable runs={runs} now={list.now} label="Runs" chosenIn="runs-chosen" />
        </>
      )}
      <Pager
        newer={list.isFirstPage ? null : urlOf(filter)}
        older={list.older === null ? null : urlOf(filter, { before: String(list.older) })}
      />
    </Page>,
  );
};
