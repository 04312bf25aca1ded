import type { Problem } from "../../db/queries/pipeline/read-problems.ts";
import { Ago, Empty, ErrorNote, Fact, Progress, Section, State } from "../components.tsx";
import {
  formatBytes,
  formatCompact,
  formatCount,
  formatDate,
  formatDuration,
  formatInteger,
  formatPartition,
  formatRate,
  formatSession,
  none,
} from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import { WatchPanel } from "../market/watch-panel.tsx";
import type { WatchPanelView } from "../market/watchlist-types.ts";
import { MissingRole } from "../missing-roles.tsx";
import type { Shell } from "../shell.ts";
import { Calendar, CalendarLegend, type Day } from "./calendar.tsx";

/** One job as the overview tells it; `unit` is a plural noun, `perMinute` counts them. */
export type JobPanel = {
  id: string;
  title: string;
  does: string;
  state: "paused" | "running" | "queued" | "waiting" | "idle";
  /** Events that no run has claimed. */
  waiting: number;
  queued: number;
  running: number;
  failed: number;
  /** Whether it goes on without anybody. */
  isAtWork: boolean;
  /** Items that are neither done nor failed. */
  ahead: number;
  done: number;
  total: number;
  unit: string;
  perMinute: number | null;
  leftMs: number | null;
  lastSuccess: { runId: number; at: Date | null } | null;
  /** Runs under way: what they cover and how far their step is. */
  active: { runId: number; label: string; task: string | null; detail: string | null }[];
};

/** A failed run that nothing has made good yet, and how many others failed in the same words. */
type ListedProblem = Problem & { alike: number; jobTitle: string };

export type OverviewStatus = {
  now: Date;
  headline: string;
  isWorking: boolean;
  panels: JobPanel[];
  lastPublished: string | null;
  lastSettled: string | null;
  /** Settled sessions after the last published one. */
  behind: number;
  nextDue: { session: string; at: Date } | null;
  size: { bars: number; isEstimate: boolean; tickers: number; databaseBytes: number };
  range: { first: string; last: string } | null;
  problems: ListedProblem[];
  /** What no living process does. */
  missingRoles: string[];
};

export type Coverage = { year: number; years: number[]; days: Day[]; isActive: boolean };

const Counts = ({ panel, now }: { panel: JobPanel; now: Date }) => (
  <dl class="counts">
    <Fact term="Queued">{formatInteger(panel.queued)}</Fact>
    <Fact term="Running">{formatInteger(panel.running)}</Fact>
    <Fact term="Failed" class={panel.failed > 0 ? "bad" : ""}>
      {panel.failed > 0 ? (
        <a href={`/jobs/${encodeURIComponent(panel.id)}?state=failed`}>{formatInteger(panel.failed)}</a>
      ) : (
        "0"
      )}
    </Fact>
    <Fact term="Last success">
      {panel.lastSuccess ? (
        <a href={`/runs/${panel.lastSuccess.runId}`}>
          <Ago at={panel.lastSuccess.at} now={now} />
        </a>
      ) : (
        none
      )}
    </Fact>
  </dl>
);

const Panel = ({ panel, now }: { panel: JobPanel; now: Date }) => (
  <li class={`panel ${panel.state}`}>
    <header>
      <h2>
        <a href={`/jobs/${encodeURIComponent(panel.id)}`}>{panel.title}</a>
      </h2>
      {panel.state === "waiting" ? (
        <State state="waiting" label={`${formatCount(panel.waiting, "event")} waiting`} />
      ) : (
        <State state={panel.state} />
      )}
    </header>
    <p class="does">{panel.does}</p>
    <Progress value={panel.done} max={panel.total || 1} label={`${panel.title}: ${panel.unit} done`} />
    <p class="meter">
      <span>
        <b>{formatInteger(panel.done)}</b> of {formatInteger(panel.total)} {panel.unit}
      </span>
      <span>
        {panel.perMinute !== null && `${formatRate(panel.perMinute)} a minute`}
        {panel.leftMs !== null && `, ${formatDuration(panel.leftMs)} left`}
      </span>
    </p>
    <Counts panel={panel} now={now} />
    {panel.active.length > 0 && (
      <ul class="active">
        {panel.active.map((run) => (
          <li>
            <a href={`/runs/${run.runId}`}>{run.label}</a>
            <span>
              {run.task} <b>{run.detail}</b>
            </span>
          </li>
        ))}
      </ul>
    )}
  </li>
);

