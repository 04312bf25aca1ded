import { expect, test } from "bun:test";
import { chooseStages, readSizes, stageNames, usualSizes } from "./choice.ts";

const chosen = (only?: string, peers = false) =>
  [...chooseStages({ ...(only !== undefined && { only }), peers })].sort();

test("everything but the peers and the capacity is measured where nothing is said, and they where they are asked for", () => {
  const usual = stageNames.filter((name) => name !== "capacity");
  expect(chosen()).toEqual(usual.filter((name) => name !== "peers").sort());
  expect(chosen(undefined, true)).toEqual([...usual].sort());
  expect(chosen("capacity")).toEqual(["capacity"]);
});

test("only what is named is measured", () => {
  expect(chosen("small-year, peers")).toEqual(["peers", "small-year"]);
  expect(chosen("small-year", true)).toEqual(["peers", "small-year"]);
  expect(chosen("events")).toEqual(["events"]);
});

test("what stands on a year brings the full one, unless the small one is named", () => {
  expect(chosen("pages")).toEqual(["full-year", "pages"]);
  expect(chosen("small-year,history")).toEqual(["history", "small-year"]);
});

test("a name that is none is refused with those that there are", () => {
  expect(() => chosen("year")).toThrow("There is no stage year: it is one of small-year, full-year,");
});

test("sizes are tickers by years, and what is none is refused", () => {
  expect(readSizes("20x1, 40x3")).toEqual([
    { tickers: 20, years: 1 },
    { tickers: 40, years: 3 },
  ]);
  expect(readSizes(usualSizes).length).toBe(4);
  for (const text of ["20", "0x1", "20x-1", "axb", "20x1,"]) expect(() => readSizes(text)).toThrow("There is no size");
});
