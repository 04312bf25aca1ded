import type { Listing } from "./listings.ts";
import { positionOnOrAfter } from "./path.ts";

/**
 * What vendors say that cannot be: a row of garbage on the first session of each month, and each January a split that never happened. Both are
 * refused or set aside, which is there to be looked at.
 */

/** In the vendor's wire format, where the session has such a row. */
export function garbageRowOf(date: string, sessions: readonly string[]): Record<string, unknown> | undefined {
  const isFirst = sessions[positionOnOrAfter(sessions, `${date.slice(0, 7)}-01`)] === date;
  const price = 8_903_334_989_143.225;
  return isFirst
    ? { T: "\\u0000QZ^\uFFFD-$b", v: 2_794_368_142, vw: price, o: price, c: price, h: price, l: price }
    : undefined;
}

/** So many sessions into the year. */
const deniedAt = 6;

/** Splits of 1 into 2 that prices know nothing of, up to the position `end`. */
export function deniedSplits(listings: readonly Listing[], sessions: readonly string[], end: number) {
  const share = listings.find(
    ({ type, thin, firstPosition, lastPosition, tenures }) =>
      type === "CS" && !thin && !tenures && firstPosition === 0 && lastPosition === Number.POSITIVE_INFINITY,
  );
  if (!share) return [];
  const years = [...new Set(sessions.map((date) => date.slice(0, 4)))];
  return years
    .map((year) => positionOnOrAfter(sessions, `${year}-01-01`) + deniedAt)
    .filter((position) => position < end)
    .map((position) => ({ ticker: share.ticker, date: sessions[position] ?? "", from: 1, to: 2 }));
}

/** Whose last close is stated over again at first, as if it still traded: the one that went last, and whose label nobody has since. */
export function lateQuoteOf(listings: readonly Listing[], position: number): Listing | undefined {
  const taken = new Set(listings.flatMap(({ tenures = [] }) => tenures.map(({ ticker }) => ticker)));
  return listings
    .filter(({ ticker, lastPosition }) => lastPosition < position && !taken.has(ticker))
    .toSorted((a, b) => b.lastPosition - a.lastPosition || (a.ticker < b.ticker ? -1 : 1))[0];
}
