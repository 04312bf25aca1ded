import type { RunRow } from "../../db/queries/pipeline/read-runs.ts";
import { Confirm, Empty, HowToFill, Pager, Section } from "../components.tsx";
import { RunTable } from "./run-table.tsx";

/** One page of a job's runs. */
export type RunList = {
  runs: RunRow[];
  state: string | null;
  /** By which the list can be narrowed. */
  states: readonly string[];
  older: number | null;
  isFirstPage: boolean;
  isActive: boolean;
  /** The path and query that give this list again. */
  url: string;
};

type JobRunsProps = { job: { id: string; title: string }; list: RunList; now: Date };

const StateFilter = ({ base, list }: { base: string; list: RunList }) => (
  <nav class="filter" aria-label="Runs by state">
    {[null, ...list.states].map((state) => (
      <a
        href={`${base}${state ? `?state=${state}` : ""}#runs`}
        aria-current={list.state === state ? "true" : undefined}
      >
        {state ?? "all"}
      </a>
    ))}
  </nav>
);

/** A job's runs; refreshes itself. */
export const JobRuns = ({ job, list, now }: JobRunsProps) => {
  const base = `/jobs/${encodeURIComponent(job.id)}`;
  const stateQuery = list.state ? `state=${list.state}` : "";
  const olderQuery = [stateQuery, `before=${list.older}`].filter(Boolean).join("&");
  return (
    <div id="job-runs" hx-get={list.url} hx-trigger={list.isActive ? "every 1s" : "every 5s"} hx-swap="outerMorph">
      <Section id="runs" title="Runs" aside={<StateFilter base={base} list={list} />}>
        {list.runs.length === 0 ? (
          <Empty>
            {list.state ? (
              <p>
                No run is {list.state}. <a href={`${base}#runs`}>Show all</a>
              </p>
            ) : (
              <p>
                No run yet: the first comes by itself, or with Run now above. <HowToFill />
              </p>
            )}
          </Empty>
        ) : (
          <RunTable runs={list.runs} now={now} label={`Runs of ${job.title}`} />
        )}
        <p class="note">
          <a href={`/runs?${new URLSearchParams({ job: job.id, ...(list.state && { state: list.state }) })}`}>
            Choose several of these runs
          </a>{" "}
          to retry, clear, cancel or mark them together.
        </p>
        <Pager
          newer={list.isFirstPage ? null : `${base}?${stateQuery}#runs`}
          older={list.older === null ? null : `${base}?${olderQuery}#runs`}
        />
      </Section>
    </div>
  );
};

/** Asks before it cancels what a backfill has not done yet. */
export const CancelBackfill = ({ id }: { id: number }) => (
  <Confirm
    id={`cancel-backfill-${id}`}
    summary="Cancel…"
    question="Runs that have not ended are cancelled. What they already loaded stays."
    action={`/backfills/${id}/cancel`}
    button="Cancel this backfill"
  />
);
