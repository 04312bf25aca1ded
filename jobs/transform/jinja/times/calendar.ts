import { fail } from "../values.ts";

export const months = [
  ...["January", "February", "March", "April", "May", "June"],
  ...["July", "August", "September", "October", "November", "December"],
];
export const weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

export const pad = (value: number, width = 2, filler = "0") => String(value).padStart(width, filler);

const isLeap = (year: number) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const daysIn = (year: number, month: number) =>
  month === 2 && isLeap(year) ? 29 : (lengths[month - 1] ?? fail("month must be in 1..12"));

const before = (year: number) =>
  365 * (year - 1) + Math.floor((year - 1) / 4) - Math.floor((year - 1) / 100) + Math.floor((year - 1) / 400);

export function dayOfYear(year: number, month: number, day: number): number {
  let days = day;
  for (let earlier = 1; earlier < month; earlier++) days += daysIn(year, earlier);
  return days;
}

/** Days since the last one of the year 0, as Python counts them. */
export const ordinalOf = (year: number, month: number, day: number) => before(year) + dayOfYear(year, month, day);

const lastOrdinal = 3_652_059;

export function fromOrdinal(ordinal: number): { year: number; month: number; day: number } {
  if (ordinal < 1 || ordinal > lastOrdinal) return fail("the date is out of range: years go from 1 to 9999");
  let year = Math.floor(ordinal / 365.2425) + 1;
  while (before(year) >= ordinal) year--;
  while (before(year + 1) < ordinal) year++;
  let day = ordinal - before(year);
  let month = 1;
  for (; day > daysIn(year, month); month++) day -= daysIn(year, month);
  return { year, month, day };
}

/** 0 is Monday. */
export const weekdayOf = (ordinal: number) => (ordinal + 6) % 7;

/** The Monday of the first week of an ISO year: that of its 4th of January. */
export function firstMonday(year: number): number {
  const fourth = ordinalOf(year, 1, 4);
  return fourth - weekdayOf(fourth);
}

/** ISO year, week and day. */
export function isoCalendar(ordinal: number): [number, number, number] {
  const { year } = fromOrdinal(ordinal);
  const own = [year + 1, year, year - 1].find((candidate) => firstMonday(candidate) <= ordinal) ?? year;
  return [own, Math.floor((ordinal - firstMonday(own)) / 7) + 1, weekdayOf(ordinal) + 1];
}

/** Refuses what the calendar and the clock do not have. */
export function checkDate(year: number, month: number, day: number): void {
  if (year < 1 || year > 9999) fail(`year ${year} is out of range`);
  if (month < 1 || month > 12) fail("month must be in 1..12");
  if (day < 1 || day > daysIn(year, month)) fail("day is out of range for month");
}

export type Clock = { hour: number; minute: number; second: number; microsecond: number };

export function checkClock({ hour, minute, second, microsecond }: Clock): void {
  if (hour < 0 || hour > 23) fail("hour must be in 0..23");
  if (minute < 0 || minute > 59) fail("minute must be in 0..59");
  if (second < 0 || second > 59) fail("second must be in 0..59");
  if (microsecond < 0 || microsecond > 999_999) fail("microsecond must be in 0..999999");
}

/** `13:05:07.000012`, or up to what `timespec` names. */
export function clockText(clock: Clock, timespec = "auto"): string {
  const { hour, minute, second, microsecond } = clock;
  const parts = [pad(hour), pad(minute), pad(second)];
  switch (timespec) {
    case "auto":
      return parts.join(":") + (microsecond > 0 ? `.${pad(microsecond, 6)}` : "");
    case "hours":
      return parts.slice(0, 1).join(":");
    case "minutes":
      return parts.slice(0, 2).join(":");
    case "seconds":
      return parts.join(":");
    case "milliseconds":
      return `${parts.join(":")}.${pad(Math.floor(microsecond / 1000), 3)}`;
    case "microseconds":
      return `${parts.join(":")}.${pad(microsecond, 6)}`;
    default:
      return fail(`'${timespec}' is no timespec`);
  }
}

/** `+05:30`; with seconds where there are any. */
export function offsetText(seconds: number, colon = ":"): string {
  const size = Math.abs(seconds);
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60, ...(size % 60 > 0 ? [size % 60] : [])];
  return (seconds < 0 ? "-" : "+") + parts.map((part) => pad(part)).join(colon);
}
