import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseBars } from "../../../jobs/market/bars.ts";
import { PermanentError } from "../../../jobs/orchestrator/errors.ts";

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
  test("takes its session from the request, whatever t says", () => {
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
    });
  });

  test("without vw, n and otc has nulls", () => {
    const { vw: _vw, n: _n, ...thin } = good;
    expect(parseBars(envelope([thin]), grouped).bars[0]).toMatchObject({ vwap: null, transactions: null });
    expect(parseBars(envelope([{ ...good, vw: null, n: null }]), grouped).bars[0]).toMatchObject({ vwap: null });
  });

  test("without results has no bars", () => {
    for (const body of ['{"status":"OK","resultsCount":0,"adjusted":false}', '{"status":"DELAYED","results":null}']) {
      expect(parseBars(body, grouped)).toEqual({ bars: [], rejects: [] });
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
    [{ c: null }, "close is missing"],
    [{ o: undefined }, "open is missing"],
    [{ h: "12" }, "high is not a number"],
    [{ l: 0 }, "low is not positive"],
    [{ c: -1 }, "close is not positive"],
    [{ h: 8 }, "high is below low"],
    [{ v: -1 }, "volume is negative"],
    [{ v: null }, "volume is missing"],
    [{ v: "1" }, "volume is not a number"],
    [{ vw: "x" }, "vwap is not a number"],
    [{ n: 1.5 }, "transactions is not a whole number"],
    [{ n: -1 }, "transactions is negative"],
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

  test("keeps the first of several rows of a ticker and says how the others differ", () => {
    const { bars, rejects } = parseBars(envelope([good, { ...good }, { ...good, c: 11.5 }]), grouped);
    expect(bars).toHaveLength(1);
    expect(bars[0]?.close).toBe(11);
    expect(rejects.map(({ ticker, session, reason }) => [ticker, session, reason])).toEqual([
      ["AAPL", "2025-01-02", "duplicate row"],
      ["AAPL", "2025-01-02", "duplicate ticker in one payload"],
    ]);
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

  test("rejects a session that comes twice", () => {
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

  test("loses no row, whatever the rows are", () => {
    const field = fc.oneof(fc.double(), fc.integer({ min: -5, max: 20 }), fc.string(), fc.constant(null), fc.boolean());
    const anyRow = fc.oneof(
      fc.record(
        {
          T: fc.oneof(fc.constantFrom("A", "B"), field),
          o: field,
          h: field,
          l: field,
          c: field,
          v: field,
          vw: field,
          n: field,
        },
        { requiredKeys: [] },
      ),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 20 }), (rows) => {
        const { bars, rejects } = parseBars(envelope(rows), grouped);
        expect(bars.length + rejects.length).toBe(rows.length);
        expect(new Set(bars.map((bar) => bar.ticker)).size).toBe(bars.length);
        for (const bar of bars) {
          expect(bar.low > 0 && bar.high >= bar.low && bar.open > 0 && bar.close > 0 && bar.volume >= 0).toBe(true);
        }
        for (const reject of rejects) expect(reject.reason).not.toBe("");
      }),
    );
  });
});
