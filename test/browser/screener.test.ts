import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Server } from "bun";
import type { Browser, Page } from "playwright-core";
import { type Dashboard, openDashboard } from "../server/dashboard.ts";
import { addMartSample } from "../server/market/sample.ts";
import { addWorkspaceSample } from "../server/market/workspace-sample.ts";
import { findBrowser, launchBrowser } from "../support/browser.ts";

const executable = findBrowser();

// A machine without a browser can still run every other test; CI has one, and fails without.
describe.skipIf(executable === undefined)("the screener in a browser", () => {
  let dashboard: Dashboard;
  let server: Server<undefined>;
  let browser: Browser;

  beforeAll(async () => {
    dashboard = await openDashboard();
    await addMartSample(dashboard.sql);
    await addWorkspaceSample(dashboard.sql);
    server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: dashboard.app.fetch });
    browser = await launchBrowser(executable ?? "");
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop(true);
    await dashboard?.close();
  });

  const open = async (path: string, javaScriptEnabled: boolean, width = 1440): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width, height: 900 }, javaScriptEnabled });
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${server.port}${path}`);
    return page;
  };

  test.each([
    ["with", true],
    ["without", false],
  ])("adds a filter, sorts and goes back, %s scripts", async (_, javaScriptEnabled) => {
    const page = await open("/screener", javaScriptEnabled);
    await page.selectOption("select[name=add]", "rsi_14");
    await page.fill("input[name=add_max]", "30");
    await page.press("input[name=add_max]", "Enter");
    await page.waitForURL("**/screener?rsi_14_max=30");
    await page.locator("b", { hasText: "2 tickers" }).waitFor();
    // Or the next answer would add it once more, whatever the filter says by then.
    expect(await page.inputValue("input[name=add_max]")).toBe("");
    await page.click("#sort-rsi_14");
    await page.waitForURL("**/screener?rsi_14_max=30&sort=-rsi_14");
    await page.locator("th[aria-sort=descending]", { hasText: "RSI 14" }).waitFor();
    await page.goBack();
    await page.waitForURL("**/screener?rsi_14_max=30");
    await page.locator("th[aria-sort=descending]", { hasText: "Dollar volume" }).waitFor();
    await page.context().close();
  });

  test.each([
    ["with", true],
    ["without", false],
  ])("chooses sectors of a model of one's own, %s scripts", async (_, javaScriptEnabled) => {
    const page = await open("/screener", javaScriptEnabled, 360);
    const sectors = page.locator("fieldset", { hasText: "sector" }).locator("details");
    await sectors.locator("summary").press("Enter");
    await sectors.getByLabel("Technology").check();
    await sectors.getByLabel("Financials").check();
    expect((await page.locator("body").boundingBox())?.width).toBe(360);
    await sectors.getByRole("button", { name: "Apply" }).click();
    await page.waitForURL("**/screener?sectors.sector_is=Technology%7CFinancials");
    await page.locator("b", { hasText: "2 tickers" }).waitFor();
    expect(await sectors.locator("summary").textContent()).toBe("Technology, Financials");
    await page.context().close();
  });

  test("keeps the page as wide as a phone, and the symbol in sight while the numbers scroll", async () => {
    const page = await open("/screener?date=2020-03-16", false, 390);
    expect((await page.locator("body").boundingBox())?.width).toBe(390);
    const symbol = page.locator("tbody th").first();
    const before = await symbol.boundingBox();
    await page.locator("tbody tr").first().locator("td").last().scrollIntoViewIfNeeded();
    expect((await symbol.boundingBox())?.x).toBe(before?.x ?? -1);
    await page.context().close();
  });

  test("draws the market's figures, and moves through them by keyboard", async () => {
    const page = await open("/market?range=all", true);
    await page.locator(".uplot").nth(2).waitFor();
    await page.focus("[data-figure=net]");
    await page.keyboard.press("Home");
    await page.locator("#breadth-date", { hasText: "Fri 13 Mar 2020" }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.locator("output[data-series=net]", { hasText: "−3" }).waitFor();
    await page.context().close();
  });

  describe("the way around", () => {
    const path = (page: Page) => new URL(page.url()).pathname;

    test("AAPL is found and its chart read in one click and Enter, or by keys alone", async () => {
      await dashboard.sql`
        insert into public.source_polygon_tickers (ticker, name, active, inserted_at)
        values ('AAPL', 'Apple Inc.', true, now()) on conflict do nothing`;
      const page = await open("/quality", true);
      await page.click("#find");
      await page.keyboard.type("aapl");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/tickers/AAPL");
      await page.locator("h1", { hasText: "AAPL" }).waitFor();
      await page.keyboard.press("Control+k");
      await page.keyboard.type("sw");
      await page.locator("#palette-list [aria-selected=true]", { hasText: "weep" }).waitFor();
      expect(await page.getAttribute("#palette-q", "aria-activedescendant")).toBe("palette-0");
      await page.keyboard.press("ArrowDown");
      expect(await page.getAttribute("#palette-q", "aria-activedescendant")).not.toBe("palette-0");
      await page.keyboard.press("Escape");
      expect(await page.locator("#palette").isVisible()).toBe(false);
      await page.context().close();
    });

    test("without scripts a symbol opens its ticker, and menus open and lead on", async () => {
      const page = await open("/search", false);
      await page.fill("#search-q", "aapl");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/tickers/AAPL");
      await page.focus(".nav-group:has-text('Research') summary");
      await page.keyboard.press("Enter");
      await page.locator(".main-nav a", { hasText: "Strategies" }).click();
      await page.waitForURL("**/strategies");
      await page.context().close();
    });

    test("keys lead to pages, not while one types, and not where they are turned off", async () => {
      const page = await open("/about", true);
      await page.locator("h1").waitFor();
      await page.keyboard.press("g");
      await page.keyboard.press("t");
      await page.waitForURL("**/tickers");
      await page.locator("#q").focus();
      await page.keyboard.type("gs/?");
      expect(await page.inputValue("#q")).toBe("gs/?");
      await page.locator("h1").click();
      await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
      await page.keyboard.press("?");
      await page.locator("#shortcut-list dd", { hasText: "Screener" }).waitFor();
      await page.uncheck("#shortcuts-on");
      await page.click("#shortcuts-close");
      await page.keyboard.press("g");
      await page.keyboard.press("s");
      await page.keyboard.press("Control+k");
      expect([path(page), await page.locator("#palette").isVisible()]).toEqual(["/tickers", false]);
      await page.context().close();
    });

    test("a star is one click, with and without scripts, and a second takes it back", async () => {
      for (const hasScripts of [true, false]) {
        const page = await open("/screener", hasScripts);
        for (const isOn of ["true", "false"]) {
          await page.locator("#star-AAPL").click();
          await page.locator(`#star-AAPL[aria-pressed=${isOn}]`).waitFor();
          const rows = await dashboard.sql`select ticker from barline.watched_tickers where removed_at is null`;
          expect(rows.length).toBe(isOn === "true" ? 1 : 0);
        }
        await page.context().close();
      }
    });

    test("a phone has every page in a drawer, and is as wide as it is", async () => {
      const page = await open("/quality", false, 390);
      await page.click(".nav-button");
      const links = await page.locator(".main-nav a").count();
      expect(await page.locator(".main-nav a:visible").count()).toBe(links);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
      await page.locator(".main-nav a", { hasText: "Screener" }).click();
      await page.waitForURL("**/screener");
      await page.context().close();
    });
  });
});
