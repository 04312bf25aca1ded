import type { BackfillRow } from "../../db/queries/backfills/read-backfills.ts";
import type { RunRow } from "../../db/queries/pipeline/read-runs.ts";
import { Confirm, Empty, Fact, Instant, Pager, Progress, Section, State } from "../components.tsx";
import { formatCount, formatDuration, formatElapsed, formatInteger, formatRate, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import { ActionList } from "../operations/actions.tsx";
import { dateRange } from "../pipeline/calendar.tsx";
import { CancelBackfill } from "../pipeline/job-runs.tsx";
import { RunTable } from "../pipeline/run-table.tsx";
import type { Shell } from "../shell.ts";
import { type BackfillBeside, Plan, Settings } from "./backfill-beside.tsx";
import { MapLegend, type MapSession, SessionMap } from "./session-map.tsx";

export type BackfillDetail = Omit<BackfillRow, "jobPaused"> & {
  now: Date;
  jobTitle: string;
  counts: Pick<BackfillRow, "runs" | "queued" | "running" | "success" | "failed" | "cancelled">;
  progress: {
    unit: "session" | "batch";
    done: number;
    total: number;
    perMinute: number | null;
    callsPerMinute: number | null;
    timeLeftMs: number | null;
  };
  /** Whether its job starts no runs until somebody resumes it. */
  isJobPaused: boolean;
};

/** The part with a mark for every session. */
export type BackfillSessions = { id: number; isActive: boolean; sessions: MapSession[] };

/** One page of its runs. */
export type BackfillRunList = {
  id: number;
  now: Date;
  isActive: boolean;
  runs: RunRow[];
  older: number | null;
  isFirstPage: boolean;
  url: string;
};

const shownState = ({ paused, isActive, state }: BackfillDetail) => (paused && isActive ? "paused" : state);

const Buttons = ({ backfill: { id, isActive, paused, counts } }: { backfill: BackfillDetail }) => (
  <div class="page-actions">
    {isActive && (
      <form method="post" action={`/backfills/${id}/${paused ? "resume" : "pause"}`}>
        <button type="submit" class={`button ${paused ? "primary" : ""}`}>
          {paused ? "Resume" : "Pause"}
        </button>
      </form>
    )}
    {counts.failed > 0 && (
      <Confirm
        id={`retry-backfill-${id}`}
        summary={`Retry ${formatInteger(counts.failed)} failed…`}
        question="The same runs are queued again, so that this page goes on telling what became of each session. Sessions that a later run has taken over are left alone."
        action={`/backfills/${id}/retry`}
        button="Retry what failed"
      />
    )}
    {isActive && <CancelBackfill id={id} />}
  </div>
);

const Waiting = ({ backfill }: { backfill: BackfillDetail }) => {
  if (!backfill.isActive) return null;
  if (backfill.paused)
    return (
      <p class="note">
        Paused: what is under way ends, nothing more begins, and other work has its places. Sessions of the day run as
        ever.
      </p>
    );
  return backfill.isJobPaused ? (
    <p class="note">{backfill.jobTitle} is paused: what is queued waits until somebody resumes it.</p>
  ) : null;
};

const pluralUnits = { session: "sessions", batch: "batches" };

const Rate = ({ backfill: { progress } }: { backfill: BackfillDetail }) => (
  <>
    <Fact term="Rate lately">
      {progress.perMinute === null ? none : `${formatRate(progress.perMinute)} ${pluralUnits[progress.unit]}/min`}
      {progress.callsPerMinute !== null && <small>{formatRate(progress.callsPerMinute)} calls/min</small>}
    </Fact>
    <Fact term="Time left">
      {progress.timeLeftMs === null ? none : `about ${formatDuration(Math.max(1000, progress.timeLeftMs))}`}
    </Fact>
  </>
);

const Facts = ({ backfill }: { backfill: BackfillDetail }) => (
  <dl class="facts">
    <Fact term="Queued">{formatInteger(backfill.counts.queued)}</Fact>
    <Fact term="Running">{formatInteger(backfill.counts.running)}</Fact>
    <Fact term="Success">{formatInteger(backfill.counts.success)}</Fact>
    <Fact term="Failed" class={backfill.counts.failed ? "bad" : ""}>
      {formatInteger(backfill.counts.failed)}
    </Fact>
    <Fact term="Cancelled">{formatInteger(backfill.counts.cancelled)}</Fact>
    {backfill.isActive && <Rate backfill={backfill} />}
    <Fact term="Asked for">
      <Instant at={backfill.createdAt} />
      {backfill.createdBy && <small>by {backfill.createdBy}</small>}
    </Fact>
    {backfill.finishedAt && (
      <Fact term="Ended">
        <Instant at={backfill.finishedAt} />
      </Fact>
    )}
    <Fact term={backfill.finishedAt ? "Took" : "For"}>
      {formatElapsed(backfill.createdAt, backfill.finishedAt, backfill.now)}
    </Fact>
  </dl>
);

const amount = ({ progress: { unit, done, total } }: BackfillDetail) =>
  total === 0 ? "No session to run" : `${formatInteger(done)} of ${formatCount(total, unit, pluralUnits[unit])} ended`;

/** How a backfill gets on; refreshes itself while it is at work. */
export const BackfillLive = ({ backfill }: { backfill: BackfillDetail }) => (
  <div
    id="backfill-live"
    {...(backfill.isActive && {
      "hx-get": `/backfills/${backfill.id}`,
      "hx-trigger": "every 1s",
      "hx-swap": "outerMorph",
    })}
  >
    <header class="page-head">
      <h1>Backfill {backfill.id}</h1>
      <State state={shownState(backfill)} />
      <span>
        of <a href={`/jobs/${encodeURIComponent(backfill.jobId)}`}>{backfill.jobTitle}</a>
      </span>
      <Buttons backfill={backfill} />
    </header>
    <p class="lead">
      {dateRange(backfill.from, backfill.to)}, {backfill.reprocess} sessions, {backfill.order} first
      {backfill.concurrency !== null && `, at most ${backfill.concurrency} at a time`}
    </p>
    <Waiting backfill={backfill} />
    <div class="backfill-progress">
      <Progress value={backfill.progress.done} max={backfill.progress.total || 1} label={amount(backfill)} />
      <p class="note">{amount(backfill)}</p>
    </div>
    <Facts backfill={backfill} />
  </div>
);

/** Thousands of marks are heavy to send and to compare: they are refreshed less often. */
const refreshEvery = (sessions: number) => (sessions <= 300 ? "every 1s" : "every 4s");

/** Every session; refreshes itself while the backfill is at work. */
export const BackfillMap = ({ part }: { part: BackfillSessions }) => (
  <div
    id="backfill-map"
    {...(part.isActive && {
      "hx-get": `/backfills/${part.id}`,
      "hx-trigger": refreshEvery(part.sessions.length),
      "hx-swap": "outerMorph",
    })}
  >
    <Section
      id="sessions"
      title="Sessions"
      note="Each mark leads to its run"
      aside={part.sessions.length > 60 && <a href="#runs">Skip to the runs</a>}
    >
      {part.sessions.length === 0 ? (
        <Empty>
          <p>Its plan names no session.</p>
        </Empty>
      ) : (
        <>
          <MapLegend sessions={part.sessions} />
          <SessionMap sessions={part.sessions} />
        </>
      )}
    </Section>
  </div>
);

/** The runs, the newest first; refreshes itself while the backfill is at work. */
export const BackfillRuns = ({ list }: { list: BackfillRunList }) => (
  <div
    id="backfill-runs"
    {...(list.isActive && { "hx-get": list.url, "hx-trigger": "every 2s", "hx-swap": "outerMorph" })}
  >
    <Section id="runs" title="Runs">
      {list.runs.length === 0 ? (
        <Empty>
          <p>It queued no run: nothing of its range was left to do.</p>
        </Empty>
      ) : (
        <RunTable runs={list.runs} now={list.now} label={`Runs of backfill ${list.id}`} />
      )}
      <Pager
        newer={list.isFirstPage ? null : `/backfills/${list.id}#runs`}
        older={list.older === null ? null : `/backfills/${list.id}?before=${list.older}#runs`}
      />
    </Section>
  </div>
);

type PageProps = {
  shell: Shell;
  backfill: BackfillDetail;
  part: BackfillSessions;
  list: BackfillRunList;
  beside: BackfillBeside;
};

/** One backfill. */
export const backfillPage = ({ shell, backfill, part, list, beside }: PageProps) =>
  toDocument(
    <Page title={`Backfill ${backfill.id}`} shell={shell}>
      <BackfillLive backfill={backfill} />
      {/* One run for all its sessions has nothing to order or to limit. */}
      {backfill.isActive && backfill.counts.runs > 1 && <Settings id={backfill.id} beside={beside} />}
      <BackfillMap part={part} />
      <div class="split backfill">
        <BackfillRuns list={list} />
        <div class="rail">
          <Plan beside={beside} />
          {beside.actions.length > 0 && (
            <Section id="deeds" title="Who did what">
              <ActionList actions={beside.actions} titles={{ [backfill.jobId]: backfill.jobTitle }} />
            </Section>
          )}
        </div>
      </div>
    </Page>,
  );
