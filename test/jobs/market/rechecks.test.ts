import { describe, expect, test } from "bun:test";
import { createRechecks } from "../../../jobs/market/rechecks.ts";

const [latest, saturdays] = createRechecks(3);
/** Wednesday evening in New York, when the session of the day has settled. */
const wednesday = new Date("2025-01-16T02:30:00Z");

describe("after a new session", () => {
  test("the last ones before it are fetched again, once its own run has succeeded", () => {
    expect(latest?.due(wednesday, undefined)).toEqual({
      key: "2025-01-15",
      after: "2025-01-15",
      partitions: ["2025-01-10", "2025-01-13", "2025-01-14"],
    });
  });

  test("nothing is due before the next one has settled", () => {
    expect(latest?.due(wednesday, "2025-01-15")).toBeUndefined();
    expect(latest?.due(new Date("2025-01-17T01:59:00Z"), "2025-01-15")).toBeUndefined();
    expect(latest?.due(new Date("2025-01-17T02:00:00Z"), "2025-01-15")?.key).toBe("2025-01-16");
  });

  test("several at once have one round, with what the first would have fetched again", () => {
    expect(latest?.due(wednesday, "2025-01-07")?.partitions).toEqual([
      // The 9th was a day of mourning.
      ...["2025-01-03", "2025-01-06", "2025-01-07"],
      ...["2025-01-10", "2025-01-13", "2025-01-14"],
    ]);
    expect(latest?.due(wednesday, "2025-01-13")?.partitions).toEqual([
      ...["2025-01-08", "2025-01-10", "2025-01-13", "2025-01-14"],
    ]);
  });
});

describe("on Saturdays in New York", () => {
  const round = { key: "2025-01-18", after: "2025-01-17", partitions: ["2024-10-16", "2024-12-16"] };

  test("the sessions of 21 and 63 sessions ago are fetched again, once", () => {
    expect(saturdays?.due(new Date("2025-01-18T05:00:00Z"), undefined)).toEqual(round);
    expect(saturdays?.due(new Date("2025-01-19T04:59:00Z"), "2025-01-18")).toBeUndefined();
    expect(saturdays?.due(new Date("2025-01-18T04:59:00Z"), "2025-01-11")).toBeUndefined();
  });

  test("one that nobody was there for is made up for, but not that before the first start", () => {
    expect(saturdays?.due(new Date("2025-01-22T17:00:00Z"), "2025-01-11")).toEqual(round);
    expect(saturdays?.due(new Date("2025-01-22T17:00:00Z"), undefined)).toEqual({ ...round, partitions: [] });
  });
});

test("no sessions are no rechecks at all", () => {
  expect(createRechecks(0)).toEqual([]);
});
