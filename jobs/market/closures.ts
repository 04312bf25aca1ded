import { getHolidays } from "nyse-holidays";
import { weekdayOf } from "./dates.ts";

/** Full-day closures that no rule gives; source: the exchange's own history of closings. */
const specialClosures: ReadonlyArray<readonly [date: string, name: string]> = [
  ["2001-09-11", "Attacks of 11 September 2001"],
  ["2001-09-12", "Attacks of 11 September 2001"],
  ["2001-09-13", "Attacks of 11 September 2001"],
  ["2001-09-14", "Attacks of 11 September 2001"],
  ["2004-06-11", "Mourning for President Reagan"],
  ["2007-01-02", "Mourning for President Ford"],
  ["2012-10-29", "Hurricane Sandy"],
  ["2012-10-30", "Hurricane Sandy"],
  ["2018-12-05", "Mourning for President George H. W. Bush"],
  ["2025-01-09", "Mourning for President Carter"],
];

/** Opening or closing times, in minutes after midnight in New York, that no rule gives. Same source. */
const specialHours: ReadonlyMap<string, { opens?: number; closes?: number }> = new Map([
  ["2001-09-17", { opens: 9 * 60 + 33 }],
  ["2001-10-08", { opens: 9 * 60 + 31 }],
  ["2002-09-11", { opens: 12 * 60 }],
  ["2003-03-20", { opens: 9 * 60 + 32 }],
  ["2003-12-26", { closes: 13 * 60 }],
  ["2004-06-07", { opens: 9 * 60 + 32 }],
  ["2005-06-01", { closes: 15 * 60 + 56 }],
  ["2006-12-27", { opens: 9 * 60 + 32 }],
]);

/** Minutes after midnight in New York. */
const regularOpen = 9 * 60 + 30;
/** Minutes after midnight in New York. */
export const regularClose = 16 * 60;
const earlyClose = 13 * 60;

const plainNames: Readonly<Record<string, string>> = {
  "New Years Day": "New Year's Day",
  "Martin Luther King, Jr. Day": "Martin Luther King Jr. Day",
};

/** The closures of the New York Stock Exchange in a year, by ISO date, with their names. */
export function closuresOf(year: number): Map<string, string> {
  const closures = new Map<string, string>();
  for (const { dateString, name } of getHolidays(year)) closures.set(dateString, plainNames[name] ?? name);
  for (const [date, name] of specialClosures) if (date.startsWith(`${year}-`)) closures.set(date, name);
  return closures;
}

/**
 * When a session opens and closes, in minutes after midnight in New York. It closes at 13:00 on the day after
 * Thanksgiving, on 24 December and before Independence Day; until 2012, a Thursday holiday shortened the Friday instead.
 */
export function tradingHours(date: string): { opens: number; closes: number } {
  const special = specialHours.get(date);
  const closes = special?.closes ?? (isShortened(date) ? earlyClose : regularClose);
  return { opens: special?.opens ?? regularOpen, closes };
}

function isShortened(date: string): boolean {
  const [year = 0, day = 0] = [Number(date.slice(0, 4)), Number(date.slice(8))];
  const [isWednesday, isFriday] = [weekdayOf(date) === 2, weekdayOf(date) === 4];
  switch (date.slice(5, 7)) {
    case "07":
      return (day === 3 && (!isWednesday || year >= 2013)) || (day === 5 && isFriday && year < 2013);
    case "11":
      return isFriday && day >= 23 && day <= 29;
    case "12":
      return day === 24;
    default:
      return false;
  }
}
