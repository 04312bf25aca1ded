import type { BackfillRow } from "../../db/queries/backfills/read-backfills.ts";
import { type BackfillForm, BackfillFormView } from "../backfills/backfill-form.tsx";
import { describedBy, Empty, Fact, Field, Instant, Progress, Section, State } from "../components.tsx";
import { formatCount, formatInteger, formatSession } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { dateRange } from "./calendar.tsx";
import { CancelBackfill, JobRuns, type RunList } from "./job-runs.tsx";
import { type JobSchedule, PauseControl, PauseNote, SchedulePanel } from "./job-schedule.tsx";

/** A job as it is declared, and as it stands. */
export type JobFacts = {
  id: string;
  title: string;
  description: string;
  isPaused: boolean;
  tasks: { name: string; description: string; isMapped: boolean }[];
  schedule: JobSchedule | null;
  triggeredBy: string[];
  produces: string[];
  queued: number;
  running: number;
  failed: number;
  /** Events that no run has claimed; null in jobs that no event wakes. */
  waitingEvents: number | null;
};

/** The form that queues one run: what it asks depends on the job. `errors` by field; under `form` what belongs to none. */
export type RunForm = {
  kind: "session" | "events" | "rebuild" | "export";
  session: string;
  errors: Record<string, string>;
};

export type JobPageProps = {
  shell: Shell;
  now: Date;
  job: JobFacts;
  list: RunList;
  runForm: RunForm;
  /** Null in jobs that do not run by session. */
  backfill: BackfillForm | null;
  backfills: BackfillRow[];
};

const Wakes = ({ job }: { job: JobFacts }) => (
  <Fact term="Runs when">
    {job.schedule ? "a session has settled" : "a dataset event waits"}
    <small>
      {job.schedule ? (
        <a href="#schedule">catchup {job.schedule.catchup}</a>
      ) : (
        job.triggeredBy.map((dataset) => <code class="break">{dataset}</code>)
      )}
    </small>
  </Fact>
);

const Facts = ({ job }: { job: JobFacts }) => (
  <dl class="facts">
    <Wakes job={job} />
    {job.schedule?.upcoming[0] && (
      <Fact term="Next session">
        {formatSession(job.schedule.upcoming[0].session)}
        <small>
          due <Instant at={job.schedule.upcoming[0].dueAt} />
        </small>
      </Fact>
    )}
    {job.waitingEvents !== null && <Fact term="Events waiting">{formatInteger(job.waitingEvents)}</Fact>}
    <Fact term="Queued">{formatInteger(job.queued)}</Fact>
    <Fact term="Running">{formatInteger(job.running)}</Fact>
    <Fact term="Failed" class={job.failed ? "bad" : ""}>
      {formatInteger(job.failed)}
    </Fact>
    {job.produces.length > 0 && (
      <Fact term="Records events for">
        <small>
          {job.produces.map((dataset) => (
            <code class="break">{dataset}</code>
          ))}
        </small>
      </Fact>
    )}
  </dl>
);

const Tasks = ({ job }: { job: JobFacts }) => (
  <ol class="tasks">
    {job.tasks.map((task) => (
      <li>
        <b>{task.name}</b> {task.isMapped && <span class="tag">batches in parallel</span>}
        <span class="note">{task.description}</span>
      </li>
    ))}
  </ol>
);

const runFormNotes: Record<RunForm["kind"], string> = {
  session: "Fetches one session, also when it was fetched before.",
  events: "Loads what waits in the lake, without waiting for its turn.",
  rebuild: "Builds the models, tests them, and publishes.",
  export: "Writes what differs from the current build to the lake.",
};

const SessionField = ({ form }: { form: RunForm }) => (
  <Field id="session" label="Session" error={form.errors.session}>
    <input
      id="session"
      name="session"
      type="date"
      required
      value={form.session}
      {...describedBy("session", false, form.errors.session)}
    />
  </Field>
);

const RunFormView = ({ job, form }: { job: JobFacts; form: RunForm }) => (
  <form id="run-now" class="card form" method="post" action={`/jobs/${encodeURIComponent(job.id)}/runs`} novalidate>
    <h2>Run now</h2>
    <p class="note">{runFormNotes[form.kind]}</p>
    {form.errors.form && (
      <p class="field-error" role="alert">
        {form.errors.form}
      </p>
    )}
    {form.kind === "session" && <SessionField form={form} />}
    {form.kind === "rebuild" && (
      <label class="check" for="full-refresh">
        <input id="full-refresh" type="checkbox" name="fullRefresh" value="yes" />
        <span>Full refresh: build every table from nothing</span>
      </label>
    )}
    <p class="actions">
      <button type="submit" class="button">
        Run
      </button>
    </p>
  </form>
);

const endedOf = ({ success, failed, cancelled }: BackfillRow) => success + failed + cancelled;

const BackfillItem = ({ backfill }: { backfill: BackfillRow }) => (
  <li>
    <p class="where">
      <a href={`/backfills/${backfill.id}`}>Backfill {backfill.id}</a>
      <State state={backfill.paused ? "paused" : backfill.state} />
      <span class="tag">{backfill.reprocess}</span>
      <Instant at={backfill.createdAt} />
    </p>
    <p>{dateRange(backfill.from, backfill.to)}</p>
    <Progress value={endedOf(backfill)} max={backfill.runs || 1} label={`Runs of backfill ${backfill.id} ended`} />
    <div class="meter">
      <span>
        {formatInteger(endedOf(backfill))} of {formatCount(backfill.runs, "run")}
        {backfill.failed > 0 && `: ${formatInteger(backfill.failed)} failed`}
      </span>
      {(backfill.state === "running" || backfill.state === "queued") && <CancelBackfill id={backfill.id} />}
    </div>
  </li>
);

const Backfills = ({ backfills }: { backfills: BackfillRow[] }) => (
  <Section id="backfills" title="Backfills" aside={<a href="/backfills">All</a>}>
    {backfills.length === 0 ? (
      <Empty>
        <p>None yet.</p>
      </Empty>
    ) : (
      <ul class="backfills">
        {backfills.map((backfill) => (
          <BackfillItem backfill={backfill} />
        ))}
      </ul>
    )}
  </Section>
);

/** One job: what it is, its runs, and the forms to run it. */
export const jobPage = (props: JobPageProps) =>
  toDocument(
    <Page title={props.job.title} shell={props.shell}>
      <header class="page-head">
        <h1>{props.job.title}</h1>
        <code>{props.job.id}</code>
        {props.job.isPaused && <State state="paused" />}
        <PauseControl job={props.job} />
      </header>
      <p class="lead">{props.job.description}</p>
      <PauseNote job={props.job} />
      <Facts job={props.job} />
      <div class="split">
        <div>
          <JobRuns job={props.job} list={props.list} now={props.now} />
          {props.job.schedule && <SchedulePanel schedule={props.job.schedule} now={props.now} />}
          <Section id="tasks" title="Tasks of a run">
            <Tasks job={props.job} />
          </Section>
        </div>
        <div class="rail">
          <RunFormView job={props.job} form={props.runForm} />
          {props.backfill && <BackfillFormView form={props.backfill} />}
          {props.backfill && <Backfills backfills={props.backfills} />}
        </div>
      </div>
    </Page>,
  );
