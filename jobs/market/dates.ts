const dayMs = 86_400_000;

/** The ISO date `days` after another; before it where negative. */
export const addDays = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * dayMs).toISOString().slice(0, 10);

/** The weekday of an ISO date; Monday is 0. */
export const weekdayOf = (date: string): number => (new Date(date).getUTCDay() + 6) % 7;

/** Every ISO date from one to another, both included, ascending; none when `from` is after `to`. */
export function datesBetween(from: string, to: string): string[] {
  const dates: string[] = [];
  const last = Date.parse(to);
  for (let at = Date.parse(from); at <= last; at += dayMs) dates.push(new Date(at).toISOString().slice(0, 10));
  return dates;
}

/** Those that are a Monday to Friday. */
export const weekdaysBetween = (from: string, to: string): string[] =>
  datesBetween(from, to).filter((date) => weekdayOf(date) < 5);
