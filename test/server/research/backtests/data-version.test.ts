import { describe, expect, test } from "bun:test";
import { changedParts, tellChanges } from "../../../../server/research/backtests/data-version.ts";

const version = "sessions=2 bars=a dividends=b ended=false";
const nothing = { correctedBars: 0, correctedAt: null, splits: [], dividends: 0, dividendsAt: null };

describe("changedParts", () => {
  test("names what differs, and leaves dividends out where the run left them out", () => {
    const now = "sessions=2 bars=x dividends=y ended=false";
    expect(changedParts(version, version, { dividends: true })).toEqual([]);
    expect(changedParts(version, now, { dividends: true })).toEqual(["bars", "dividends"]);
    expect(changedParts(version, now, { dividends: false })).toEqual(["bars"]);
    const benchmark = "benchmark.bars=a benchmark.dividends=b";
    expect(changedParts(`${version} ${benchmark}`, version, { dividends: false })).toEqual(["benchmark.bars"]);
  });
});

describe("tellChanges", () => {
  const at = new Date("2026-03-04T02:00:00Z");

  test("tells what was corrected, split, paid or added, on the day in New York", () => {
    expect(tellChanges("AAPL", ["bars"], 0, { ...nothing, correctedBars: 3, correctedAt: at })).toEqual([
      "3 bars of AAPL in its range were corrected on 3 Mar 2026.",
    ]);
    expect(tellChanges("AAPL", ["bars"], 0, { ...nothing, splits: ["2026-03-02"] })).toEqual([
      "AAPL split on 2 Mar 2026: prices before are adjusted.",
    ]);
    expect(tellChanges("AAPL", ["dividends"], 0, { ...nothing, dividends: 1, dividendsAt: at })).toEqual([
      "Dividends of AAPL in its range have changed on 3 Mar 2026.",
    ]);
    expect(tellChanges("AAPL", ["sessions", "bars"], 1, nothing)).toEqual(["1 session of AAPL came to its range."]);
    expect(tellChanges("AAPL", ["sessions", "bars"], -2, nothing)).toEqual(["2 sessions of AAPL went from its range."]);
    expect(tellChanges("AAPL", ["ended"], 0, nothing)).toEqual(["AAPL was delisted, or is listed again."]);
  });

  test("says that bars have changed where nothing tells why", () => {
    expect(tellChanges("AAPL", ["bars"], 0, nothing)).toEqual(["The bars of AAPL in its range have changed."]);
  });
});
