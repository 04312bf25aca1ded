import { raw } from "hono/html";
import { formatInteger, formatSession, monthNames, weekdayOf } from "../format.ts";
import { type ShownReason, tellReason } from "./reasons.ts";

/** One date of a backfill: how its run stands, or why it has none. */
export type MapSession = {
  date: string;
  state: "queued" | "running" | "success" | "failed" | "cancelled" | "skipped" | "closed";
  runId: number | null;
  reason: ShownReason | null;
};

const meanings: Record<MapSession["state"], { label: string; explanation: string }> = {
  success: { label: "Success", explanation: "its run succeeded" },
  running: { label: "Running", explanation: "at work now" },
  queued: { label: "Queued", explanation: "waiting for its turn" },
  failed: { label: "Failed", explanation: "its run failed" },
  cancelled: { label: "Cancelled", explanation: "its run was cancelled" },
  skipped: { label: "Skipped", explanation: "this backfill leaves it alone" },
  closed: { label: "Closed", explanation: "holiday" },
};
const order = Object.keys(meanings) as MapSession["state"][];

/** Everything that a cell means, in words: for the reader who points at it, and for the one who cannot see it. */
const describe = ({ date, state, runId, reason }: MapSession) => {
  const head = `${formatSession(date)}: ${meanings[state].label.toLowerCase()}`;
  if (state === "skipped" || state === "closed") return reason === null ? head : `${head}, ${tellReason(reason)}`;
  return reason === null ? `${head}, run ${runId}` : `${head}, run ${runId} (${tellReason(reason)})`;
};

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeTitle = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");

/** A cell, whose name is its title: the glyph is the style sheet's and has no words. */
function cell(session: MapSession): string {
  const title = escapeTitle(describe(session));
  return session.runId === null
    ? `<i class="s ${session.state}" role="img" title="${title}"></i>`
    : `<a class="s ${session.state}" href="/runs/${session.runId}" title="${title}"></a>`;
}

const dayMs = 86_400_000;

/** Weekdays between two dates that have no cell, so that each cell keeps its column. */
function gapBefore(date: string, before: string | undefined): number {
  if (before === undefined) return weekdayOf(date);
  const days = (Date.parse(date) - Date.parse(before)) / dayMs;
  return days - 1 - (weekdayOf(date) < weekdayOf(before) ? 2 : 0) - 2 * Math.floor((days - 1) / 7);
}

const gap = '<i class="gap"></i>';

const cells = (sessions: MapSession[]) =>
  sessions
    .map(
      (session, index) => gap.repeat(Math.max(0, gapBefore(session.date, sessions[index - 1]?.date))) + cell(session),
    )
    .join("");

const Month = ({ month, sessions }: { month: string; sessions: MapSession[] }) => (
  <div class="month">
    <h4>{monthNames[Number(month.slice(5, 7)) - 1]}</h4>
    {/* Raw, as 2,500 cells take 35 ms as elements and 5 ms as text: states are a closed list, ids are numbers, and titles
      are escaped above. */}
    <div class="grid">{raw(cells(sessions))}</div>
  </div>
);

/** Every session of a backfill, one block a month, Monday to Friday across; each leads to its run. */
export const SessionMap = ({ sessions }: { sessions: MapSession[] }) => {
  const months = Map.groupBy(sessions, ({ date }) => date.slice(0, 7));
  const years = Map.groupBy([...months], ([month]) => month.slice(0, 4));
  return (
    <div class="session-map">
      {[...years].map(([year, ofYear]) => (
        // biome-ignore lint/a11y/useSemanticElements: a group of sessions is no fieldset
        <div class="year" role="group" aria-label={`Sessions of ${year}`}>
          <h3>{year}</h3>
          <div class="year-months">
            {ofYear.map(([month, ofMonth]) => (
              <Month month={month} sessions={ofMonth} />
            ))}
          </div>
        </div>
      ))}
    </div>
  );
};

/** What the marks mean, and how many sessions carry each. */
export const MapLegend = ({ sessions }: { sessions: MapSession[] }) => {
  const counts = new Map<MapSession["state"], number>();
  for (const { state } of sessions) counts.set(state, (counts.get(state) ?? 0) + 1);
  return (
    <ul class="legend session-legend">
      {order
        .filter((state) => counts.has(state))
        .map((state) => (
          <li title={meanings[state].explanation}>
            <i class={`s ${state}`} aria-hidden="true" /> {meanings[state].label}{" "}
            <b>{formatInteger(counts.get(state) ?? 0)}</b>
          </li>
        ))}
    </ul>
  );
};
