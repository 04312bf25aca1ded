import { describe, expect, test } from "bun:test";
import { parseBars } from "../../../jobs/market/bars.ts";
import { PermanentError } from "../../../jobs/orchestrator/errors.ts";

/** Its time is 16:00 in New York on 2 January 2025. */
const good = { T: "AAPL", o: 10, h: 12, l: 9, c: 11, v: 123456.782, vw: 10.5, n: 42, t: 1735851600000 };
const grouped = { kind: "grouped", session: "2025-01-02" } as const;

function envelope(results: unknown[]): string {
  return JSON.stringify({ status: "OK", adjusted: false, resultsCount: results.length, results });
}

function reasonOf(row: unknown, source: Parameters<typeof parseBars>[1] = grouped): string | undefined {
  const { bars, rejects } = parseBars(envelope([row]), source);
  expect(bars.length + rejects.length).toBe(1);
  return rejects[0]?.reason;
}

describe("a grouped answer", () => {
  test("has the bars of the session asked for", () => {
    expect(parseBars(new TextEncoder().encode(envelope([good])), grouped)).toEqual({
      bars: [
        {
          ticker: "AAPL",
          tradeDate: "2025-01-02",
          open: 10,
          high: 12,
          low: 9,
          close: 11,
          volume: 123456.782,
          vwap: 10.5,
          transactions: 42,
        },
      ],
      rejects: [],
      notes: [],
      repeats: 0,
    });
  });

  test("without vw, n and otc has nulls", () => {
    const { vw: _vw, n: _n, ...thin } = good;
    expect(parseBars(envelope([thin]), grouped).bars[0]).toMatchObject({ vwap: null, transactions: null });
    expect(parseBars(envelope([{ ...good, vw: null, n: null }]), grouped).bars[0]).toMatchObject({ vwap: null });
  });

  test("without results has no bars", () => {
    for (const body of ['{"status":"OK","resultsCount":0,"adjusted":false}', '{"status":"DELAYED","results":null}']) {
      expect(parseBars(body, grouped)).toEqual({ bars: [], rejects: [], notes: [], repeats: 0 });
    }
  });

  test("keeps tickers that differ in case apart", () => {
    expect(parseBars(envelope([good, { ...good, T: "AApL" }]), grouped).bars.map((bar) => bar.ticker)).toEqual([
      "AAPL",
      "AApL",
    ]);
  });

  test.each([
    [{ T: undefined }, "ticker is missing"],
    [{ T: "" }, "ticker is missing"],
    [{ T: 7 }, "ticker is not text"],
    [{ T: "A B" }, "ticker is malformed"],
    [{ T: "\\N" }, "ticker is malformed"],
    [{ T: "Ü" }, "ticker is malformed"],
    [{ T: "\u0000HTLP^\uFFFD\uFFFD-$b" }, "ticker is malformed"],
    [{ T: "A".repeat(25) }, "ticker is malformed"],
    [{ t: Date.parse("2025-01-03T05:00:00Z") }, "row is of another session"],
    [{ t: Date.parse("2025-01-02T04:59:59Z") }, "row is of another session"],
    [{ t: 1e300 }, "row is of another session"],
    [{ t: "1735851600000" }, "timestamp is not a number"],
    [{ c: null }, "close is missing"],
    [{ o: undefined }, "open is missing"],
    [{ h: "12" }, "high is not a number"],
    [{ l: 0 }, "low is not positive"],
    [{ c: -1 }, "close is not positive"],
    [{ h: 1e8 }, "high is too large"],
    [{ l: 9e-9 }, "low is too small"],
    [{ h: 8 }, "high is below low"],
    [{ v: -1 }, "volume is negative"],
    [{ v: null }, "volume is missing"],
    [{ v: "1" }, "volume is not a number"],
    [{ v: 1e15 }, "volume is too large"],
    [{ vw: "x" }, "vwap is not a number"],
    [{ vw: 0 }, "vwap is not positive"],
    [{ vw: 1e8 }, "vwap is too large"],
    [{ n: 1.5 }, "transactions is not a whole number"],
    [{ n: -1 }, "transactions is negative"],
    [{ n: 1e12 }, "transactions is too large"],
  ])("with %j is rejected", (change, reason) => {
    expect(reasonOf({ ...good, ...change })).toBe(reason);
  });

  test("refuses numbers too large to be any, and rows that are no objects", () => {
    const body = envelope([good]).replace('"c":11', '"c":1e999');
    expect(parseBars(body, grouped).rejects[0]?.reason).toBe("close is not a number");
    for (const row of [null, 7, "AAPL", []]) expect(reasonOf(row)).toBe("row is not an object");
  });

  test("accepts an open or close just outside high and low, which real prints have", () => {
    expect(reasonOf({ ...good, o: 12.01, c: 8.99 })).toBeUndefined();
  });

  test("takes the values at the bounds", () => {
    const least = { ...good, T: "Z".repeat(24), o: 1e-8, h: 1e-8, l: 1e-8, c: 1e-8, v: 0, vw: 1e-8, n: 0 };
    const most = { ...good, o: 99999999, h: 99999999, l: 99999999, c: 99999999, v: 999999999999999, vw: 99999999 };
    expect(parseBars(envelope([least, { ...most, n: 999999999999 }]), grouped).bars).toHaveLength(2);
  });

  test("keeps the first of several rows of a ticker; one that contradicts it is refused, one that repeats it is counted", () => {
    const { bars, rejects, repeats } = parseBars(
      envelope([good, { ...good, otc: true }, { ...good, c: 11.5 }]),
      grouped,
    );
    expect(bars.map(({ close }) => close)).toEqual([11]);
    expect(repeats).toBe(1);
    expect(rejects.map(({ ticker, session, reason }) => [ticker, session, reason])).toEqual([
      ["AAPL", "2025-01-02", "duplicate ticker in one payload"],
    ]);
  });

  test("refuses the same garbage once", () => {
    const { rejects, repeats } = parseBars(envelope([{ T: "BAD" }, { T: "BAD" }, null, null]), grouped);
    expect([rejects.length, repeats]).toEqual([2, 2]);
  });

  test.each([[0], [1]])("keeps the row of its session whatever its place: %d", (place) => {
    const stale = { ...good, o: 9, h: 9, l: 9, c: 9, v: 0, vw: 9, n: 0, t: Date.parse("2024-12-31T21:00:00Z") };
    const { bars, rejects } = parseBars(envelope([good].toSpliced(place, 0, stale)), grouped);
    expect(bars.map(({ close }) => close)).toEqual([11]);
    expect(rejects).toEqual([
      { ticker: "AAPL", session: "2025-01-02", reason: "row is of another session", row: stale },
    ]);
  });

  test("believes a row without a time, but one that has it before it", () => {
    const { t: _t, ...timeless } = good;
    expect(parseBars(envelope([timeless]), grouped).bars).toHaveLength(1);
    const { bars, rejects } = parseBars(envelope([{ ...timeless, c: 10 }, good]), grouped);
    expect([bars[0]?.close, rejects[0]?.reason]).toEqual([11, "duplicate ticker in one payload"]);
  });

  test.each([
    [4.5, 4.5],
    [24, 24],
    [4.49, null],
    [24.1, null],
    [1050, null],
  ])("with a vwap of %p beside a range of 9 to 12 has %p, and a note where it was left out", (vw, vwap) => {
    const { bars, rejects, notes } = parseBars(envelope([{ ...good, vw }]), grouped);
    expect([bars[0]?.vwap, bars[0]?.close, rejects.length]).toEqual([vwap, 11, 0]);
    expect(notes.map(({ ticker, session, row }) => ({ ticker, session, row }))).toEqual(
      vwap === null ? [{ ticker: "AAPL", session: "2025-01-02", row: { ...good, vw } }] : [],
    );
  });

  test("that says it is of one ticker is believed in nothing", () => {
    const body = JSON.stringify({ ...JSON.parse(envelope([good])), ticker: "AAPL" });
    expect(parseBars(body, grouped).rejects[0]?.reason).toBe("answer is of another ticker");
  });

  test("lets a good row follow a bad one of the same ticker", () => {
    const { bars, rejects } = parseBars(envelope([{ ...good, c: null }, good]), grouped);
    expect([bars.length, rejects.length]).toEqual([1, 1]);
  });

  test("a reject carries the row as it came", () => {
    const row = { ...good, v: -1, otc: true };
    expect(parseBars(envelope([row]), grouped).rejects).toEqual([
      { ticker: "AAPL", session: "2025-01-02", reason: "volume is negative", row },
    ]);
  });
});

