import { describe, expect, test } from "bun:test";
import { barsOf } from "../../../../views/market/chart/bars.ts";
import { earlierName, eventsOf } from "../../../../views/market/chart/events.ts";
import { historyOf } from "./history.ts";

const data = {
  ...historyOf([1, 2, 3, 4, 5, 6, 7]),
  splits: [{ date: "2024-01-03", from: 1, to: 4 }],
  dividends: [
    { date: "2023-11-01", cash: 1, currency: null },
    { date: "2024-01-06", cash: 0.004, currency: "EUR" },
  ],
  corrections: [{ date: "2024-01-02" }],
  names: [{ date: "2024-01-04", from: "FB", to: "META" }],
};

describe("what happened to the shares", () => {
  test("stands at the bar that it falls into, a weekend's at the next, and not across a gap", () => {
    const found = eventsOf(data, barsOf(data, "day"));
    expect(found.map(({ bar, kind, mark, words }) => [bar, kind, mark, words])).toEqual([
      [2, "split", "4:1", "Split 4 for 1, 3 Jan 2024"],
      [5, "dividend", "D", "Dividend 0.00400 EUR, 6 Jan 2024"],
      [3, "rename", "FB → META", "Renamed from FB to META, 4 Jan 2024"],
      [1, "correction", "C", "Corrected by the vendor, 2 Jan 2024"],
    ]);
    expect(eventsOf(data, barsOf(data, "week")).map(({ bar }) => bar)).toEqual([0, 1, 0, 0]);
  });

  test("tells what they were called before", () => {
    expect(["2024-01-03", "2024-01-04"].map((date) => earlierName(data, date))).toEqual(["FB", null]);
  });
});
