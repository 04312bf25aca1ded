import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { siteActions, sitePages } from "../../views/site.ts";
import { type Dashboard, openDashboard, openingMs } from "./dashboard.ts";
import { addMarketSample, addPipelineSample } from "./sample.ts";

/** Pages without parameters in their path that say nothing until their address says of what, and where their links are. */
const ofSomething: Record<string, string> = {
  "/lake": "one object of the lake, from lineage and rejects",
  "/sql/history": "what was run in the console, from the console",
  "/scenarios/compare": "the scenarios that were chosen from their list",
  "/backtest/tear-sheet": "the run of its address, from the backtest",
  "/backtest/tickers": "a part of the backtest's form, for its script",
};

let dashboard: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard();
  await addPipelineSample(dashboard.sql);
  await addMarketSample(dashboard.sql);
}, openingMs);
afterAll(() => dashboard.close());

/** Of what can be asked without knowing more than its name: pages, not files. */
const pageRoutes = () => [
  ...new Set(
    dashboard.app.routes
      .filter(({ method, path }) => method === "GET" && !/[:*]/.test(path) && !/\.\w+$/.test(path))
      .map(({ path }) => path),
  ),
];

describe("the navigation", () => {
  test("has every page that can be opened by its name alone, and nothing else", () => {
    const wanted = pageRoutes().filter((path) => !(path in ofSomething));
    expect(sitePages.map(({ href }) => href).sort()).toEqual(wanted.sort());
    expect(Object.keys(ofSomething).filter((path) => !pageRoutes().includes(path))).toEqual([]);
  });

  test("leads from every page to every page, and marks the one that it is on", async () => {
    for (const { href } of sitePages) {
      const response = await dashboard.app.request(href);
      const page = await response.text();
      expect({ href, status: response.status }).toEqual({ href, status: 200 });
      const menus = page.slice(page.indexOf('id="main-nav"'), page.indexOf("</nav>"));
      const links = [...menus.matchAll(/<a href="([^"]*)"(?: aria-current="(\w+)")?/g)];
      expect(links.map(([, to]) => to)).toEqual(expect.arrayContaining(sitePages.map((other) => other.href)));
      expect(links.filter(([, , current]) => current !== undefined).map(([, to, current]) => [to, current])).toEqual([
        [href, "page"],
      ]);
    }
  });

  test("has actions that lead to where they are done", async () => {
    for (const { href } of siteActions) {
      const [path = "", id] = href.split("#");
      const response = await dashboard.app.request(path);
      expect({ href, status: response.status }).toEqual({ href, status: 200 });
      const page = await response.text();
      // Tokens are there where a password is, which this dashboard has none of.
      if (id !== undefined && id !== "tokens")
        expect({ href, isThere: page.includes(`id="${id}"`) }).toEqual({ href, isThere: true });
    }
  });

  test.each([
    ["/tickers/AAPL", "/tickers"],
    ["/runs/1", "/runs"],
    ["/jobs/stocks_polygon_load", "/jobs/stocks_polygon_load"],
  ])("marks on %s where one came from", async (path, href) => {
    const page = await (await dashboard.app.request(path)).text();
    expect(page).toMatch(new RegExp(`<a href="${href}" aria-current="(page|true)"`));
  });
});

describe("scripts and styles", () => {
  /** What one file of a page weighs on its way. */
  const sizes = new Map<string, number>();
  const sizeOf = async (path: string): Promise<number> => {
    const known = sizes.get(path);
    if (known !== undefined) return known;
    const response = await dashboard.app.request(path, { headers: { "Accept-Encoding": "gzip" } });
    expect({ path, status: response.status }).toEqual({ path, status: 200 });
    const size = (await response.arrayBuffer()).byteLength;
    sizes.set(path, size);
    return size;
  };

  test("of every page are at most 120 KB over the wire", async () => {
    for (const href of [...sitePages.map((page) => page.href), "/tickers/AAPL"]) {
      const page = await (await dashboard.app.request(href)).text();
      const files = new Set(
        [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)].map(([, file]) => file),
      );
      let bytes = 0;
      for (const file of files) bytes += await sizeOf(file ?? "");
      expect({ href, isSmall: bytes > 0 && bytes <= 120_000, bytes }).toMatchObject({ isSmall: true });
    }
  });
});
