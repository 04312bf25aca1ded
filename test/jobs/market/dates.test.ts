import { expect, test } from "bun:test";
import { addDays, datesBetween, weekdayOf, weekdaysBetween } from "../../../jobs/market/dates.ts";

test("the dates of a range are all of them, its weekdays Monday to Friday", () => {
  expect(datesBetween("2024-02-28", "2024-03-04")).toEqual([
    ...["2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04"],
  ]);
  expect(weekdaysBetween("2024-02-28", "2024-03-04")).toEqual(["2024-02-28", "2024-02-29", "2024-03-01", "2024-03-04"]);
  expect(datesBetween("2024-03-01", "2024-03-01")).toEqual(["2024-03-01"]);
  expect(datesBetween("2024-03-02", "2024-03-01")).toEqual([]);
});

test("a week begins on Monday", () => {
  expect(datesBetween("2024-02-26", "2024-03-03").map(weekdayOf)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test("days are added across months and years, and taken away", () => {
  expect(addDays("2024-12-31", 1)).toBe("2025-01-01");
  expect(addDays("2024-03-01", -1)).toBe("2024-02-29");
});
