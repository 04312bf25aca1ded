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
});
