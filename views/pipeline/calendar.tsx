import { formatDate, formatInteger, formatSession, monthNames, weekdayOf } from "../format.ts";

/** How far a day has come, from the least to the most. */
export type DayState =
  | "closed"
  | "upcoming"
  | "unwanted"
  | "missing"
  | "queued"
  | "running"
  | "failed"
  | "cancelled"
  | "fetched"
  | "loaded"
  | "published";

/** One weekday of a calendar. `holiday` names why the exchanges are closed. */
export type Day = { date: string; state: DayState; runId: number | null; holiday?: string };

const meanings: Record<DayState, { label: string; explanation: string }> = {
  published: { label: "Published", explanation: "in the models' tables" },
  loaded: { label: "Loaded", explanation: "in the warehouse, models not yet built" },
  fetched: { label: "Fetched", explanation: "raw answer in the lake, not yet loaded" },
  running: { label: "Running", explanation: "being fetched now" },
  queued: { label: "Queued", explanation: "waiting for its turn" },
  failed: { label: "Failed", explanation: "its run failed" },
  cancelled: { label: "Cancelled", explanation: "its run was cancelled" },
  missing: { label: "Missing", explanation: "wanted, without a run" },
  unwanted: { label: "Not wanted", explanation: "before START_DATE or past catchup; a backfill can fetch it" },
  upcoming: { label: "Upcoming", explanation: "not settled yet" },
  closed: { label: "Closed", explanation: "holiday" },
};
const order = Object.keys(meanings) as DayState[];

const describe = (day: Day) =>
  `${formatSession(day.date)}: ${day.holiday ?? `${meanings[day.state].label.toLowerCase()}, ${meanings[day.state].explanation}`}`;

const Cell = ({ day }: { day: Day }) => {
  const text = describe(day);
  const label = <span class="visually-hidden">{text}</span>;
  return day.runId === null ? (
    <span class={`day ${day.state}`} title={text}>
      {label}
    </span>
  ) : (
    <a class={`day ${day.state}`} href={`/runs/${day.runId}`} title={text}>
      {label}
    </a>
  );
};

const Month = ({ month, days }: { month: string; days: Day[] }) => {
  const first = days[0];
  // A month that begins in the middle of a week leaves its first weekdays empty.
  const offset = first ? weekdayOf(first.date) : 0;
  return (
    <div class="month">
      <h3>{monthNames[Number(month.slice(5, 7)) - 1]}</h3>
      <div class="days">
        {Array.from({ length: offset }, () => (
          <span class="day blank" />
        ))}
        {days.map((day) => (
          <Cell day={day} />
        ))}
      </div>
    </div>
  );
};

/** Weekdays as one block a month, Monday to Friday across; each day with a run links to it. */
export const Calendar = ({ days, label }: { days: Day[]; label: string }) => {
  const months = Map.groupBy(days, (day) => day.date.slice(0, 7));
  const years = Map.groupBy([...months], ([month]) => month.slice(0, 4));
  return (
    <div class="calendar">
      {[...years].map(([year, ofYear]) => (
        <>
          {years.size > 1 && <h3 class="year">{year}</h3>}
          {/* biome-ignore lint/a11y/useSemanticElements: a group of days is no fieldset */}
          <div class="months" role="group" aria-label={`${label} ${year}`}>
            {ofYear.map(([month, ofMonth]) => (
              <Month month={month} days={ofMonth} />
            ))}
          </div>
        </>
      ))}
    </div>
  );
};

/** What the marks mean, and how many days carry each. */
export const CalendarLegend = ({ days }: { days: Day[] }) => {
  const counts = new Map<DayState, number>();
  for (const day of days) counts.set(day.state, (counts.get(day.state) ?? 0) + 1);
  return (
    <ul class="legend">
      {order
        .filter((state) => counts.has(state))
        .map((state) => (
          <li title={meanings[state].explanation}>
            <span class={`day ${state}`} aria-hidden="true" /> {meanings[state].label}{" "}
            <b>{formatInteger(counts.get(state) ?? 0)}</b>
          </li>
        ))}
    </ul>
  );
};

/** "2 Jan 2025 to 20 Nov 2026", or a single day. */
export const dateRange = (from: string, to: string) =>
  from === to ? formatDate(from) : `${formatDate(from)} to ${formatDate(to)}`;
