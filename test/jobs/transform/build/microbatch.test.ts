import { expect, test } from "bun:test";
import { batchesOf } from "../../../../jobs/transform/build/microbatch.ts";

const config = { eventTime: "at", batchSize: "day", begin: new Date("2024-02-27T10:00:00Z"), lookback: 1 } as const;
const days = (now: string, incremental: boolean, lookback = 1) =>
  batchesOf({ ...config, lookback }, new Date(now), incremental).map(({ from, to }) =>
    [from, to].map((at) => at.toISOString().slice(0, 10)).join(" "),
  );

test("a whole goes from its beginning to the end of the present period", () => {
  expect(days("2024-03-01T01:00:00Z", false)).toEqual([
    "2024-02-27 2024-02-28",
    "2024-02-28 2024-02-29",
    "2024-02-29 2024-03-01",
    "2024-03-01 2024-03-02",
  ]);
});

test("a further build looks again at as many periods as it is told, at midnight at those before", () => {
  expect(days("2024-03-01T01:00:00Z", true)).toEqual(["2024-02-29 2024-03-01", "2024-03-01 2024-03-02"]);
  expect(days("2024-03-01T00:00:00Z", true)).toEqual(["2024-02-28 2024-02-29", "2024-02-29 2024-03-01"]);
  expect(days("2024-03-01T01:00:00Z", true, 0)).toEqual(["2024-03-01 2024-03-02"]);
});
