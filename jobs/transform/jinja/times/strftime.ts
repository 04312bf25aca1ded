import { fail } from "../values.ts";
import { type Clock, dayOfYear, isoCalendar, months, offsetText, pad, weekdayOf, weekdays } from "./calendar.ts";

type Formatted = {
  year: number;
  month: number;
  day: number;
  ordinal: number;
  clock: Clock;
  zone: { offset: number | undefined; abbreviation: string } | undefined;
};

/** Weeks of a year that begin with a given day; those before the first are week 0. */
const weekFrom = (at: Formatted, first: number) => {
  const yearDay = dayOfYear(at.year, at.month, at.day) - 1;
  return Math.floor((yearDay + 7 - ((weekdayOf(at.ordinal) - first + 7) % 7)) / 7);
};

const hour12 = (at: Formatted) => at.clock.hour % 12 || 12;
const monthName = (at: Formatted) => months[at.month - 1] ?? "";
const weekdayName = (at: Formatted) => weekdays[weekdayOf(at.ordinal)] ?? "";

/** Numbers and the width to which they are filled. */
const numbers: Record<string, (at: Formatted) => [value: number, width: number, filler?: string]> = {
  C: (at) => [Math.floor(at.year / 100), 2],
  d: (at) => [at.day, 2],
  e: (at) => [at.day, 2, " "],
  f: (at) => [at.clock.microsecond, 6],
  g: (at) => [isoCalendar(at.ordinal)[0] % 100, 2],
  G: (at) => [isoCalendar(at.ordinal)[0], 1],
  H: (at) => [at.clock.hour, 2],
  I: (at) => [hour12(at), 2],
  j: (at) => [dayOfYear(at.year, at.month, at.day), 3],
  k: (at) => [at.clock.hour, 2, " "],
  l: (at) => [hour12(at), 2, " "],
  m: (at) => [at.month, 2],
  M: (at) => [at.clock.minute, 2],
  S: (at) => [at.clock.second, 2],
  u: (at) => [weekdayOf(at.ordinal) + 1, 1],
  U: (at) => [weekFrom(at, 6), 2],
  V: (at) => [isoCalendar(at.ordinal)[1], 2],
  w: (at) => [(weekdayOf(at.ordinal) + 1) % 7, 1],
  W: (at) => [weekFrom(at, 0), 2],
  y: (at) => [at.year % 100, 2],
  // As the C library of most machines writes it: years before 1000 are not filled up.
  Y: (at) => [at.year, 1],
};

const texts: Record<string, (at: Formatted) => string> = {
  "%": () => "%",
  a: (at) => weekdayName(at).slice(0, 3),
  A: weekdayName,
  b: (at) => monthName(at).slice(0, 3),
  B: monthName,
  c: (at) => formatMoment(at, "%a %b %e %H:%M:%S %Y"),
  D: (at) => formatMoment(at, "%m/%d/%y"),
  F: (at) => formatMoment(at, "%Y-%m-%d"),
  h: (at) => monthName(at).slice(0, 3),
  n: () => "\n",
  p: (at) => (at.clock.hour < 12 ? "AM" : "PM"),
  P: (at) => (at.clock.hour < 12 ? "am" : "pm"),
  r: (at) => formatMoment(at, "%I:%M:%S %p"),
  R: (at) => formatMoment(at, "%H:%M"),
  s: (at) =>
    String(
      (at.ordinal - 719_163) * 86_400 +
        at.clock.hour * 3600 +
        at.clock.minute * 60 +
        at.clock.second -
        (at.zone?.offset ?? 0),
    ),
  t: () => "\t",
  T: (at) => formatMoment(at, "%H:%M:%S"),
  x: (at) => formatMoment(at, "%m/%d/%y"),
  X: (at) => formatMoment(at, "%H:%M:%S"),
  z: (at) => (at.zone?.offset === undefined ? "" : offsetText(at.zone.offset, "")),
  Z: (at) => at.zone?.abbreviation ?? "",
};

/** Python's strftime, in English. `%-d` fills with nothing, `%_d` with blanks. */
export function formatMoment(at: Formatted, format: string): string {
  return format.replace(/%([-_0^]?)([\s\S])/g, (whole, flag: string, letter: string) => {
    const number = Object.hasOwn(numbers, letter) ? numbers[letter]?.(at) : undefined;
    if (number) {
      const [value, width, filler = "0"] = number;
      if (letter === "f") return pad(value, 6);
      return flag === "-" ? String(value) : pad(value, width, flag === "_" ? " " : flag === "0" ? "0" : filler);
    }
    const text = Object.hasOwn(texts, letter) ? texts[letter] : undefined;
    if (!text || (flag !== "" && flag !== "^")) return fail(`strftime of ${whole} is not supported`);
    return flag === "^" ? text(at).toUpperCase() : text(at);
  });
}
