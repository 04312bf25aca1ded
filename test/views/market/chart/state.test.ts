import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type ChartState,
  chartHref,
  chartQuery,
  defaultIndicators,
  intervals,
  mostCompared,
  rangeStart,
  ranges,
  readChartState,
} from "../../../../views/market/chart/state.ts";

const read = (query: string) => readChartState(new URLSearchParams(query), "AAPL");

const symbol = fc.stringMatching(/^[A-Za-z][A-Za-z.]{0,7}$/).filter((text) => text !== "AAPL");
const date = fc
  .date({ min: new Date("1990-01-01"), max: new Date("2030-01-01"), noInvalidDate: true })
  .map((day) => day.toISOString().slice(0, 10));
const state: fc.Arbitrary<ChartState> = fc
  .record({
    range: fc.constantFrom(...ranges),
    zoom: fc.option(
      fc.tuple(date, date).map((days) => ({ from: [...days].sort()[0] ?? "", to: [...days].sort()[1] ?? "" })),
    ),
    isLog: fc.boolean(),
    interval: fc.constantFrom(...intervals),
    isAdjusted: fc.boolean(),
    indicators: fc.uniqueArray(fc.constantFrom("rsi_14", "volume", "atr_14", ...defaultIndicators.slice(1)), {
      minLength: 1,
    }),
    compare: fc.uniqueArray(symbol, { maxLength: mostCompared }),
    security: fc.option(fc.constantFrom("BBG000B9XRY4", "x y&z")),
  })
  .map((drawn) => ({ ...drawn, isAdjusted: drawn.isAdjusted || drawn.compare.length > 0 }));

describe("the address of a chart", () => {
  test("says its state: what is written is read again", () => {
    fc.assert(
      fc.property(state, (drawn) => {
        const href = chartHref("/tickers/AAPL", drawn);
        expect(read(href.split("?")[1] ?? "")).toEqual(drawn);
      }),
    );
  });

  test("leaves out what goes without saying", () => {
    expect(chartHref("/tickers/AAPL", read(""))).toBe("/tickers/AAPL");
    expect(chartHref("/tickers/AAPL", read("scale=log&compare=MSFT,SPY&range=5y"))).toBe(
      "/tickers/AAPL?range=5y&scale=log&compare=MSFT,SPY",
    );
  });

  test("lists tickers with commas or repeated, each once, five at the most and never the page's own", () => {
    expect(read("compare=MSFT,AAPL&compare=SPY,MSFT").compare).toEqual(["MSFT", "SPY"]);
    expect(read("compare=A,B,C,D,E,F,G").compare).toEqual(["A", "B", "C", "D", "E"]);
  });

  test("has split-adjusted prices wherever tickers are compared", () => {
    expect([read("adjusted=false").isAdjusted, read("adjusted=false&compare=MSFT").isAdjusted]).toEqual([false, true]);
  });

  test("has the usual indicators unless it names others, or none", () => {
    expect(read("").indicators).toEqual([...defaultIndicators]);
    expect(read("indicators=rsi_14&indicators=").indicators).toEqual(["rsi_14"]);
    expect(read("indicators=").indicators).toEqual([]);
    expect(chartQuery({ ...read(""), indicators: [] }).get("indicators")).toBe("none");
  });

  test.each(["from=2024-01-02", "from=x&to=y", "from=2024-02-01&to=2024-01-01", "from=2024-13-01&to=2024-13-02"])(
    "is not zoomed by %s",
    (query) => expect(read(query).zoom).toBeNull(),
  );

  test("asks for other data only where data differs", () => {
    const zoomed = read("from=2024-01-02&to=2024-03-01&scale=log&interval=week&range=5y&compare=MSFT");
    expect(chartQuery(zoomed, "data").toString()).toBe("compare=MSFT");
  });
});

test("a range begins as many months before, on a day that there is", () => {
  expect([rangeStart("1m", "2024-03-31"), rangeStart("ytd", "2024-03-31"), rangeStart("5y", "2024-02-29")]).toEqual([
    "2024-02-29",
    "2024-01-01",
    "2019-02-28",
  ]);
});
