import { describe, expect, test } from "bun:test";
import { BollingerBands, DonchianChannels, EMA, MACD, RSI, SMA, WSMA } from "trading-signals";
import {
  deviation,
  exponentialAverage,
  highest,
  lowest,
  relativeStrength,
  simpleAverage,
} from "../../../server/backtest/indicators.ts";
import { openMarket } from "../../support/warehouse.ts";
import { configure } from "./support.ts";

/**
 * Every indicator beside that of trading-signals, on ten years of tickers of the demo exchange. Where the two define something
 * differently, the test says how, and holds the difference to what follows from it.
 */

const market = openMarket();
const [from, to] = ["2015-01-02", "2024-12-31"];
const tickers = market
  .tickers()
  .filter(({ listedOn, delistedOn }) => listedOn <= from && delistedOn === undefined)
  .slice(0, 6)
  .map(({ ticker }) => ticker);

const columnsOf = (ticker: string) => {
  const bars = market.barsOf(ticker, from, to, true);
  const column = (name: "open" | "high" | "low" | "close" | "volume") => Float64Array.from(bars, (bar) => bar[name]);
  return {
    dates: bars.map(({ date }) => date),
    ...{
      open: column("open"),
      high: column("high"),
      low: column("low"),
      close: column("close"),
      volume: column("volume"),
    },
    dividends: new Float64Array(bars.length),
    splitFactor: new Float64Array(bars.length).fill(1),
    delisted: false,
  };
};

/** What an indicator of the library says after each value; NaN until it is stable. */
const followed = <Input>(
  indicator: { update(input: Input, replace: boolean): unknown; isStable: boolean },
  inputs: Iterable<Input>,
  read: () => number,
): number[] =>
  [...inputs].map((input) => {
    indicator.update(input, false);
    return indicator.isStable ? read() : Number.NaN;
  });

/** Sessions in which two columns differ by more than a part of the price, or only one has a value. */
function differing(own: Iterable<number>, other: readonly number[], scale: Float64Array, tolerance = 1e-11): number[] {
  return [...own].flatMap((value, session) => {
    const reference = other[session] ?? Number.NaN;
    const isSame =
      Number.isNaN(value) && Number.isNaN(reference)
        ? true
        : Math.abs(value - reference) <= tolerance * (scale[session] ?? 1);
    return isSame ? [] : [session];
  });
}

test("the demo exchange has enough to compare", () => {
  expect(tickers.length).toBe(6);
  for (const ticker of tickers) expect(columnsOf(ticker).close.length).toBeGreaterThan(2300);
});

describe.each(tickers)("%s", (ticker) => {
  const bars = columnsOf(ticker);
  const { high, low, close } = bars;
  const hundred = close.map(() => 100);

  test.each([1, 2, 20, 50, 200])("simple averages of %d sessions are the same", (window) => {
    const other = new SMA(window);
    const followedAverage = followed(other, close, () => other.getResultOrThrow());
    expect(differing(simpleAverage(close, window), followedAverage, close)).toEqual([]);
  });

  test.each([
    [20, 2],
    [10, 1.5],
  ])("Bollinger bands of %d sessions and %d deviations are the same", (window, deviations) => {
    const other = new BollingerBands(window, deviations);
    const upper = followed(other, close, () => other.getResultOrThrow().upper);
    const width = deviation(close, window);
    const own = simpleAverage(close, window).map((middle, session) => middle + deviations * (width[session] ?? 0));
    expect(differing(own, upper, close)).toEqual([]);
  });

  test.each([20, 10, 55])("Donchian channels of %d sessions are the same", (window) => {
    const candles = [...close].map((price, session) => ({
      ...{ high: high[session] ?? 0, low: low[session] ?? 0, close: price },
    }));
    const other = new DonchianChannels(window);
    const bands = candles.map((candle) => {
      other.update(candle, false);
      return other.isStable ? other.getResultOrThrow() : null;
    });
    const column = (side: "upper" | "lower") => bands.map((band) => band?.[side] ?? Number.NaN);
    expect(differing(highest(high, window), column("upper"), close, 0)).toEqual([]);
    expect(differing(lowest(low, window), column("lower"), close, 0)).toEqual([]);
  });

  // Cutler's form: plain means of gains and losses. With Wilder's smoothing, the library's default, a value depends on where the history
  // began, and ours are to be the same wherever it does.
  test.each([14, 2, 30])("the RSI of %d sessions is the library's with plain means", (period) => {
    const other = new RSI(period, SMA);
    const reference = followed(other, close, () => other.getResultOrThrow());
    const own = relativeStrength(close, period);
    // Where nothing moved there is neither gain nor loss: the library says 100, we say 50.
    const isFlat = (session: number) => own[session] === 50 && reference[session] === 100;
    expect(differing(own, reference, hundred).filter((session) => !isFlat(session))).toEqual([]);
  });

  test("the RSI with Wilder's smoothing is another figure", () => {
    const other = new RSI(14, WSMA);
    const wilder = followed(other, close, () => other.getResultOrThrow());
    expect(differing(relativeStrength(close, 14), wilder, hundred, 0.01).length).toBeGreaterThan(1000);
  });

  // Ours begins with the plain average of the first period, the library's with the first price. Both are the same recursion, so
  // the difference between them shrinks by 1 - 2 / (period + 1) a session, and by nothing else.
  test.each([12, 26, 200])("the exponential average of %d sessions differs by its beginning, which fades", (period) => {
    const other = new EMA(period);
    const reference = followed(other, close, () => other.getResultOrThrow());
    const own = exponentialAverage(close, period);
    const seed = period - 1;
    const begin = (own[seed] ?? 0) - (reference[seed] ?? 0);
    const explained = own.map((value, session) => value - begin * (1 - 2 / (period + 1)) ** (session - seed));
    expect(differing(explained, reference, close)).toEqual([]);
    expect(differing(own, reference, close).some((session) => session === seed)).toBe(true);
  });

  test("the lines of the MACD are the same once the beginnings of their averages have faded", () => {
    const other = new MACD(new EMA(12), new EMA(26), new EMA(9));
    const results = [...close].map((price) => other.update(price, false));
    const lines = configure("macd")
      .panes(bars)
      .flatMap((pane) => pane.lines);
    const lineOf = (label: string) => lines.find((line) => line.label === label)?.values.slice(400) ?? [];
    const others = (name: "macd" | "signal") => results.slice(400).map((result) => result?.[name] ?? Number.NaN);
    // (25 / 27)^374 of the first difference is left: 3e-13.
    expect(differing(lineOf("MACD"), others("macd"), close.slice(400))).toEqual([]);
    expect(differing(lineOf("Signal"), others("signal"), close.slice(400))).toEqual([]);
  });
});
