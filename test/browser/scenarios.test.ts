import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Server } from "bun";
import type { Browser, Page } from "playwright-core";
import { type Dashboard, openDashboard } from "../server/dashboard.ts";
import { addBacktestSample } from "../server/research/backtests/sample.ts";
import { findBrowser, launchBrowser } from "../support/browser.ts";

const executable = findBrowser();

// A machine without a browser can still run every other test; CI has one, and fails without.
describe.skipIf(executable === undefined)("scenarios in a browser", () => {
  let dashboard: Dashboard;
  let server: Server<undefined>;
  let browser: Browser;

  beforeAll(async () => {
    dashboard = await openDashboard();
    await addBacktestSample(dashboard.sql);
    server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: dashboard.app.fetch });
    browser = await launchBrowser(executable ?? "");
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop(true);
    await dashboard?.close();
  });

  const open = async (path: string, { javaScriptEnabled = true, width = 1440 } = {}): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width, height: 900 }, javaScriptEnabled });
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${server.port}${path}`);
    return page;
  };
  const save = async (page: Page, name: string) => {
    await page.locator("summary", { hasText: "Save as scenario" }).click();
    await page.fill("#scenario-name", name);
    await page.locator("#run-save button").click();
    await page.locator("h1", { hasText: name }).waitFor();
  };

  for (const javaScriptEnabled of [true, false]) {
    test(`are saved from a run, compared, deleted and had back ${javaScriptEnabled ? "with" : "without"} scripts`, async () => {
      await dashboard.sql`truncate barline.scenarios restart identity`;
      const page = await open("/backtest?ticker=TEN&strategy=momentum", { javaScriptEnabled });
      await save(page, "Trend");
      await page.goto(`http://127.0.0.1:${server.port}/backtest?ticker=TEN&strategy=buy_and_hold`);
      await save(page, "Hold");
      await page.locator("nav a:visible", { hasText: "Scenarios" }).first().click();
      await page.locator("h1", { hasText: "Scenarios" }).waitFor();
      await page.check("input[name=ids][value='1']");
      await page.check("input[name=ids][value='2']");
      await page.locator("button", { hasText: "Compare" }).click();
      await page.locator("h1", { hasText: "Compare scenarios" }).waitFor();
      expect(await page.locator("#run-charts output").count()).toBe(2);
      await page.goBack();
      await page.locator("#scenario-1 button", { hasText: "Delete" }).click();
      await page.locator(".undo", { hasText: "“Trend” was deleted." }).waitFor();
      expect(await page.locator("#scenario-1").count()).toBe(0);
      await page.locator(".undo button").click();
      await page.locator("#scenario-1").waitFor();
      expect(await page.locator(".undo").count()).toBe(0);
      await page.context().close();
    });
  }

  test("are read beside each other by pointer, touch and keyboard", async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 800 }, hasTouch: true });
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/scenarios/compare?ids=1,2`);
    await page.locator("#run-charts[data-state=drawn]").waitFor();
    const values = () => page.locator("#run-charts output").allTextContents();
    const date = page.locator("#run-date");
    const atEnd = await values();
    expect(await date.textContent()).toBe("Tue 9 Jan 2024");
    expect(atEnd).toEqual([expect.stringMatching(/^\d+\.\d\d×$/), expect.stringMatching(/^\d+\.\d\d×$/)]);
    await page.focus("[data-plot=equity]");
    await page.keyboard.press("Home");
    await date.filter({ hasText: "Fri 10 Jan 2014" }).waitFor();
    expect(await values()).toEqual(["1.00×", "1.00×"]);
    expect(await date.getAttribute("aria-live")).toBe("polite");
    const box = (await page.locator("[data-plot=equity] .u-over").boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    await page.touchscreen.tap(box.x + box.width / 2, box.y + 60);
    await date.filter({ hasText: /20(18|19)$/ }).waitFor();
    const inTheMiddle = await values();
    await page.mouse.move(box.x + box.width - 2, box.y + 60);
    await date.filter({ hasText: /2023|2024/ }).waitFor();
    expect(await values()).not.toEqual(inTheMiddle);
    await page.context().close();
  });

  test("fit a phone", async () => {
    const page = await open("/scenarios/compare?ids=1,2", { width: 390 });
    for (const path of ["/scenarios/compare?ids=1,2", "/scenarios", "/scenarios/1"]) {
      await page.goto(`http://127.0.0.1:${server.port}${path}`);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    }
    await page.context().close();
  });
});
