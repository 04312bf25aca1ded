import { Empty, HowToFill, Section } from "../components.tsx";
import { formatCount, formatDuration, formatInteger } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { type GridFilterView, GridForm } from "./grid-filter.tsx";
import { gridTable, legend } from "./grid-table.ts";
import type { GridJob } from "./grid-types.ts";

export type GridView = {
  jobs: GridJob[];
  filter: GridFilterView;
  /** Why a part of the filter is not applied. */
  problem: string | null;
  /** Seconds until the grid refreshes itself: soon while something runs. */
  refreshSeconds: number;
  /** The path and query that give this view again. */
  url: string;
  /** The same with more runs; null where that is all there are, or all that can be shown. */
  moreUrl: string | null;
};

const Legend = () => (
  <ul class="grid-legend" aria-label="States">
    {legend.map(({ word, look }) => (
      <li>
        <span class={look} aria-hidden="true" />
        {word}
      </li>
    ))}
  </ul>
);

/** What is shown, in one line; what one points at takes its place. */
const Summary = ({ job, filter }: { job: GridJob; filter: GridFilterView }) => {
  const failed = job.runs.filter((run) => run.state === "failed").length;
  const longest = Math.max(0, ...job.runs.map((run) => run.ms ?? 0));
  const isCut = job.runs.length >= filter.limit;
  return (
    <p class="grid-summary">
      {isCut ? `The newest ${formatInteger(job.runs.length)} runs` : formatCount(job.runs.length, "run")}
      {failed > 0 && <span class="bad"> · {formatInteger(failed)} failed</span>}
      {longest > 0 && ` · longest ${formatDuration(longest)}`}
    </p>
  );
};

const JobGrid = ({ job, view }: { job: GridJob; view: GridView }) => (
  <Section
    id={`grid-${job.id}`}
    class="grid-job"
    title={job.title}
    note={<a href={`/jobs/${encodeURIComponent(job.id)}`}>{job.id}</a>}
  >
    {job.runs.length === 0 ? (
      <Empty>
        {view.filter.isFiltered ? (
          <p>
            No run matches. <a href="/grid">Show all runs</a>
          </p>
        ) : (
          <p>
            No run yet: the first comes by itself, or with{" "}
            <a href={`/jobs/${encodeURIComponent(job.id)}`}>Run now on the job’s page</a>. <HowToFill />
          </p>
        )}
      </Empty>
    ) : (
      <div class="grid-frame">
        <Summary job={job} filter={view.filter} />
        <section class="scroll grid-scroll" aria-label={`Runs of ${job.title}`} tabindex={0}>
          {gridTable(job, `grid-table-${job.id}`)}
        </section>
      </div>
    )}
  </Section>
);

/** The tables of the jobs asked for; refresh themselves without moving what one looks at. */
export const Grid = ({ view }: { view: GridView }) => (
  <div id="grid" hx-get={view.url} hx-trigger={`every ${view.refreshSeconds}s`} hx-swap="outerMorph">
    {view.problem && (
      <p class="banner inline" role="alert">
        {view.problem}
      </p>
    )}
    <Legend />
    {view.jobs.map((job) => (
      <JobGrid job={job} view={view} />
    ))}
    {view.moreUrl && (
      <p class="grid-more">
        <a href={view.moreUrl}>Show more runs</a>
      </p>
    )}
  </div>
);

/** Runs by tasks of every job. */
export const gridPage = ({ shell, view }: { shell: Shell; view: GridView }) =>
  toDocument(
    <Page title="Grid" shell={shell} scripts={[shell.assets.grid]}>
      <header class="page-head">
        <h1>Grid</h1>
        <p class="note">
          One column a run, the newest at the right. <span class="grid-keys">Arrow keys move from cell to cell.</span>
        </p>
      </header>
      <GridForm filter={view.filter} />
      <Grid view={view} />
    </Page>,
  );
