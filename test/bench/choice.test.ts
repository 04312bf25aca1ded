import { expect, test } from "bun:test";
import { chooseStages, stageNames } from "./choice.ts";

const chosen = (only?: string, peers = false) =>
  [...chooseStages({ ...(only !== undefined && { only }), peers })].sort();

test("everything but the peers is measured where nothing is said, and they too where they are asked for", () => {
  expect(chosen()).toEqual(stageNames.filter((name) => name !== "peers").sort());
  expect(chosen(undefined, true)).toEqual([...stageNames].sort());
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
