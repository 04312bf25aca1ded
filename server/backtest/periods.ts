/** What a curve of equity made in a calendar month ("2020-01") or year ("2020"): from its last close before to its last one in it. */
export type PeriodReturn = { period: string; return: number | null };

/**
 * Returns by calendar month, oldest first; the first is from the capital. Months without a session are not listed. Null where
 * what there was before is not above zero, as nothing can be earned on it.
 */
export const returnsByMonth = (dates: readonly string[], equity: Float64Array, capital: number): PeriodReturn[] =>
  returnsBy(monthOf, dates, equity, capital);

/** Returns by calendar year, as `returnsByMonth` has them. */
export const returnsByYear = (dates: readonly string[], equity: Float64Array, capital: number): PeriodReturn[] =>
  returnsBy(yearOf, dates, equity, capital);

/** Returns by calendar quarter ("2020-Q1"), as `returnsByMonth` has them. */
export const returnsByQuarter = (dates: readonly string[], equity: Float64Array, capital: number): PeriodReturn[] =>
  returnsBy(quarterOf, dates, equity, capital);

/** Returns by week, named by its Monday, as `returnsByMonth` has them. */
export const returnsByWeek = (dates: readonly string[], equity: Float64Array, capital: number): PeriodReturn[] =>
  returnsBy(weekOf, dates, equity, capital);

const yearOf = (date: string): string => date.slice(0, "yyyy".length);
const monthOf = (date: string): string => date.slice(0, "yyyy-mm".length);
const quarterOf = (date: string): string => `${yearOf(date)}-Q${Math.ceil(Number(date.slice(5, 7)) / 3)}`;

const dayMs = 86_400_000;
/** Days from a Monday to 1 January 1970, a Thursday. */
const daysFromMonday = 3;

function weekOf(date: string): string {
  const day = Date.parse(date) / dayMs;
  const sinceMonday = (((day + daysFromMonday) % 7) + 7) % 7;
  return sinceMonday === 0 ? date : new Date((day - sinceMonday) * dayMs).toISOString().slice(0, date.length);
}

function returnsBy(
  periodOf: (date: string) => string,
  dates: readonly string[],
  equity: Float64Array,
  capital: number,
): PeriodReturn[] {
  const returns: PeriodReturn[] = [];
  let before = capital;
  let next = dates.length > 0 ? periodOf(dates[0] ?? "") : "";
  for (const session of dates.keys()) {
    const period = next;
    const following = dates[session + 1];
    if (following !== undefined) next = periodOf(following);
    if (following !== undefined && next === period) continue;
    const value = equity[session] ?? Number.NaN;
    returns.push({ period, return: before > 0 ? value / before - 1 : null });
    before = value;
  }
  return returns;
}
