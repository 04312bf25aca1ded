import type { Quarantine } from "../../db/queries/market/read-quarantines.ts";
import type { ActionRow } from "../../db/queries/operations/read-actions.ts";
import type { EventSeen } from "../../db/queries/pipeline/read-events.ts";
import type { ModelResult, TestResult } from "../../db/queries/pipeline/read-results.ts";
import type { RunDetail } from "../../db/queries/pipeline/read-runs.ts";
import { ErrorNote, Fact, Instant, Section, State } from "../components.tsx";
import { formatCount, formatElapsed, formatInteger, formatLabel, formatPartition, formatValue } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import { ActionList } from "../operations/actions.tsx";
import type { Shell } from "../shell.ts";
import { EventTable, type JobTitles } from "./events.tsx";
import { RunActions } from "./run-actions.tsx";
import { Held, Models, Rejects, type RejectsView, Tests } from "./run-results.tsx";
import { Step, type StepView } from "./run-steps.tsx";

export type RunView = Omit<RunDetail, "parameters" | "summary"> & {
  now: Date;
  jobTitle: string;
  parameters: [string, unknown][];
  summary: [string, unknown][];
  isActive: boolean;
  canRetry: boolean;
  /** Whether it only compares the session with what is known of it. */
  isRecheck: boolean;
  /** Why the last request could not be done. */
  problem: string | null;
  /** The path and query that give this view again. */
  url: string;
  steps: StepView[];
  claimed: EventSeen[];
  claimedAll: number;
  produced: EventSeen[];
  producedAll: number;
  actions: ActionRow[];
  titles: JobTitles;
  rejects: RejectsView;
  models: ModelResult[];
  tests: TestResult[];
  /** Tickers of which it has held rows back, with those rows. */
  held: Quarantine[];
};

const Trigger = ({ run }: { run: RunView }) => {
  if (run.backfillId !== null) return <a href={`/backfills/${run.backfillId}`}>backfill {run.backfillId}</a>;
  const told: Record<string, string> = { dataset: "dataset events", manual: "by hand" };
  return <span>{told[run.trigger] ?? run.trigger}</span>;
};

const Facts = ({ run }: { run: RunView }) => (
  <dl class="facts">
    {run.partition && (
      <Fact term="Session">
        {formatPartition(run.partition, run.partitionTo)}
        {!run.isLatestOfPartition && (
          <small>{run.isRecheck ? "checked again; another run answers for it" : "a later run answers for it"}</small>
        )}
      </Fact>
    )}
    <Fact term="Trigger">
      <Trigger run={run} />
    </Fact>
    <Fact term="Queued">
      <Instant at={run.createdAt} precise />
    </Fact>
    <Fact term="Started">
      <Instant at={run.startedAt} precise />
    </Fact>
    <Fact term={run.finishedAt ? "Took" : "Running for"}>{formatElapsed(run.startedAt, run.finishedAt, run.now)}</Fact>
    {run.parameters.map(([key, value]) => (
      <Fact term={formatLabel(key)}>{formatValue(value)}</Fact>
    ))}
  </dl>
);

const Summary = ({ run }: { run: RunView }) => (
  <dl class="facts strong">
    {run.summary.map(([key, value]) => (
      <Fact term={formatLabel(key)}>{formatValue(value)}</Fact>
    ))}
  </dl>
);

const shownOf = (shown: number, all: number) =>
  all > shown ? `The first ${formatInteger(shown)} of ${formatInteger(all)} events` : formatCount(all, "event");

/** Exactly which events a run claimed, and which runs its own events woke. */
const Events = ({ run }: { run: RunView }) => (
  <>
    {run.claimed.length > 0 && (
      <Section
        id="claimed"
        title="Events claimed"
        note={`${shownOf(run.claimed.length, run.claimedAll)}: what this run works on`}
      >
        <EventTable events={run.claimed} titles={run.titles} now={run.now} label="Events claimed" />
      </Section>
    )}
    {run.produced.length > 0 && (
      <Section
        id="produced"
        title="Events produced"
        note={`${shownOf(run.produced.length, run.producedAll)}: what this run made known, and whom that woke`}
      >
        <EventTable
          events={run.produced}
          titles={run.titles}
          now={run.now}
          label="Events produced"
          without="producer"
        />
      </Section>
    )}
  </>
);

const Results = ({ run }: { run: RunView }) => (
  <>
    <Events run={run} />
    {run.held.length > 0 && <Held held={run.held} />}
    {run.models.length > 0 && <Models models={run.models} />}
    {run.tests.length > 0 && <Tests tests={run.tests} />}
    {run.rejects.reasons.length > 0 && <Rejects rejects={run.rejects} />}
    {run.actions.length > 0 && (
      <Section id="actions" title="What people did">
        <ActionList actions={run.actions} titles={run.titles} />
      </Section>
    )}
  </>
);

/** Everything about a run; refreshes itself, and stops soon after the run has ended. */
export const RunLive = ({ run }: { run: RunView }) => (
  <div
    id="run"
    {...((run.isActive || (run.finishedAt && run.now.getTime() - run.finishedAt.getTime() < 60_000)) && {
      "hx-get": run.url,
      "hx-trigger": run.isActive ? "every 1s" : "every 5s",
      "hx-swap": "outerMorph",
    })}
  >
    <header class="page-head">
      <h1>Run {run.id}</h1>
      <State state={run.state} />
      <span>
        of <a href={`/jobs/${encodeURIComponent(run.jobId)}`}>{run.jobTitle}</a>
      </span>
      <a href={`/runs/${run.id}/log`}>Log</a>
      <a href={`/runs/${run.id}/timeline`}>Timeline</a>
      <RunActions run={run} />
    </header>
    {run.problem && (
      <p class="banner inline" role="alert">
        {run.problem}
      </p>
    )}
    <Facts run={run} />
    {run.error && <ErrorNote error={run.error} />}
    {run.summary.length > 0 && <Summary run={run} />}
    <Section id="steps" title="Tasks">
      <ol class="steps">
        {run.steps.map((step) => (
          <Step step={step} now={run.now} />
        ))}
      </ol>
    </Section>
    <Results run={run} />
  </div>
);

/** One run. */
export const runPage = ({ shell, run }: { shell: Shell; run: RunView }) =>
  toDocument(
    <Page title={`Run ${run.id}, ${run.jobTitle}`} shell={shell}>
      <RunLive run={run} />
    </Page>,
  );
