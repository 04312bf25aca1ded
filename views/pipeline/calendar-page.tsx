import type { CalendarDay } from "../../server/pipeline/calendar-read.ts";
import { Empty, Instant, Section, State } from "../components.tsx";
import { formatSession } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { type Cell, MapLegend, type Mark, marks, YearMap } from "./calendar-map.tsx";

type SessionDay = Extract<CalendarDay, { kind: "session" }>;
type StepName = "ingest" | "load" | "transform";

/** A job as the calendar shows it, in the order in which data passes through them. */
export type CalendarJob = { step: StepName; id: string; title: string };

/** The day that somebody looks at: `null` day where the exchanges never trade on it. */
type ChosenDay = { date: string; day: CalendarDay | null };

/** What the address asks for, and what there is to choose from. */
export type CalendarView = {
  year: number;
  /** Years with runs and the current one, ascending. */
  years: number[];
  previous: number | null;
  next: number | null;
  /** Id of the one job to show; null: all. */
  job: string | null;
  jobs: CalendarJob[];
  days: CalendarDay[];
  chosen: ChosenDay | null;
  isActive: boolean;
};

/** The address of a view of the calendar. */
function calendarUrl({ year, day, job }: { year?: number; day?: string; job: string | null }): string {
  const parts = [year !== undefined && `year=${year}`, day && `day=${day}`, job && `job=${encodeURIComponent(job)}`];
  const query = parts.filter(Boolean).join("&");
  return query === "" ? "/calendar" : `/calendar?${query}`;
}

const wantMarks: Record<SessionDay["want"], Mark> = {
  due: "missing",
  upcoming: "upcoming",
  passed: "passed",
  unwanted: "unwanted",
};

function markOf(day: SessionDay, step: StepName): Mark {
  const made = day[step];
  if (made) return made.state;
  if (step === "ingest" || day.want === "upcoming") return wantMarks[day.want];
  return "unreached";
}

const wordsOf = (day: SessionDay, step: StepName) => marks[markOf(day, step)].label.toLowerCase();

/** "ingest success, load success, transform failed"; a day without a run needs no more than its first word. */
function tellDay(day: CalendarDay): string {
  if (day.kind === "holiday") return `closed, ${day.name}`;
  const steps = day.ingest ? (["ingest", "load", "transform"] as const) : (["ingest"] as const);
  const told = steps.map((step) => `${step} ${wordsOf(day, step)}`).join(", ");
  return day.earlyClose ? `${told}; early close` : told;
}

/** A day leads to its run; one without a run to what can be done about it. */
function cellsOf({ days, chosen, job }: CalendarView, step: StepName): Cell[] {
  return days.map((day) => {
    const runId = day.kind === "session" ? (day[step]?.runId ?? null) : null;
    return {
      date: day.date,
      mark: day.kind === "holiday" ? "closed" : markOf(day, step),
      text: tellDay(day),
      href: runId === null ? `${calendarUrl({ day: day.date, job })}#day` : `/runs/${runId}`,
      isEarlyClose: day.kind === "session" && day.earlyClose,
      isChosen: chosen?.date === day.date,
    };
  });
}

const YearNavigation = ({ view }: { view: CalendarView }) => {
  const url = (year: number) => calendarUrl({ year, job: view.job });
  return (
    <nav class="filter" aria-label="Year">
      {view.previous !== null && (
        <a href={url(view.previous)} rel="prev" aria-label={`Year before, ${view.previous}`}>
          ←
        </a>
      )}
      {view.years.map((year) => (
        <a href={url(year)} aria-current={year === view.year ? "true" : undefined}>
          {year}
        </a>
      ))}
      {view.next !== null && (
        <a href={url(view.next)} rel="next" aria-label={`Year after, ${view.next}`}>
          →
        </a>
      )}
    </nav>
  );
};

const JobNavigation = ({ view }: { view: CalendarView }) => (
  <nav class="filter" aria-label="Job">
    {[{ id: null, title: "All jobs" }, ...view.jobs].map(({ id, title }) => (
      <a href={calendarUrl({ year: view.year, job: id })} aria-current={id === view.job ? "true" : undefined}>
        {title}
      </a>
    ))}
  </nav>
);

const DayForm = ({ view }: { view: CalendarView }) => (
  <form class="day-form" method="get" action="/calendar#day">
    {view.job && <input type="hidden" name="job" value={view.job} />}
    <label for="calendar-day">Day</label>
    <input
      id="calendar-day"
      name="day"
      type="date"
      min="1999-01-01"
      max="2030-12-31"
      required
      value={view.chosen?.date ?? ""}
    />
    <button type="submit" class="button">
      Show
    </button>
  </form>
);

const stepNotes: Partial<Record<Mark, string>> = {
  missing: "The schedule wants it and has not queued it yet.",
  passed: "CATCHUP left it out: nobody fetches it unless asked.",
  unwanted: "Before START_DATE: nobody fetches it unless asked.",
  unreached: "What comes before has not got so far.",
  unchanged: "The load changed nothing, so there was nothing to build.",
  waiting: "Its event waits for the next run.",
};

