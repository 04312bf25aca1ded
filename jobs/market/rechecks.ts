import type { RecheckRound, RecheckSeries } from "../orchestrator/types.ts";
import { firstCalendarDate, lastSettledSession, newYorkDate, sessionsBetween } from "./calendar.ts";
import { addDays, weekdayOf } from "./dates.ts";

/** How many sessions ago those are that Saturdays fetch again: a month and a quarter, by when most corrections have come. */
const saturdayDistances = [63, 21];
/** Monday is 0. */
const saturday = 5;

/**
 * Which sessions are fetched again, and when: the last `sessions` after each new one, and on Saturdays two older ones. A first look at the
 * simulated market has its first round twice: what takes two answers in a row is there to be seen at once.
 */
export function createRechecks(sessions: number, isFirstLook = false): RecheckSeries[] {
  if (sessions === 0) return [];
  const once: RecheckSeries = {
    name: "first look",
    due: (now, done) => (done === undefined ? afterNewSession(sessions, now, undefined) : undefined),
  };
  return [
    ...(isFirstLook ? [once] : []),
    { name: "new session", due: (now, done) => afterNewSession(sessions, now, done) },
    { name: "saturday", due: onSaturday },
  ];
}

/**
 * Of several new sessions at once the newest has the round, with what the first of them would have fetched again: no
 * session has fewer answers to be compared because nobody was there.
 */
function afterNewSession(sessions: number, now: Date, done: string | undefined): RecheckRound | undefined {
  const newest = lastSettledSession(now);
  if (newest === null || newest <= (done ?? "")) return undefined;
  const all = sessionsBetween(firstCalendarDate, newest);
  const before = (position: number) => all.slice(Math.max(0, position - sessions), position);
  const first = done === undefined ? all.length - 1 : all.findIndex((session) => session > done);
  return { key: newest, after: newest, partitions: [...new Set([...before(first), ...before(all.length - 1)])] };
}

/** A Saturday that nobody was there for is made up for; that before the first start is not. */
function onSaturday(now: Date, done: string | undefined): RecheckRound | undefined {
  const today = newYorkDate(now);
  const weekday = weekdayOf(today);
  const key = addDays(today, -((weekday - saturday + 7) % 7));
  if (key <= (done ?? "")) return undefined;
  const all = sessionsBetween(firstCalendarDate, key);
  const last = all.at(-1);
  if (last === undefined) return undefined;
  const wanted = done === undefined && weekday !== saturday ? [] : saturdayDistances;
  return { key, after: last, partitions: wanted.flatMap((distance) => all.at(-1 - distance) ?? []) };
}
