import { PermanentError } from "../orchestrator/errors.ts";

const hourMs = 3_600_000;
const cacheLimit = 100_000;

/** What the clocks of New York show during one UTC hour. Its offset and its date change on whole UTC hours only. */
type Hour = { offsetMs: number; date: string };

let formatter: Intl.DateTimeFormat | undefined;
const hours = new Map<number, Hour>();

function readClocks(instantMs: number): Hour {
  formatter ??= new Intl.DateTimeFormat("en-US", {
    timeZone: "America/New_York",
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  const read = Object.fromEntries(formatter.formatToParts(instantMs).map((part) => [part.type, Number(part.value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = read;
  const wallMs = Date.UTC(year, month - 1, day, hour, minute, second);
  return { offsetMs: wallMs - instantMs, date: new Date(wallMs).toISOString().slice(0, 10) };
}

/** Asking Intl costs microseconds, and a load asks for millions of bars: each UTC hour is asked for once. */
function hourOf(instantMs: number): Hour {
  const hour = Math.floor(instantMs / hourMs);
  const known = hours.get(hour);
  if (known) return known;
  if (!isInstant(instantMs)) {
    throw new PermanentError(`${instantMs} is not an instant.`);
  }
  if (hours.size >= cacheLimit) hours.clear();
  const read = readClocks(hour * hourMs);
  hours.set(hour, read);
  return read;
}

/** No Date lies further from 1970, by ECMA-262. */
const furthestMs = 8.64e15;

const isInstant = (instantMs: number): boolean => Math.abs(instantMs) <= furthestMs;

/** The date in New York of a number that ought to be an instant, in milliseconds since 1970 UTC; undefined for what is none. */
export const dateOfInstant = (value: unknown): string | undefined =>
  typeof value === "number" && isInstant(value) ? newYorkDate(value) : undefined;

/** The ISO date that a calendar on a wall in New York shows at an instant (a Date, or milliseconds since 1970 UTC). */
export function newYorkDate(instant: Date | number): string {
  return hourOf(Number(instant)).date;
}

/** The instant at which the clocks of New York show `minutes` after midnight of an ISO date. */
export function newYorkInstant(date: string, minutes: number): Date {
  const wallMs = Date.parse(`${date}T00:00:00Z`) + minutes * 60_000;
  const nearMs = wallMs - hourOf(wallMs + 5 * hourMs).offsetMs;
  return new Date(wallMs - hourOf(nearMs).offsetMs);
}