const Figures = ({ status }: { status: OverviewStatus }) => (
  <dl class="figures">
    <Fact term="Last session published">
      {status.lastPublished ? formatSession(status.lastPublished) : "None yet"}
      <small>
        {status.lastPublished === null || status.lastSettled === null
          ? "shows once the first transform is through"
          : status.behind === 0
            ? "up to date with the exchange"
            : `${formatCount(status.behind, "session")} behind ${formatDate(status.lastSettled)}`}
      </small>
    </Fact>
    <Fact term="Next session due">
      {status.nextDue ? formatSession(status.nextDue.session) : none}
      <small>
        {status.nextDue && `settles in ${formatDuration(status.nextDue.at.getTime() - status.now.getTime())}`}
      </small>
    </Fact>
    <Fact term="Bars in the warehouse">
      {status.size.isEstimate ? `≈ ${formatCompact(status.size.bars)}` : formatInteger(status.size.bars)}
      <small>{formatBytes(status.size.databaseBytes)} in the database</small>
    </Fact>
    <Fact term="Tickers known">
      <a href="/tickers">{formatInteger(status.size.tickers)}</a>
      <small>
        {status.range ? `${formatDate(status.range.first)} to ${formatDate(status.range.last)}` : "no sessions yet"}
      </small>
    </Fact>
  </dl>
);

/** Leads to what a retry of all of them would do, and asks there. */
const RetryAlike = ({ problem }: { problem: ListedProblem }) => (
  <form method="post" action="/runs/preview" class="retry-alike">
    <input type="hidden" name="alike" value={problem.id} />
    <input type="hidden" name="scope" value="all" />
    <button type="submit" class="button" name="change" value="retry">
      Retry all {formatInteger(problem.alike + 1)}…
    </button>
  </form>
);

const FailedRuns = ({ status }: { status: OverviewStatus }) => (
  <ul class="problems">
    {status.problems.map((problem) => (
      <li>
        <p class="where">
          <State state="failed" /> <a href={`/runs/${problem.id}`}>Run {problem.id}</a>
          <span>{problem.jobTitle}</span>
          {problem.partition !== null && <span>{formatPartition(problem.partition, problem.partitionTo)}</span>}
          <Ago at={problem.finishedAt} now={status.now} />
          {problem.alike > 0 && (
            <a href={`/runs?alike=${problem.id}`}>and {formatCount(problem.alike, "other run")} alike</a>
          )}
        </p>
        {problem.error && <ErrorNote error={problem.error} />}
        {problem.alike > 0 && <RetryAlike problem={problem} />}
      </li>
    ))}
  </ul>
);

const Problems = ({ status }: { status: OverviewStatus }) => (
  <Section id="problems" title="Problems">
    {status.missingRoles.map((role) => (
      <MissingRole called={role} />
    ))}
    {status.problems.length > 0 && <FailedRuns status={status} />}
    {status.problems.length + status.missingRoles.length === 0 && (
      <p class="note">None. A failed run shows here, with its reason and what to do about it.</p>
    )}
  </Section>
);

/** What to do where nothing is published and nothing is on its way, as with CATCHUP=none. */
const Beginning = ({ status }: { status: OverviewStatus }) => (
  <Empty>
    <p>
      Nothing is published, and nothing is on its way.{" "}
      {status.nextDue && (
        <>The next session comes by itself once it has settled, {formatSession(status.nextDue.session)}. </>
      )}
      <a href="/backfills/new">Start a backfill</a> to fetch past sessions.
    </p>
  </Empty>
);

/** The part of the overview that changes from second to second; refreshes itself. */
export const OverviewLive = ({ status }: { status: OverviewStatus }) => (
  <div id="overview" hx-get="/" hx-trigger={status.isWorking ? "every 1s" : "every 5s"} hx-swap="outerMorph">
    <h1 class="headline">
      <State state={status.isWorking ? "running" : "idle"} label={status.isWorking ? "Working" : "Idle"} />
      <span>{status.headline}</span>
    </h1>
    <ol class="panels" aria-label="Jobs, in the order in which data passes through them">
      {status.panels.map((panel) => (
        <Panel panel={panel} now={status.now} />
      ))}
    </ol>
    {status.lastPublished === null && !status.isWorking && status.problems.length === 0 && (
      <Beginning status={status} />
    )}
    <Figures status={status} />
    <Problems status={status} />
  </div>
);

/** Every weekday of a year and how far it has come; refreshes itself. */
export const CoverageLive = ({ coverage }: { coverage: Coverage }) => (
  <div
    id="coverage-live"
    hx-get={`/?year=${coverage.year}`}
    hx-trigger={coverage.isActive ? "every 3s" : "every 30s"}
    hx-swap="outerMorph"
  >
    <Section
      id="coverage"
      title="Coverage by session"
      note="One mark a weekday, Monday to Friday; each leads to its run"
      aside={
        <nav class="filter" aria-label="Year">
          {coverage.years.map((year) => (
            <a href={`/?year=${year}#coverage`} aria-current={year === coverage.year ? "true" : undefined}>
              {year}
            </a>
          ))}
        </nav>
      }
    >
      <Calendar days={coverage.days} label="Sessions of" />
      <CalendarLegend days={coverage.days} />
    </Section>
  </div>
);

type OverviewProps = { shell: Shell; status: OverviewStatus; coverage: Coverage; watch: WatchPanelView };

/** What the pipeline is doing, how fresh the data is, and what needs somebody. */
export const overviewPage = ({ shell, status, coverage, watch }: OverviewProps) =>
  toDocument(
    <Page title="Overview" shell={shell}>
      <OverviewLive status={status} />
      <WatchPanel panel={watch} />
      <CoverageLive coverage={coverage} />
    </Page>,
  );
