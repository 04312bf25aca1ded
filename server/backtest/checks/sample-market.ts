import type { CrossSection, Listing, Universe } from "../universe/types.ts";
import { seeded } from "./sample-bars.ts";

/** A market in memory: one row of closes a ticker, NaN where it has no bar. */
export type SampleMarket = { dates: readonly string[]; closes: readonly Float64Array[] };

/** Tickers that wander, some of which begin later, pause or end, over weekdays from 2020 on; the same for a seed. */
export function sampleMarket(tickers: number, length: number, seed = 1): SampleMarket {
  const random = seeded(seed);
  const dates: string[] = [];
  for (let day = Date.UTC(2020, 0, 1); dates.length < length; day += 86_400_000) {
    const date = new Date(day);
    if (date.getUTCDay() % 6 !== 0) dates.push(date.toISOString().slice(0, 10));
  }
  const closes = Array.from({ length: tickers }, (_, number) => {
    const begin = number % 5 === 1 ? Math.floor(random() * length) : 0;
    const end = number % 5 === 2 ? Math.floor(random() * length) : length;
    let price = 5 + 100 * random();
    return Float64Array.from({ length }, (_, session) => {
      price *= 1 + (random() - 0.49) * 0.06;
      const pauses = number % 5 === 3 && session % 17 < 2;
      return session < begin || session >= end || pauses ? Number.NaN : price;
    });
  });
  return { dates, closes };
}

/** What the queries read of a market, worked out from its closes: cross sections as they were known, never later than `length`. */
export function sampleUniverse(market: SampleMarket, lags: readonly number[], length = market.dates.length): Universe {
  const dates = market.dates.slice(0, length);
  const closes = market.closes.map((own) => own.slice(0, length));
  const rebalances = dates.flatMap((date, session) =>
    dates[session + 1]?.slice(0, 7) === date.slice(0, 7) ? [] : [session],
  );
  const listings: Listing[] = closes.map((own, number) => {
    const last = own.findLastIndex((price) => price > 0);
    return { ticker: `T${number}`, lastDate: dates[last] ?? "", lastClose: own[last] ?? Number.NaN };
  });
  return { dates, listings, sections: rebalances.map((session) => sectionOf(closes, session, lags)) };
}

function sectionOf(closes: readonly Float64Array[], session: number, lags: readonly number[]): CrossSection {
  const returns = lags.map((lag) =>
    Float64Array.from(closes, (own) => {
      const known = [...own.slice(0, session + 1)].filter((price) => price > 0);
      const price = own[session] ?? Number.NaN;
      return price / (known.at(-1 - lag) ?? Number.NaN) - 1;
    }),
  );
  const close = Float64Array.from(closes, (own) => own[session] ?? Number.NaN);
  return { session, close, eligible: Uint8Array.from(close, (price) => (price > 0 ? 1 : 0)), returns };
}
