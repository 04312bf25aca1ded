import { describe, expect, test } from "bun:test";
import { indicatorColumns } from "../../../db/queries/market/read-screen-columns.ts";
import { orderedIndicators } from "../../../server/market/screener-indicators.ts";
import { parseAmount, readScreen, screenQuery } from "../../../server/market/screener-request.ts";

describe("an amount", () => {
  test.each([
    ["0.1", 0.1],
    ["7%", 0.07],
    ["−2 %", -0.02],
    ["1.5M", 1_500_000],
    ["250k", 250_000],
    ["1,000,000", 1_000_000],
    ["1e6", 1_000_000],
    [".5", 0.5],
    ["many", null],
    ["1M%", null],
    ["1;2", null],
    ["1e999", null],
    ["NaN", null],
    ["", null],
  ])("%p is read as people write it", (text, value) => {
    expect(parseAmount(text)).toBe(value);
  });
});

describe("a screen's query", () => {
  test("says the same when it is read and written again", () => {
    const queries = [
      "",
      "q=a%26b&type=CS&date=2020-03-16&survivors=true&rsi_14_max=30&return_21d_min=-0.05&sort=ticker&from=100",
      "columns=rsi_14,close_price&sort=-name",
      "z.x_min=1&z.x_is_max=2&z.x_is=a%5C%7Cb%7Cc%5C%5C&z.x_min_is=d&columns=z.x,rsi_14&sort=-z.x",
    ];
    for (const query of queries) {
      const { request, problems } = readScreen(new URLSearchParams(query), indicatorColumns);
      expect([screenQuery(request), problems]).toEqual([query, []]);
    }
  });

  test("knows every indicator once", () => {
    expect(orderedIndicators.toSorted()).toEqual(indicatorColumns.toSorted());
  });
});