describe("a range answer", () => {
  const range = { kind: "range", ticker: "KIMpL" } as const;
  const { T: _T, ...row } = good;

  test("has sessions of New York, in winter and in summer", () => {
    const rows = [
      { ...row, t: Date.parse("2025-01-03T05:00:00Z") },
      { ...row, t: Date.parse("2025-07-01T04:00:00Z") },
    ];
    expect(parseBars(envelope(rows), range).bars.map((bar) => [bar.ticker, bar.tradeDate])).toEqual([
      ["KIMpL", "2025-01-03"],
      ["KIMpL", "2025-07-01"],
    ]);
  });

  test.each([
    [undefined, "timestamp is missing"],
    ["2025-01-03", "timestamp is not a number"],
    [Date.parse("2025-01-04T05:00:00Z"), "timestamp is not in a trading session"],
    [1e18, "timestamp is not in a trading session"],
    [Date.parse("2050-01-04T05:00:00Z"), "timestamp is not in a trading session"],
  ])("with t %p is rejected", (t, reason) => {
    expect(reasonOf({ ...row, t }, range)).toBe(reason);
  });

  const june = { kind: "range", ticker: "PA", from: "2022-06-01", to: "2022-06-30" } as const;
  const at = (date: string) => Date.parse(`${date}T05:00:00Z`);

  test("is of the dates asked for", () => {
    const rows = ["2022-01-12", "2022-05-31", "2022-06-01", "2022-06-30", "2022-07-01"].map((date) => ({
      ...row,
      t: at(date),
    }));
    const { bars, rejects } = parseBars(envelope(rows), june);
    expect(bars.map(({ tradeDate }) => tradeDate)).toEqual(["2022-06-01", "2022-06-30"]);
    expect(rejects.map(({ session, reason }) => [session, reason])).toEqual(
      ["2022-01-12", "2022-05-31", "2022-07-01"].map((date) => [date, "row is outside the range asked for"]),
    );
    // What an earlier version planned does not say which those were.
    expect(parseBars(envelope(rows), { kind: "range", ticker: "PA" }).bars).toHaveLength(5);
  });

  test("has no rows that name another ticker", () => {
    const rows = [
      { ...row, T: "X:BTCUSD", t: at("2022-06-01"), c: 11.5 },
      { ...row, T: "PA", t: at("2022-06-01") },
    ];
    const { bars, rejects } = parseBars(envelope(rows), june);
    expect(bars.map(({ close }) => close)).toEqual([11]);
    expect(rejects).toEqual([
      {
        ticker: "PA",
        session: "2022-06-01",
        reason: "row is of another ticker",
        row: { ...row, T: "X:BTCUSD", t: at("2022-06-01"), c: 11.5 },
      },
    ]);
  });

  test("that says it is of another ticker is believed in nothing", () => {
    const body = (ticker: string) =>
      JSON.stringify({ ...JSON.parse(envelope([{ ...row, t: at("2022-06-01") }])), ticker });
    expect(parseBars(body("PA"), june).bars).toHaveLength(1);
    const { bars, rejects } = parseBars(body("TJX"), june);
    expect([bars.length, rejects[0]?.reason]).toEqual([0, "answer is of another ticker"]);
  });

  test("counts rows that come twice once", () => {
    const rows = ["2022-06-01", "2022-06-02", "2022-06-03"].map((date) => ({ ...row, t: at(date) }));
    const { bars, rejects, repeats } = parseBars(envelope([...rows, ...rows]), june);
    expect([bars.length, rejects.length, repeats]).toEqual([3, 0, 3]);
  });

  test("rejects a session that comes twice and differs", () => {
    const { bars, rejects } = parseBars(envelope([row, { ...row, o: 10.5 }]), range);
    expect([bars.length, rejects[0]?.reason]).toEqual([1, "duplicate ticker in one payload"]);
  });
});

describe("any answer", () => {
  test.each([
    ["not JSON", '{"results":[{'],
    ["an error", '{"status":"ERROR","error":"no"}'],
    ["adjusted", '{"status":"OK","adjusted":true,"resultsCount":0}'],
    ["short of what it counts", '{"status":"OK","resultsCount":2,"results":[{}]}'],
  ])("that is %s is refused as a whole", (_what, body) => {
    expect(() => parseBars(body, grouped)).toThrow(PermanentError);
  });
});
