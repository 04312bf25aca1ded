import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { goldenTickers } from "./bars.ts";
import { differences } from "./differences.ts";
import { goldenPathOf, goldenRuns, toGoldenText } from "./runs.ts";

describe.each(goldenTickers.map((golden) => [golden.ticker, golden] as const))(
  "golden runs over %s",
  (ticker, golden) => {
    const kept = JSON.parse(readFileSync(goldenPathOf(ticker), "utf8"));

    test("are as they were written; `bun run golden` writes them anew where a change is meant", () => {
      expect(differences(kept, JSON.parse(toGoldenText(goldenRuns(golden))))).toEqual([]);
    });
  },
);

describe("the comparison with golden runs", () => {
  test("tells what differs, but not rounding", () => {
    expect(differences([{ a: 1, b: null }], [{ a: 1 + 1e-12, b: null }])).toEqual([]);
    expect(differences([{ a: 1, b: "x", c: 2 }], [{ a: 1.1, b: null, c: 2 }])).toEqual([
      "0.a: 1 is now 1.1",
      "0.b: x is now null",
    ]);
    expect(differences([1], [1, 2])).toEqual(["1: undefined is now 2"]);
  });
});
