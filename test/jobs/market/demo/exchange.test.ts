import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseBars } from "../../../../jobs/market/bars.ts";
import { sessionsBetween } from "../../../../jobs/market/calendar.ts";
import { createDemoExchange, type DemoBar, firstDemoDate } from "../../../../jobs/market/demo/exchange.ts";
import { companyCount, companyOf } from "../../../../jobs/market/demo/names.ts";
import { defaultDemoSeed } from "../../../../jobs/market/demo/server.ts";
import { doubtOf } from "../../../../jobs/market/split-judgement.ts";

const seed = defaultDemoSeed;
const exchange = createDemoExchange({ seed, untilYear: 2026 });
const end = "2026-12-31";
const sessions = sessionsBetween(firstDemoDate, end);
const everyRow = exchange.tickers();
/** Labels that one after another had; the others have one holder. */
const isShared = (ticker: string) => ticker.startsWith("PEMO");
const tickers = everyRow.filter(({ ticker }) => !isShared(ticker));
const series = (ticker: string, adjusted = false) => exchange.barsOf(ticker, firstDemoDate, end, adjusted);

function has(bars: readonly DemoBar[], holds: (bar: DemoBar) => boolean): boolean {
  return bars.some(holds);
}

describe("the market", () => {
  test("has several hundred securities of each kind, all named as simulated", () => {
    expect(tickers).toHaveLength(400);
    expect(new Set(tickers.map(({ ticker }) => ticker)).size).toBe(400);
    expect(tickers.filter(({ name }) => !name.endsWith(" (simulated)"))).toEqual([]);
    expect(new Set(tickers.map(({ type }) => type))).toEqual(new Set(["CS", "ADRC", "PFD", "ETF"]));
    expect(tickers.some(({ ticker }) => /^[A-Z]{4}p[A-Z]$/.test(ticker))).toBe(true);
    expect(tickers.some(({ ticker }) => /^[A-Z]{4}\.B$/.test(ticker))).toBe(true);
  });

  test("has a company under another label each year, and a fund that had the label before", () => {
    const rows = everyRow.filter(({ ticker }) => isShared(ticker));
    const [company] = rows.filter(({ delistedOn, type }) => delistedOn === undefined && type === "CS");
    expect(company?.ticker).toBe("PEMOL");
    const [before, fund] = [
      rows.find(({ ticker }) => ticker === "PEMOK"),
      rows.find(({ ticker, type }) => ticker === "PEMOL" && type === "ETF"),
    ];
    expect(before).toMatchObject({ figi: company?.figi, cik: company?.cik, delistedOn: company?.listedOn });
    expect(fund?.figi).not.toBe(company?.figi);
    expect(fund?.delistedOn && company && fund.delistedOn < company.listedOn && fund.delistedOn >= "2026-01-02").toBe(
      true,
    );
    const dates = [...series("PEMOK"), ...series("PEMOL")].map(({ date }) => date);
    const ofCompany = sessions.filter((date) => exchange.bars(date, false).some(({ ticker }) => isShared(ticker)));
    expect(ofCompany).toEqual(sessions);
    expect(dates.filter((date) => date === company?.listedOn)).toHaveLength(1);
  });

  test("names every company it can have differently", () => {
    const companies = Array.from({ length: companyCount }, (_, number) => companyOf(number));
    expect(new Set(companies.map(({ ticker }) => ticker)).size).toBe(companyCount);
    expect(new Set(companies.map(({ name }) => name.split(" ")[0])).size).toBe(companyCount);
  });

  test("has late listings and delistings, whose bars keep to their lives", () => {
    const late = tickers.filter(({ listedOn }) => listedOn > firstDemoDate);
    const gone = tickers.filter(({ delistedOn }) => delistedOn !== undefined);
    expect(late.length).toBeGreaterThan(20);
    expect(gone.length).toBeGreaterThan(5);
    for (const { ticker, listedOn, delistedOn = "9999" } of [...late, ...gone]) {
      const dates = series(ticker).map(({ date }) => date);
      expect(dates.length).toBeGreaterThan(0);
      expect(dates.every((date) => date >= listedOn && date < delistedOn)).toBe(true);
    }
  });

  test("has bars on sessions only, and on every one for what is not thinly traded", () => {
    const [fund, preferred] = [series("QZTOT"), series(tickers.find(({ type }) => type === "PFD")?.ticker ?? "")];
    expect(fund.map(({ date }) => date)).toEqual(sessions);
    expect(preferred.length).toBeGreaterThan(sessions.length * 0.9);
    expect(preferred.length).toBeLessThan(sessions.length);
    expect(exchange.bars("2025-01-01", false)).toEqual([]);
    expect(exchange.bars("2014-12-31", false)).toEqual([]);
  });

  test("has something to see in each year: splits both ways, dividends, listings", () => {
    for (let year = 2016; year <= 2026; year += 1) {
      const within = ({ date }: { date: string }) => date.startsWith(`${year}-`);
      expect(exchange.splits(end).filter(within).length).toBeGreaterThan(3);
      expect(exchange.dividends(end).filter(within).length).toBeGreaterThan(300);
    }
    expect(exchange.splits(end).some(({ from, to }) => from > to)).toBe(true);
  });
});

