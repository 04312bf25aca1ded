import type { TimedTry } from "../../db/queries/pipeline/read-timeline.ts";
import { Empty, HowToFill, Instant, State, TableScroll } from "../components.tsx";
import { formatCount, formatDate, formatElapsed, formatPartition } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { type Span, Timeline, type TimelineGroup } from "./timeline-svg.tsx";

type TimelineRun = {
  id: number;
  jobTitle: string;
  state: string;
  partition: string | null;
  partitionTo: string | null;
  startedAt: Date;
  finishedAt: Date | null;
};

/** What ran on one day of New York. */
export type DayTimeline = {
  day: string;
  before: string;
  /** Null where the day is not over. */
  after: string | null;
  /** As typed, `09:30`; empty for all of the day. */
  from: string;
  to: string;
  problem: string | null;
  groups: TimelineGroup[];
  span: Span;
  runs: TimelineRun[];
  /** How many of the day's runs are shown at the most. */
  limit: number;
  now: Date;
};

const Bounds = ({ view }: { view: DayTimeline }) => (
  <form class="grid-filter" action="/timeline" aria-label="Day and hours">
    <div class="field">
      <label for="timeline-day">Day, New York</label>
      <input id="timeline-day" type="date" name="day" value={view.day} required />
    </div>
    {(["from", "to"] as const).map((name) => (
      <div class="field">
        <label for={`timeline-${name}`}>{name === "from" ? "from" : "to"}</label>
        <input id={`timeline-${name}`} type="time" name={name} value={view[name]} />
      </div>
    ))}
    <button type="submit" class="button">
      Show
    </button>
  </form>
);

const Runs = ({ view }: { view: DayTimeline }) => (
  <TableScroll label="Runs of the day">
    <table class="runs">
      <thead>
        <tr>
          <th scope="col" class="number">
            Run
          </th>
          <th scope="col">Job</th>
          <th scope="col">State</th>
          <th scope="col">Session</th>
          <th scope="col">Started</th>
          <th scope="col" class="number">
            Took
          </th>
        </tr>
      </thead>
      <tbody>
        {view.runs.map((run) => (
          <tr>
            <th scope="row" class="number">
              <a href={`/runs/${run.id}/timeline`}>{run.id}</a>
            </th>
            <td>{run.jobTitle}</td>
            <td>
              <State state={run.state} />
            </td>
            <td class="nowrap">{formatPartition(run.partition, run.partitionTo)}</td>
            <td class="nowrap">
              <Instant at={run.startedAt} precise />
            </td>
            <td class="number nowrap">{formatElapsed(run.startedAt, run.finishedAt, view.now)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);

/** A day: each job's runs beside each other over time. */
export const dayTimelinePage = ({ shell, view }: { shell: Shell; view: DayTimeline }) =>
  toDocument(
    <Page title={`Timeline of ${formatDate(view.day)}`} shell={shell}>
      <header class="page-head">
        <h1>Timeline of {formatDate(view.day)}</h1>
        <a href={`/timeline?day=${view.before}`}>← {formatDate(view.before)}</a>
        {view.after && <a href={`/timeline?day=${view.after}`}>{formatDate(view.after)} →</a>}
        <a href="/runs">Runs</a>
      </header>
      {view.problem && (
        <p class="banner inline" role="alert">
          {view.problem}
        </p>
      )}
      <Bounds view={view} />
      {view.runs.length === 0 ? (
        <Empty>
          <p>
            Nothing ran then. <a href="/timeline">Show the last day on which something did</a>. <HowToFill />
          </p>
        </Empty>
      ) : (
        <>
          <Timeline groups={view.groups} span={view.span} label={`Runs of ${formatDate(view.day)} over time`} />
          {view.runs.length === view.limit && (
            <p class="note">The newest {formatCount(view.limit, "run")} of that time.</p>
          )}
          <Runs view={view} />
        </>
      )}
    </Page>,
  );

/** What a run's tasks and batches did when. */
export type RunTimeline = {
  id: number;
  jobTitle: string;
  state: string;
  groups: TimelineGroup[];
  span: Span;
  tries: TimedTry[];
  limit: number;
  now: Date;
};

/** A run: the tries of each task beside each other over time. */
export const runTimelinePage = ({ shell, view }: { shell: Shell; view: RunTimeline }) =>
  toDocument(
    <Page title={`Timeline of run ${view.id}`} shell={shell}>
      <header class="page-head">
        <h1>Timeline of run {view.id}</h1>
        <State state={view.state} />
        <span>of {view.jobTitle}</span>
        <a href={`/runs/${view.id}`}>Run</a>
        <a href={`/runs/${view.id}/log`}>Log</a>
      </header>
      {view.tries.length === 0 ? (
        <Empty>
          <p>
            No task has begun yet. <a href={`/runs/${view.id}`}>The run</a> says what it waits for.
          </p>
        </Empty>
      ) : (
        <>
          <Timeline groups={view.groups} span={view.span} label={`Tasks of run ${view.id} over time`} />
          {view.tries.length === view.limit && <p class="note">The first {formatCount(view.limit, "try", "tries")}.</p>}
          <TableScroll label="Tries">
            <table>
              <thead>
                <tr>
                  <th scope="col">Task</th>
                  <th scope="col" class="number">
                    Try
                  </th>
                  <th scope="col">State</th>
                  <th scope="col">Started</th>
                  <th scope="col" class="number">
                    Took
                  </th>
                </tr>
              </thead>
              <tbody>
                {view.tries.map((attempt) => (
                  <tr>
                    <th scope="row">
                      <a href={`/runs/${view.id}/tasks/${attempt.taskId}`}>
                        {attempt.name}
                        {attempt.mapIndex > 0 && ` ${attempt.mapIndex}`}
                      </a>
                    </th>
                    <td class="number">{attempt.number}</td>
                    <td>
                      <State state={attempt.state} />
                    </td>
                    <td class="nowrap">
                      <Instant at={attempt.startedAt} precise />
                    </td>
                    <td class="number nowrap">{formatElapsed(attempt.startedAt, attempt.finishedAt, view.now)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableScroll>
        </>
      )}
    </Page>,
  );
