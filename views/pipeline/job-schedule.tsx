import { Ago, Confirm, Fact, Instant, Section, TableScroll } from "../components.tsx";
import { formatCount, formatInteger, formatSession, formatUtc, none } from "../format.ts";

type Catchup = "all" | "latest" | "none";

/** A schedule as it is declared, and as it stands. */
export type JobSchedule = {
  cron: string;
  timeZone: string;
  catchup: Catchup;
  upcoming: { session: string; dueAt: Date }[];
  /** Due sessions without a run: those that the schedule wants, and those that catchup left out. */
  missing: number;
  passedOver: number;
  /** Sessions up to this one are left out; null where none is. */
  after: string | null;
  /** The process that looks; null where none does. */
  leader: { owner: string; host: string; pid: number; startedAt: Date; heartbeatAt: Date } | null;
};

type PausableJob = { id: string; isPaused: boolean; schedule: JobSchedule | null; queued: number };

const afterPause: Record<Catchup, string> = {
  all: "Sessions that come due meanwhile are queued when it is resumed: none is lost.",
  latest: "Of the sessions that come due meanwhile, only the newest is queued when it is resumed.",
  none: "Sessions that come due meanwhile are passed over; a backfill can fetch them.",
};
const eventsAfterPause = "Events that come meanwhile wait for it: none is lost.";

/** Pauses after a question that says what it means; resumes at once. */
export const PauseControl = ({ job }: { job: PausableJob }) => {
  const base = `/jobs/${encodeURIComponent(job.id)}`;
  if (job.isPaused) {
    return (
      <form method="post" action={`${base}/resume`}>
        <button type="submit" class="button primary">
          Resume
        </button>
      </form>
    );
  }
  const meanwhile = job.schedule ? afterPause[job.schedule.catchup] : eventsAfterPause;
  return (
    <Confirm
      id="pause"
      summary="Pause…"
      question={`Runs under way go on to their end, and no other begins until somebody resumes the job. ${meanwhile}`}
      action={`${base}/pause`}
      button="Pause this job"
    />
  );
};

/** What a pause holds up, while there is one. */
export const PauseNote = ({ job }: { job: PausableJob }) => {
  if (!job.isPaused) return null;
  const held = [
    job.queued > 0 && `${formatCount(job.queued, "run")} queued`,
    job.schedule?.missing && `${formatCount(job.schedule.missing, "due session")} without a run`,
  ].filter(Boolean);
  return (
    <p class="pause-note" role="note">
      Paused: no run of it begins, scheduled, asked for or backfilled.{" "}
      {held.length > 0 && `It holds up ${held.join(" and ")}.`}{" "}
      {job.schedule ? afterPause[job.schedule.catchup] : eventsAfterPause}
    </p>
  );
};

const catchupWords: Record<Catchup, { label: string; explanation: string }> = {
  all: { label: "Every session missed", explanation: "since START_DATE, oldest first, behind the day’s own" },
  latest: { label: "The newest session missed", explanation: "those before it are passed over" },
  none: { label: "No session missed", explanation: "only what comes due while Barline runs and the job is not paused" },
};

const CatchupFact = ({ schedule }: { schedule: JobSchedule }) => (
  <Fact term={`Catches up (CATCHUP=${schedule.catchup})`}>
    {catchupWords[schedule.catchup].label}
    <small>{catchupWords[schedule.catchup].explanation}</small>
  </Fact>
);

const Facts = ({ schedule, now }: { schedule: JobSchedule; now: Date }) => (
  <dl class="facts schedule-facts">
    <CatchupFact schedule={schedule} />
    <Fact term="Due without a run">
      {schedule.missing > 0 ? <a href="/calendar">{formatInteger(schedule.missing)}</a> : "0"}
    </Fact>
    {schedule.catchup !== "all" && (
      <Fact term="Passed over">
        {schedule.passedOver > 0 ? <a href="/calendar">{formatInteger(schedule.passedOver)}</a> : "0"}
        {schedule.after && <small>up to {formatSession(schedule.after)}</small>}
      </Fact>
    )}
    <Fact term="Looks at it" class={schedule.leader ? "" : "bad"}>
      {schedule.leader ? (
        <>
          {schedule.leader.host}, process {schedule.leader.pid}
          <small>
            seen <Ago at={schedule.leader.heartbeatAt} now={now} />; another takes over when it ends
          </small>
        </>
      ) : (
        <>
          Nobody
          <small>the next process to beat takes it, within seconds</small>
        </>
      )}
    </Fact>
  </dl>
);

const Upcoming = ({ upcoming }: { upcoming: JobSchedule["upcoming"] }) => (
  <TableScroll label="Next due sessions">
    <table class="upcoming">
      <thead>
        <tr>
          <th scope="col">Next sessions</th>
          <th scope="col">Due in New York</th>
          <th scope="col">Due in UTC</th>
          <th scope="col" data-own-zone hidden>
            Due where you are
          </th>
        </tr>
      </thead>
      <tbody>
        {upcoming.map(({ session, dueAt }) => (
          <tr>
            <th scope="row">{formatSession(session)}</th>
            <td>
              <Instant at={dueAt} />
            </td>
            <td>{formatUtc(dueAt).slice(0, 16)}</td>
            <td data-own-time={dueAt.toISOString()} hidden>
              {none}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </TableScroll>
);

/** What is due next and when, what is missing, and who looks at it. */
export const SchedulePanel = ({ schedule, now }: { schedule: JobSchedule; now: Date }) => (
  <Section
    id="schedule"
    title="Schedule"
    note={
      <>
        looks at <code>{schedule.cron}</code> {schedule.timeZone}, and at every start. What is due comes from the
        trading calendar, so a look that is missed loses nothing
      </>
    }
  >
    <Facts schedule={schedule} now={now} />
    {schedule.upcoming.length > 0 && <Upcoming upcoming={schedule.upcoming} />}
  </Section>
);
