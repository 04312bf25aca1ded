import { formatInteger, formatSession, monthNames, weekdayOf } from "../format.ts";

/** How a weekday is drawn in the map of one job. */
export type Mark =
  | "success"
  | "unchanged"
  | "running"
  | "queued"
  | "waiting"
  | "failed"
  | "cancelled"
  | "missing"
  | "passed"
  | "unwanted"
  | "upcoming"
  | "unreached"
  | "closed";

/** What the marks are called, in the order of the legend. */
export const marks: Record<Mark, { label: string; explanation: string }> = {
  success: { label: "Success", explanation: "done" },
  unchanged: { label: "Unchanged", explanation: "the load changed nothing, so there was nothing to build" },
  running: { label: "Running", explanation: "under way" },
  queued: { label: "Queued", explanation: "waiting for its turn" },
  waiting: { label: "Waiting", explanation: "for the next run to claim its event" },
  failed: { label: "Failed", explanation: "its run failed" },
  cancelled: { label: "Cancelled", explanation: "its run was cancelled" },
  missing: { label: "Missing", explanation: "settled and wanted, without a run" },
  passed: { label: "Passed over", explanation: "left out by CATCHUP; can be run" },
  unwanted: { label: "Not wanted", explanation: "before START_DATE; can be run" },
  unreached: { label: "Not reached", explanation: "what comes before has not got so far" },
  upcoming: { label: "Upcoming", explanation: "its data is not final yet" },
  closed: { label: "Closed", explanation: "holiday" },
};
const order = Object.keys(marks) as Mark[];

/** One weekday in the map of one job. */
export type Cell = {
  date: string;
  mark: Mark;
  /** What the mark says in words, for the other jobs too. */
  text: string;
  href: string;
  isEarlyClose: boolean;
  isChosen: boolean;
};

const Day = ({ cell }: { cell: Cell }) => {
  const name = `${formatSession(cell.date)}: ${cell.text}`;
  return (
    // biome-ignore lint/a11y/useAnchorContent: the label is its content; an element more in each of 750 is felt
    <a
      class={`day ${cell.mark}${cell.isEarlyClose ? " early" : ""}`}
      href={cell.href}
      title={name}
      aria-label={name}
      aria-current={cell.isChosen ? "date" : undefined}
    />
  );
};

const Month = ({ cells }: { cells: Cell[] }) => {
  const first = cells[0];
  if (!first) return null;
  return (
    <div class="month">
      <h3>{monthNames[Number(first.date.slice(5, 7)) - 1]}</h3>
      <div class="weeks">
        {Array.from({ length: weekdayOf(first.date) }, () => (
          <span class="day blank" />
        ))}
        {cells.map((cell) => (
          <Day cell={cell} />
        ))}
      </div>
    </div>
  );
};

/** A year of weekdays: months side by side, a week a column, Monday on top. */
export const YearMap = ({ cells, label }: { cells: Cell[]; label: string }) => (
  // biome-ignore lint/a11y/useSemanticElements: a group of days is no fieldset
  <div class="year-map" role="group" aria-label={label}>
    {[...Map.groupBy(cells, ({ date }) => date.slice(0, 7)).values()].map((ofMonth) => (
      <Month cells={ofMonth} />
    ))}
  </div>
);

/** What the marks of a map mean, and how many days carry each. */
export const MapLegend = ({ cells }: { cells: Cell[] }) => {
  const counts = new Map<Mark, number>();
  for (const { mark } of cells) counts.set(mark, (counts.get(mark) ?? 0) + 1);
  return (
    <ul class="legend">
      {order
        .filter((mark) => counts.has(mark))
        .map((mark) => (
          <li title={marks[mark].explanation}>
            <span class={`day ${mark}`} aria-hidden="true" /> {marks[mark].label}{" "}
            <b>{formatInteger(counts.get(mark) ?? 0)}</b>
          </li>
        ))}
    </ul>
  );
};
