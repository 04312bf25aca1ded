import { fail } from "../values.ts";
import { fromOrdinal, months, ordinalOf, weekdays } from "./calendar.ts";
import { DateTime } from "./moment.ts";
import { FixedZone } from "./zone.ts";

const short = (names: string[]) => names.map((name) => name.slice(0, 3));
const oneOf = (names: string[]) => `(${[...names].sort((a, b) => b.length - a.length).join("|")})`;

const patterns: Record<string, string> = {
  a: oneOf(short(weekdays)),
  A: oneOf(weekdays),
  b: oneOf(short(months)),
  B: oneOf(months),
  d: "(3[01]|[12]\\d|0[1-9]|[1-9]| [1-9])",
  f: "(\\d{1,6})",
  H: "(2[0-3]|[01]\\d|\\d)",
  I: "(1[0-2]|0[1-9]|[1-9])",
  j: "(36[0-6]|3[0-5]\\d|[12]\\d\\d|0[1-9]\\d|00[1-9]|[1-9]\\d|0[1-9]|[1-9])",
  m: "(1[0-2]|0[1-9]|[1-9])",
  M: "([0-5]\\d|\\d)",
  p: "(AM|PM)",
  S: "([0-5]\\d|\\d)",
  y: "(\\d\\d)",
  Y: "(\\d{4})",
  z: "(Z|[+-]\\d\\d:?[0-5]\\d(?::?[0-5]\\d(?:\\.\\d{1,6})?)?)",
  Z: "(UTC|GMT)",
};
const wholes: Record<string, string> = {
  c: "%a %b %d %H:%M:%S %Y",
  x: "%m/%d/%y",
  X: "%H:%M:%S",
  T: "%H:%M:%S",
  D: "%m/%d/%y",
  F: "%Y-%m-%d",
  R: "%H:%M",
};
/** Those above that Python's strptime does not know. */
const unknown = ["T", "D", "F", "R"];

/** Seconds to the east of what `%z` reads. */
export function parseOffset(text: string): number {
  if (text === "Z") return 0;
  const [, sign, hours = "", minutes = "", seconds = "0"] = /^([+-])(\d\d):?(\d\d)(?::?(\d\d))?/.exec(text) ?? [];
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return sign === "-" ? -size : size;
}

/** Python's datetime.strptime(). */
export function parseMoment(text: string, format: string): DateTime {
  const letters: string[] = [];
  const expanded = format.replace(/%([cxX])/g, (_, letter: string) => wholes[letter] ?? "");
  const source = expanded
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replace(/\s+/g, "\\s+")
    .replace(/%([\s\S]?)/g, (_, letter: string) => {
      if (letter === "%") return "%";
      const pattern = unknown.includes(letter) ? undefined : patterns[letter];
      if (pattern === undefined) return fail(`strptime of %${letter} is not supported`);
      letters.push(letter);
      return pattern;
    });
  const found = new RegExp(`^${source}$`, "i").exec(text) ?? fail(`'${text}' is no time of the form '${format}'`);
  const part = (letter: string) => {
    const index = letters.indexOf(letter);
    return index < 0 ? undefined : found[index + 1];
  };
  return momentOf(part);
}

function momentOf(part: (letter: string) => string | undefined): DateTime {
  const number = (letter: string, missing: number) => Number(part(letter) ?? missing);
  const named = (letter: string, names: string[]) => {
    const text = part(letter)?.toLowerCase();
    return text === undefined ? undefined : names.findIndex((name) => name.toLowerCase() === text) + 1;
  };
  const short2 = part("y");
  const year = short2 === undefined ? number("Y", 1900) : Number(short2) + (Number(short2) < 69 ? 2000 : 1900);
  const yearDay = part("j");
  const dated =
    yearDay === undefined
      ? { year, month: named("B", months) ?? named("b", short(months)) ?? number("m", 1), day: number("d", 1) }
      : fromOrdinal(ordinalOf(year, 1, 1) + Number(yearDay) - 1);
  const half = part("p")?.toUpperCase();
  const hour = part("I") === undefined ? number("H", 0) : (number("I", 12) % 12) + (half === "PM" ? 12 : 0);
  const clock = {
    hour,
    minute: number("M", 0),
    second: number("S", 0),
    microsecond: Number((part("f") ?? "0").padEnd(6, "0")),
  };
  const offset = part("z");
  const zone = offset === undefined ? undefined : new FixedZone(parseOffset(offset));
  return new DateTime(dated.year, dated.month, dated.day, clock, zone);
}

const isoDate = "(\\d{4})(-?)(\\d\\d)\\2(\\d\\d)";
const isoClock = "(\\d\\d)(?::?(\\d\\d)(?::?(\\d\\d)(?:[.,](\\d+))?)?)?";
const iso = new RegExp(`^${isoDate}(?:[\\s\\S]${isoClock}(Z|[+-]\\d\\d:?\\d\\d(?::?\\d\\d)?)?)?$`);

/** Python's datetime.fromisoformat(). */
export function parseIso(text: string): DateTime {
  const found = iso.exec(text) ?? fail(`'${text}' is no time as ISO 8601 writes it`);
  const [, year, , month, day, hour = 0, minute = 0, second = 0, fraction = "", offset] = found;
  const clock = {
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    microsecond: Number(fraction.slice(0, 6).padEnd(6, "0")),
  };
  const zone = offset === undefined ? undefined : new FixedZone(parseOffset(offset));
  return new DateTime(Number(year), Number(month), Number(day), clock, zone);
}
