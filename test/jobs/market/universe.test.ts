import { describe, expect, test } from "bun:test";
import { parseUniverse } from "../../../jobs/market/universe.ts";

describe("UNIVERSE", () => {
  test("all is the whole market, and ALL a ticker", () => {
    expect(parseUniverse(" all ")).toEqual({ kind: "all" });
    expect(parseUniverse("ALL")).toEqual({ kind: "tickers", tickers: ["ALL"] });
  });

  test("codes of the vendor are types", () => {
    expect(parseUniverse("CS, ETF,CS")).toEqual({ kind: "types", types: ["CS", "ETF"] });
  });

  test("everything else is tickers, in their own case", () => {
    const tickers = ["AAPL", "BRK.B", "KIMpL", "ABC.WS.A", "F"];
    expect(parseUniverse(tickers.join(","))).toEqual({ kind: "tickers", tickers });
  });

  test.each([
    ["", "is empty"],
    ["AAPL,,MSFT", "empty entry"],
    ["CS,AAPL", "mixes ticker types (CS) with tickers (AAPL)"],
    ["all,AAPL", "write all, alone"],
    ["All", "write all, alone"],
    ["aapl", "did you mean AAPL"],
    ["cs", "did you mean CS"],
    ["AAPL MSFT", "neither a ticker type nor a ticker"],
    ["../etc", "neither a ticker type nor a ticker"],
  ])("%p is refused and says why", (text, message) => {
    expect(() => parseUniverse(text)).toThrow(message);
    expect(() => parseUniverse(text)).toThrow("Allowed: all, ticker types such as CS,ETF");
  });
});