const StepRow = ({ day, job }: { day: SessionDay; job: CalendarJob }) => {
  const mark = markOf(day, job.step);
  const runId = day[job.step]?.runId;
  return (
    <li>
      <b>{job.title}</b>
      <State state={mark} label={marks[mark].label} />
      {runId && <a href={`/runs/${runId}`}>Run {runId}</a>}
      <span class="note">{stepNotes[mark]}</span>
    </li>
  );
};

const RunSession = ({ day, job }: { day: SessionDay; job: CalendarJob }) => {
  if (day.want === "upcoming" && !day.ingest) {
    return (
      <p>
        Its data is final at <Instant at={day.settlesAt} /> in New York, and can be fetched from then on.
      </p>
    );
  }
  if (day.ingest?.state === "queued" || day.ingest?.state === "running") return null;
  return (
    <form class="run-session" method="post" action={`/jobs/${encodeURIComponent(job.id)}/runs`}>
      <input type="hidden" name="session" value={day.date} />
      <button type="submit" class={`button ${day.ingest ? "" : "primary"}`}>
        {day.ingest ? "Run again" : "Run it"}
      </button>
      <span class="note">
        {day.ingest
          ? "Fetches the session once more; load and transform follow by themselves."
          : "Fetches the session; load and transform follow by themselves."}
      </span>
    </form>
  );
};

const DayBody = ({ chosen, jobs }: { chosen: ChosenDay; jobs: CalendarJob[] }) => {
  const { day } = chosen;
  if (!day) return <p>The exchanges do not trade at weekends: there is nothing to fetch.</p>;
  if (day.kind === "holiday") return <p>{day.name}: the exchanges are closed, and there is nothing to fetch.</p>;
  const first = jobs[0];
  return (
    <>
      <ul class="day-steps">
        {jobs.map((job) => (
          <StepRow day={day} job={job} />
        ))}
      </ul>
      {first && <RunSession day={day} job={first} />}
    </>
  );
};

const DayPanel = ({ chosen, view }: { chosen: ChosenDay; view: CalendarView }) => (
  <section class="card day-panel" id="day" aria-labelledby="day-title" tabindex={-1}>
    <header>
      <h2 id="day-title">{formatSession(chosen.date)}</h2>
      {chosen.day?.kind === "session" && chosen.day.earlyClose && <span class="tag">closes at 13:00</span>}
      <a href={calendarUrl({ year: view.year, job: view.job })}>Close</a>
    </header>
    <DayBody chosen={chosen} jobs={view.jobs} />
  </section>
);

const Closures = ({ days }: { days: CalendarDay[] }) => {
  const closed = days.filter((day) => day.kind === "holiday");
  const early = days.filter((day) => day.kind === "session" && day.earlyClose);
  return (
    <Section id="closures" title="Holidays and early closes">
      <ul class="closures">
        {[...closed, ...early]
          .sort((one, other) => one.date.localeCompare(other.date))
          .map((day) => (
            <li>
              <span class={`day ${day.kind === "holiday" ? "closed" : "upcoming early"}`} aria-hidden="true" />
              <span class="nowrap">{formatSession(day.date)}</span>
              <span class="note">{day.kind === "holiday" ? day.name : "closes early"}</span>
            </li>
          ))}
      </ul>
    </Section>
  );
};

/** The maps and the chosen day; refreshes itself. */
export const CalendarLive = ({ view }: { view: CalendarView }) => {
  const shown = view.jobs.filter(({ id }) => view.job === null || id === view.job);
  const url = calendarUrl({ year: view.year, job: view.job, ...(view.chosen && { day: view.chosen.date }) });
  return (
    <div id="calendar-live" hx-get={url} hx-trigger={view.isActive ? "every 3s" : "every 30s"} hx-swap="outerMorph">
      {view.chosen && <DayPanel chosen={view.chosen} view={view} />}
      {view.days.length === 0 && (
        <Empty>
          <p>The trading calendar has no days in {view.year}.</p>
        </Empty>
      )}
      {shown.map((job) => {
        const cells = cellsOf(view, job.step);
        return (
          <Section id={job.step} title={job.title} aside={<MapLegend cells={cells} />}>
            <YearMap cells={cells} label={`${job.title}, sessions of ${view.year}`} />
          </Section>
        );
      })}
      <Closures days={view.days} />
    </div>
  );
};

/** A year of sessions, by what each job made of them. */
export const calendarPage = ({ shell, view }: { shell: Shell; view: CalendarView }) =>
  toDocument(
    <Page title={`Calendar ${view.year}`} shell={shell}>
      <header class="page-head calendar-head">
        <h1>Calendar {view.year}</h1>
        <YearNavigation view={view} />
        <JobNavigation view={view} />
        <DayForm view={view} />
      </header>
      <p class="lead" id="calendar-readout">
        A mark a session, a column a week. Each opens its run; one without a run offers to run it.
      </p>
      <CalendarLive view={view} />
    </Page>,
  );
