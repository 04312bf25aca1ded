/** What a curve of equity made in a calendar month ("2020-01") or year ("2020"): from its last close before to its last one in it. */
export type PeriodReturn = { period: string; return: number | null };

/**
 * Returns by calendar month, oldest first; the first is from the capital. Months without a session are not listed. Null where
 * what there was before is not above zero, as nothing can be earned on it.
 */
export const returnsByMonth = (dates: readonly string[], equity: Float64Array, capital: number): PeriodReturn[] =>
  returnsBy("yyyy-mm".length, dates, equity, capital);

/** Returns by calendar year, as `returnsByMonth` has them. */
export const returnsByYear = (dates: readonly string[], equity: Float64Array, capital: number): PeriodReturn[] =>
  returnsBy("yyyy".length, dates, equity, capital);

function returnsBy(letters: number, dates: readonly string[], equity: Float64Array, capital: number): PeriodReturn[] {
  const returns: PeriodReturn[] = [];
  let before = capital;
  for (const [session, date] of dates.entries()) {
    const period = date.slice(0, letters);
    if (dates[session + 1]?.startsWith(period)) continue;
    const value = equity[session] ?? Number.NaN;
    returns.push({ period, return: before > 0 ? value / before - 1 : null });
    before = value;
  }
  return returns;
}
