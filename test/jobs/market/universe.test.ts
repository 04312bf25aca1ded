import { describe, expect, test } from "bun:test";
import { parseUniverse, readUniverse } from "../../../jobs/market/universe.ts";

const types = (...codes: string[]) => ({ kind: "types" as const, types: codes });
const tickers = (...codes: string[]) => ({ kind: "tickers" as const, tickers: codes });

describe("UNIVERSE", () => {
  test("all is the whole market, and ALL a ticker", () => {
    expect(readUniverse(" all ")).toEqual({ universe: { kind: "all" } });
    expect(readUniverse("ALL")).toEqual({ universe: tickers("ALL") });
  });

  test("words with a prefix are what it says", () => {
    expect(readUniverse("type:CS, type:ETF,type:CS")).toEqual({ universe: types("CS", "ETF") });
    expect(readUniverse("type:FUND")).toEqual({ universe: types("FUND") });
    expect(readUniverse("ticker:FUND,ticker:CS")).toEqual({ universe: tickers("FUND", "CS") });
    expect(readUniverse("ticker:AAPL,AAPL,MSFT")).toEqual({ universe: tickers("AAPL", "MSFT") });
  });

  test.each([
    ["CS, ETF,CS", types("CS", "ETF")],
    ["CS", types("CS")],
    ["CS,ETN,FUND", types("CS", "ETN", "FUND")],
    ["type:ADRC,ETN", types("ADRC", "ETN")],
  ])("type codes without one are types: %p", (text, universe) => {
    expect(parseUniverse(text)).toEqual(universe);
  });

  test.each([
    ["AAPL,ETN", tickers("AAPL", "ETN")],
    ["CS,AAPL", tickers("CS", "AAPL")],
    ["ticker:AAPL,CS", tickers("AAPL", "CS")],
    ["FUND", tickers("FUND")],
    ["UNIT", tickers("UNIT")],
    ["ETN,FUND,UNIT", tickers("ETN", "FUND", "UNIT")],
  ])("but for those that are listed, and for any beside a ticker: %p", (text, universe) => {
    expect(parseUniverse(text)).toEqual(universe);
  });

  test("everything else is tickers, in their own case", () => {
    const codes = ["AAPL", "BRK.B", "KIMpL", "ABC.WS.A", "F", "NULL", "NaN", "TRUE"];
    expect(readUniverse(codes.join(","))).toEqual({ universe: tickers(...codes) });
  });

  test("warns of a word that can be read both ways, and says how to write either", () => {
    expect(readUniverse("CS,ETF").warning).toBe(
      "UNIVERSE reads CS, ETF as ticker types; write type:CS,type:ETF to say so, or ticker:CS,ticker:ETF for the other",
    );
    expect(readUniverse("AAPL,ETN").warning).toBe(
      "UNIVERSE reads ETN as a ticker; write ticker:ETN to say so, or type:ETN for the other",
    );
    expect(readUniverse("AAPL,ticker:ETN").warning).toBeUndefined();
  });

  test.each([
    ["", "is empty"],
    ["AAPL,,MSFT", "empty entry"],
    ["type:CS,AAPL", "mixes ticker types (CS) with tickers (AAPL)"],
    ["type:CS,ticker:ETN", "mixes ticker types (CS) with tickers (ETN)"],
    ["type:AAPL", "is no ticker type"],
    ["type:etf", "did you mean type:ETF?"],
    ["type:", "is no ticker type"],
    ["ticker:", "neither a ticker type nor a ticker"],
    ["all,AAPL", "write all, alone"],
    ["All", "write all, alone"],
    ["aapl", "did you mean AAPL"],
    ["cs", "did you mean CS"],
    ["AAPL MSFT", "neither a ticker type nor a ticker"],
    ["../etc", "neither a ticker type nor a ticker"],
  ])("%p is refused and says why", (text, message) => {
    expect(() => parseUniverse(text)).toThrow(message);
    expect(() => parseUniverse(text)).toThrow("Allowed: all, ticker types such as type:CS,type:ETF");
  });
});
