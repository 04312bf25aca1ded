import { describe, expect, test } from "bun:test";
import { siteGroups, sitePageAt, sitePages } from "../../views/site.ts";

describe("the list of pages", () => {
  test("names each address, and each key, once", () => {
    const hrefs = sitePages.map(({ href }) => href);
    const keys = sitePages.flatMap(({ key }) => (key === undefined ? [] : [key]));
    expect(hrefs).toEqual([...new Set(hrefs)]);
    expect(keys).toEqual([...new Set(keys)]);
    expect(keys.every((key) => /^[a-z]$/.test(key))).toBe(true);
  });

  test("says of each what one finds there, and keeps each group together", () => {
    expect(sitePages.filter(({ description }) => description === "")).toEqual([]);
    const groups = sitePages.map(({ group }) => group);
    expect(groups).toEqual([...groups].sort((one, other) => siteGroups.indexOf(one) - siteGroups.indexOf(other)));
    expect(new Set(groups)).toEqual(new Set(siteGroups));
  });
});

describe("the page that an address is of", () => {
  test.each([
    ["/", "/"],
    ["/quality", "/quality"],
    ["/quality/tests/unique_id", "/quality"],
    ["/quality/coverage", "/quality/coverage"],
    ["/tickers/BRK.A", "/tickers"],
    ["/runs/12", "/runs"],
    ["/tasks/12", "/grid"],
    ["/backfills/new", "/backfills/new"],
    ["/backfills/7", "/backfills"],
    ["/backtests", undefined],
    ["/nowhere", undefined],
  ])("of %s it is %p", (path, href) => {
    expect(sitePageAt(sitePages, path)?.href).toBe(href);
  });
});
