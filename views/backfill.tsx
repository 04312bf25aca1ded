import { Calendar, CalendarLegend, type Day, dateRange } from "./calendar.tsx";
import { Empty, Fact, Instant, Pager, Progress, Section, State } from "./components.tsx";
import { formatInteger, formatLabel, formatValue } from "./format.ts";
import { CancelBackfill } from "./job-runs.tsx";
import { Page, toDocument } from "./layout.tsx";
import { type ListedRun, RunTable } from "./run-table.tsx";
import type { Shell } from "./shell.ts";

export type BackfillDetail = {
  now: Date;
  id: number;
  jobId: string;
  jobTitle: string;
  state: string;
  from: string;
  to: string;
  reprocess: string;
  createdAt: Date;
  finishedAt: Date | null;
  counts: { runs: number; queued: number; running: number; success: number; failed: number; cancelled: number };
  /** Plain values of its plan. */
  plan: [string, unknown][];
  days: Day[];
  runs: ListedRun[];
  older: number | null;
  isFirstPage: boolean;
  isActive: boolean;
  /** Whether its job starts no runs until somebody resumes it. */
  isPaused: boolean;
  url: string;
};

const Head = ({ backfill }: { backfill: BackfillDetail }) => (
  <>
    <header class="page-head">
      <h1>Backfill {backfill.id}</h1>
      <State state={backfill.state} />
      <span>
        of <a href={`/jobs/${encodeURIComponent(backfill.jobId)}`}>{backfill.jobTitle}</a>
      </span>
      {backfill.isActive && <CancelBackfill id={backfill.id} />}
    </header>
    <p class="lead">
      {dateRange(backfill.from, backfill.to)}, {backfill.reprocess} sessions
      {backfill.isActive &&
        backfill.isPaused &&
        `. ${backfill.jobTitle} is paused: what is queued waits until somebody resumes it`}
    </p>
    <Progress value={backfill.counts.success} max={backfill.counts.runs || 1} label="Runs done" />
  </>
);

const Facts = ({ backfill }: { backfill: BackfillDetail }) => (
  <dl class="facts">
    <Fact term="Runs">{formatInteger(backfill.counts.runs)}</Fact>
    <Fact term="Queued">{formatInteger(backfill.counts.queued)}</Fact>
    <Fact term="Running">{formatInteger(backfill.counts.running)}</Fact>
    <Fact term="Success">{formatInteger(backfill.counts.success)}</Fact>
    <Fact term="Failed" class={backfill.counts.failed ? "bad" : ""}>
      {formatInteger(backfill.counts.failed)}
    </Fact>
    <Fact term="Cancelled">{formatInteger(backfill.counts.cancelled)}</Fact>
    <Fact term="Asked for">
      <Instant at={backfill.createdAt} />
    </Fact>
    <Fact term="Ended">
      <Instant at={backfill.finishedAt} />
    </Fact>
    {backfill.plan.map(([key, value]) => (
      <Fact term={formatLabel(key)}>{formatValue(value)}</Fact>
    ))}
  </dl>
);

/** A backfill's progress, sessions and runs; refreshes itself while it is at work. */
export const BackfillLive = ({ backfill }: { backfill: BackfillDetail }) => (
  <div
    id="backfill-live"
    {...(backfill.isActive && { "hx-get": backfill.url, "hx-trigger": "every 1s", "hx-swap": "outerMorph" })}
  >
    <Head backfill={backfill} />
    <Facts backfill={backfill} />
    <Section id="sessions" title="Sessions" note="Each mark leads to the run that answers for it">
      {backfill.days.length === 0 ? (
        <Empty>
          <p>Later runs have taken over every session of this backfill.</p>
        </Empty>
      ) : (
        <>
          <Calendar days={backfill.days} label="Sessions of" />
          <CalendarLegend days={backfill.days} />
        </>
      )}
    </Section>
    <Section id="runs" title="Runs">
      <RunTable runs={backfill.runs} now={backfill.now} label={`Runs of backfill ${backfill.id}`} />
      <Pager
        newer={backfill.isFirstPage ? null : `/backfills/${backfill.id}#runs`}
        older={backfill.older === null ? null : `/backfills/${backfill.id}?before=${backfill.older}#runs`}
      />
    </Section>
  </div>
);

/** One backfill. */
export const backfillPage = ({ shell, backfill }: { shell: Shell; backfill: BackfillDetail }) =>
  toDocument(
    <Page title={`Backfill ${backfill.id}`} shell={shell}>
      <BackfillLive backfill={backfill} />
    </Page>,
  );
