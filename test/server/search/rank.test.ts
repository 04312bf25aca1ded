import { describe, expect, test } from "bun:test";
import { bestRank, rankOf } from "../../../server/search/rank.ts";

const rank = (text: string, query: string) => rankOf(text, text.toLowerCase(), query, query.toLowerCase());

describe("how well a text answers", () => {
  test.each([
    ["KIMpL", "KIMpL", 0],
    ["KIMpL", "kimpl", 1],
    ["AAPL", "aa", 2],
    ["Apple Inc.", "inc", 3],
    ["fct_polygon__latest_session", "session", 3],
    ["Pineapple Inc.", "apple", 4],
    ["AAPL", "MSFT", null],
  ])("%p asked for by %p is %p", (text, query, expected) => {
    expect(rank(text, query)).toBe(expected);
  });

  test("a word counts where it begins, also behind a place where it does not", () => {
    expect(rank("Pineapple and Apple", "apple")).toBe(3);
  });

  test("what is only said about a thing counts for less than what it is called", () => {
    const description = [["Grid", 0] as const, ["Overview of runs", 2] as const];
    expect(bestRank("grid", description)).toBe(1);
    expect(bestRank("overview", description)).toBe(4);
    expect(bestRank("nothing", description)).toBeNull();
  });
});
