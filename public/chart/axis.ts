const monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Each grain cuts a date so that sessions of one span share the text. */
const grains: ((date: string) => string)[] = [
  (date) => date,
  // Weeks since the epoch's first Monday.
  (date) => String(Math.floor((Date.parse(date) / 86_400_000 + 3) / 7)),
  (date) => date.slice(0, 7),
  (date) => `${date.slice(0, 4)}-${Math.floor((Number(date.slice(5, 7)) - 1) / 3)}`,
  (date) => date.slice(0, 4),
  (date) => String(Math.floor(Number(date.slice(0, 4)) / 2)),
  (date) => String(Math.floor(Number(date.slice(0, 4)) / 5)),
];

/** Positions where a new day, week, month, quarter, year, or two or five of them begin: the finest of them with at the most `most` marks. */
export function dateSplits(dates: string[], from: number, to: number, most: number): number[] {
  for (const grain of grains) {
    const marks: number[] = [];
    for (let index = Math.max(1, from); index <= to; index += 1) {
      const [date, before] = [dates[index], dates[index - 1]];
      if (date && before && grain(date) !== grain(before)) marks.push(index);
    }
    if (marks.length <= most) return marks;
  }
  return [];
}

/** What a mark says: the largest unit that begins there. */
export function dateLabel(date: string, before: string | undefined): string {
  const month = monthNames[Number(date.slice(5, 7)) - 1] ?? "";
  if (before?.slice(0, 4) !== date.slice(0, 4)) return date.slice(0, 4);
  return before.slice(0, 7) === date.slice(0, 7) ? String(Number(date.slice(8))) : month;
}
