import { PermanentError } from "../orchestrator/errors.ts";
import { closuresOf, regularClose, tradingHours } from "./closures.ts";
import { datesBetween, weekdayOf } from "./dates.ts";
import { newYorkDate, newYorkInstant } from "./new-york.ts";

export { newYorkDate } from "./new-york.ts";

/** The first date that the calendar knows. */
export const firstCalendarDate = "1999-01-01";
/** The last date that the calendar knows. */
export const lastCalendarDate = "2030-12-31";

/**
 * How long after the regular close a session's data is final. Extended hours end at 20:00 in New York, four hours after
 * the close, and the vendor's end-of-day answer follows within the hour. Early closes wait until the same time of day.
 */
const settlesAfterCloseMs = 5 * 3_600_000;

/** One trading day of the New York exchanges; the instants are UTC. */
export type Session = { date: string; opensAt: Date; closesAt: Date; earlyClose: boolean };

type Calendar = {
  /** Every session, ascending. */
  sessions: readonly string[];
  /** For each date of the range: the position of the first session on or after it. */
  positions: ReadonlyMap<string, number>;
  closures: ReadonlyMap<string, string>;
};

let built: Calendar | undefined;

function build(): Calendar {
  const sessions: string[] = [];
  const positions = new Map<string, number>();
  const closures = new Map<string, string>();
  for (let year = Number(firstCalendarDate.slice(0, 4)); year <= Number(lastCalendarDate.slice(0, 4)); year += 1) {
    for (const [date, name] of closuresOf(year)) closures.set(date, name);
  }
  for (const date of datesBetween(firstCalendarDate, lastCalendarDate)) {
    positions.set(date, sessions.length);
    if (weekdayOf(date) < 5 && !closures.has(date)) sessions.push(date);
  }
  return { sessions, positions, closures };
}

function calendar(): Calendar {
  built ??= build();
  return built;
}

/** Whether a text is a day that exists, written YYYY-MM-DD. */
export function isIsoDate(text: string): boolean {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : new Date(Number.NaN);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function positionOf(date: string): number {
  const position = calendar().positions.get(date);
  if (position !== undefined) return position;
  if (!isIsoDate(date)) {
    throw new PermanentError(`"${date}" is not a date.`, { advice: "Write dates as YYYY-MM-DD, such as 2025-01-02." });
  }
  throw new PermanentError(
    `${date} is outside the trading calendar, which covers ${firstCalendarDate} to ${lastCalendarDate}.`,
    { advice: "Choose a date in that range." },
  );
}

/** Whether the New York exchanges trade on an ISO date. Like all below, a PermanentError outside the calendar's range. */
export function isSession(date: string): boolean {
  return calendar().sessions[positionOf(date)] === date;
}

/** The sessions from one ISO date to another, both included, ascending; none when `from` is after `to`. */
export function sessionsBetween(from: string, to: string): string[] {
  const end = positionOf(to) + (isSession(to) ? 1 : 0);
  return calendar().sessions.slice(positionOf(from), Math.max(end, positionOf(from)));
}

/** The session of an ISO date with its hours; undefined on weekends, holidays and other closures. */
export function sessionOf(date: string): Session | undefined {
  if (!isSession(date)) return undefined;
  const { opens, closes } = tradingHours(date);
  return {
    date,
    opensAt: newYorkInstant(date, opens),
    closesAt: newYorkInstant(date, closes),
    earlyClose: closes < regularClose,
  };
}

/** Why the exchanges are closed on a weekday, such as "Good Friday"; undefined on sessions and weekends. */
export function holidayName(date: string): string | undefined {
  positionOf(date);
  return calendar().closures.get(date);
}

/** The first session after an ISO date. */
export function nextSession(date: string): string {
  const next = calendar().sessions[positionOf(date) + (isSession(date) ? 1 : 0)];
  if (next === undefined) throw new PermanentError(`The trading calendar ends on ${lastCalendarDate}.`);
  return next;
}

/** The last session before an ISO date. */
export function previousSession(date: string): string {
  const previous = calendar().sessions[positionOf(date) - 1];
  if (previous === undefined) throw new PermanentError(`The trading calendar begins on ${firstCalendarDate}.`);
  return previous;
}

/** When a session's data is final (see settlesAfterCloseMs). A PermanentError when the date is not a session. */
export function settlesAt(date: string): Date {
  if (!isSession(date)) throw new PermanentError(`${date} is not a trading session.`);
  return new Date(newYorkInstant(date, regularClose).getTime() + settlesAfterCloseMs);
}

/** Where in the calendar the first session stands whose data is not final at `now`; at its end, behind the last one. */
function firstUnsettled(now: Date): number {
  const today = newYorkDate(now);
  if (today < firstCalendarDate) return 0;
  if (today > lastCalendarDate) return calendar().sessions.length;
  return positionOf(today) + (isSession(today) && settlesAt(today) <= now ? 1 : 0);
}

/** The next `count` sessions whose data is not final at `now`, ascending; fewer at the calendar's end. */
export function upcomingSessions(now: Date, count: number): string[] {
  const first = firstUnsettled(now);
  return calendar().sessions.slice(first, first + count);
}

/** The last session whose data is final at `now`, however long ago it was: of those that the calendar knows, or null. */
export function lastSettledSession(now: Date): string | null {
  return calendar().sessions[firstUnsettled(now) - 1] ?? null;
}

/** The sessions on or after an ISO date whose data is final at `now`, ascending. */
export function settledSessions(from: string, now: Date): string[] {
  const today = newYorkDate(now);
  const sessions = sessionsBetween(from, today);
  if (sessions.at(-1) === today && settlesAt(today) > now) sessions.pop();
  return sessions;
}