describe("every bar", () => {
  test("has open and close between low and high, positive prices of four decimals, and volume", () => {
    const checked = fc.constantFrom(...sessions);
    const decimals = (value: number) => Math.abs(value * 1e4 - Math.round(value * 1e4)) < 1e-4;
    fc.assert(
      fc.property(checked, fc.boolean(), (date, adjusted) => {
        const bars = exchange.bars(date, adjusted);
        expect(bars.length).toBeGreaterThan(300);
        const wrong = bars.filter(
          ({ open, high, low, close, volume, vwap, transactions }) =>
            !(low > 0 && low <= Math.min(open, close) && high >= Math.max(open, close)) ||
            ![open, high, low, close].every(decimals) ||
            !(volume >= 0) ||
            (vwap !== undefined && !(vwap >= low && vwap <= high)) ||
            (transactions !== undefined && !(Number.isInteger(transactions) && transactions > 0)),
        );
        expect(wrong).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test("sometimes has a fractional volume, sometimes no vwap and no count of trades", () => {
    const bars = series("QZTOT");
    expect(has(bars, ({ volume }) => !Number.isInteger(volume))).toBe(true);
    expect(has(bars, ({ volume }) => Number.isInteger(volume))).toBe(true);
    expect(has(bars, ({ vwap, transactions }) => vwap === undefined && transactions === undefined)).toBe(true);
    expect(bars.filter(({ vwap }) => vwap === undefined).length).toBeLessThan(bars.length / 20);
  });

  test("moves as markets do: rarely far, and in clusters", () => {
    const closes = series("QZTOT", true).map(({ close }) => close);
    const moves = closes.slice(1).map((close, index) => Math.log(close / (closes[index] ?? close)));
    const size = moves.map(Math.abs);
    const mean = size.reduce((sum, move) => sum + move, 0) / size.length;
    expect(mean).toBeGreaterThan(0.003);
    expect(mean).toBeLessThan(0.012);
    const around = size.map((move) => move - mean);
    const together = around.slice(1).reduce((sum, move, index) => sum + move * (around[index] ?? 0), 0);
    const spread = around.reduce((sum, move) => sum + move * move, 0);
    expect(together / spread).toBeGreaterThan(0.05);
  });
});

describe("splits and dividends", () => {
  test("a split moves the unadjusted close by its ratio, and the adjusted one not", () => {
    const splits = exchange.splits(end).filter(({ isDenied }) => !isDenied);
    expect(splits.length).toBeGreaterThan(100);
    for (const { ticker, date, from, to } of splits.filter((_, index) => index % 10 === 0)) {
      const [raw, adjusted] = [series(ticker), series(ticker, true)];
      const at = raw.findIndex((bar) => bar.date >= date);
      const jump = (bars: DemoBar[]) => (bars[at]?.close ?? 0) / (bars[at - 1]?.close ?? 1);
      expect(Math.abs(Math.log(jump(raw) / (from / to)))).toBeLessThan(0.35);
      expect(Math.abs(Math.log(jump(adjusted)))).toBeLessThan(0.35);
      expect((raw[at]?.high ?? 9) / (raw[at]?.low ?? 1)).toBeLessThan(1.4);
    }
  });

  test("adjusting is what the splits say: prices by the factor, shares against it", () => {
    const [first] = exchange.splits(end).filter(({ from, to, isDenied }) => to > from && !isDenied);
    const ticker = first?.ticker ?? "";
    const splits = exchange.splits(end).filter((split) => split.ticker === ticker);
    const adjustedBars = series(ticker, true);
    series(ticker).forEach((bar, index) => {
      const factor = splits
        .filter(({ date }) => date > bar.date)
        .reduce((product, { from, to }) => (product * from) / to, 1);
      const adjusted = adjustedBars[index];
      if (index % 97 === 0) {
        expect(adjusted?.close).toBeCloseTo(bar.close * factor, 3);
        expect((adjusted?.volume ?? 0) * (adjusted?.close ?? 0)).toBeCloseTo(bar.volume * bar.close, -4);
      }
    });
    expect(splits[0]?.historicalFactor).toBeCloseTo(
      splits.reduce((product, { from, to }) => (product * from) / to, 1),
      10,
    );
  });

  test("dividends come every quarter, and the share loses them that day", () => {
    const dividends = exchange.dividends(end);
    expect(dividends.filter(({ ticker }) => ticker === "QZDIV")).toHaveLength(4 * 12);
    const closes = new Map<string, number>();
    for (const { ticker } of tickers)
      for (const { date, close } of series(ticker, true)) closes.set(`${ticker} ${date}`, close);
    const moves = dividends.flatMap(({ ticker, date, splitAdjustedAmount }) => {
      const before = closes.get(`${ticker} ${sessions[sessions.indexOf(date) - 1]}`);
      const after = closes.get(`${ticker} ${date}`);
      return before && after ? [{ price: after / before - 1, paid: splitAdjustedAmount / before }] : [];
    });
    const mean = (of: (move: { price: number; paid: number }) => number) =>
      moves.reduce((sum, move) => sum + of(move), 0) / moves.length;
    expect(moves.length).toBeGreaterThan(5_000);
    expect(mean(({ paid }) => paid)).toBeGreaterThan(0.004);
    expect(Math.abs(mean(({ price, paid }) => price + paid))).toBeLessThan(0.002);
  });
});

describe("the same seed", () => {
  test("gives the same market in any order of questions", () => {
    const other = createDemoExchange({ seed, untilYear: 2026 });
    const some = tickers.filter((_, index) => index % 41 === 0).map(({ ticker }) => ticker);
    for (const ticker of some.toReversed())
      expect(other.barsOf(ticker, "2024-01-02", "2024-03-28", false)).toEqual(
        exchange.barsOf(ticker, "2024-01-02", "2024-03-28", false),
      );
    expect(other.bars("2020-03-16", false)).toEqual(exchange.bars("2020-03-16", false));
    expect(other.splits(end)).toEqual(exchange.splits(end));
  });

  test("gives the same past whatever the present", () => {
    const earlier = createDemoExchange({ seed, untilYear: 2020 });
    expect(earlier.bars("2020-12-31", false)).toEqual(exchange.bars("2020-12-31", false));
    expect(earlier.dividends("2020-12-31").map(({ splitAdjustedAmount: _, ...paid }) => paid)).toEqual(
      exchange.dividends("2020-12-31").map(({ splitAdjustedAmount: _, ...paid }) => paid),
    );
  });

  test("gives a subset when fewer tickers are asked for", () => {
    const small = createDemoExchange({ seed, untilYear: 2026, tickers: 25 });
    expect(small.tickers()).toHaveLength(25);
    for (const { ticker } of small.tickers())
      expect(small.barsOf(ticker, "2025-01-02", "2025-02-28", false)).toEqual(
        exchange.barsOf(ticker, "2025-01-02", "2025-02-28", false),
      );
    expect(small.tickers().some(({ listedOn }) => listedOn > firstDemoDate)).toBe(true);
    expect(small.tickers().some(({ delistedOn }) => delistedOn !== undefined)).toBe(true);
  });

  test("differs from another seed", () => {
    const other = createDemoExchange({ seed: "other", untilYear: 2016, tickers: 25 });
    const same = createDemoExchange({ seed, untilYear: 2016, tickers: 25 });
    expect(other.bars("2016-06-01", false)).not.toEqual(same.bars("2016-06-01", false));
  });
});

describe("what vendors get wrong", () => {
  const years = Array.from({ length: 12 }, (_, index) => String(2015 + index));

  test("is a row on the first session of each month that can be no bar", () => {
    const garbage = sessions.filter((date) => exchange.garbage(date) !== undefined);
    expect(garbage).toHaveLength(12 * years.length);
    expect(new Set(garbage.map((date) => date.slice(0, 7))).size).toBe(garbage.length);
    const row = exchange.garbage("2026-06-01");
    const { bars, rejects } = parseBars(JSON.stringify({ status: "OK", results: [row] }), {
      kind: "grouped",
      session: "2026-06-01",
    });
    expect([bars, rejects.map(({ reason }) => reason)]).toEqual([[], ["ticker is malformed"]]);
  });

  test("is a split early each year that prices deny", () => {
    const denied = exchange.splits(end).filter(({ isDenied }) => isDenied);
    expect(denied.map(({ date }) => date.slice(0, 4))).toEqual(years);
    for (const { ticker, date, from: splitFrom, to: splitTo } of denied) {
      const bars = series(ticker);
      const at = bars.findIndex((bar) => bar.date === date);
      const prices = { closeBefore: bars[at - 1]?.close ?? null, openAfter: bars[at]?.open ?? null };
      expect(doubtOf({ splitFrom, splitTo, adjustmentType: "forward_split", ...prices })).toBe("prices");
    }
  });
});

describe("what is said of a session at first", () => {
  const bar = ({ ticker, date }: DemoBar) => `${ticker} ${date}`;
  /** The bars of `first` that `later` has otherwise, and those that it has not. */
  const compared = (first: DemoBar[], later: DemoBar[]) => {
    const known = new Map(later.map((one) => [bar(one), one]));
    const gone = first.filter((one) => !known.has(bar(one)));
    const changed = first.filter((one) => known.has(bar(one)) && !Bun.deepEquals(known.get(bar(one)), one));
    return { changed: changed.length, gone: gone.length };
  };

  test("is corrected or taken back now and then, by few bars, on Mondays and Wednesdays", () => {
    const year = sessionsBetween("2026-01-01", "2026-12-31");
    const all = year.map((date) => {
      const [first, later] = [exchange.firstBars(date, false), exchange.bars(date, false)];
      expect(later.every((one) => first.some((other) => other.ticker === one.ticker))).toBe(true);
      expect(has(first, ({ open, high, low, close }) => low > Math.min(open, close) || high < close)).toBe(false);
      return { weekday: new Date(date).getUTCDay(), ...compared(first, later) };
    });
    expect(all.every(({ changed, gone }) => changed + gone < 8)).toBe(true);
    expect(all.every(({ weekday, changed, gone }) => weekday === 1 || weekday === 3 || changed + gone === 0)).toBe(
      true,
    );
    const hasty = all.filter(({ weekday }) => weekday === 1 || weekday === 3);
    expect(hasty.every(({ changed, gone }) => changed > 0 && gone > 0)).toBe(true);
  });
});
