import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { type BarlineProcess, startBarline } from "../support/barline.ts";
import { findBrowser, launchBrowser } from "../support/browser.ts";

const executable = findBrowser();

// A machine without a browser can still run every other test; CI has one, and fails without.
describe.skipIf(executable === undefined)("in a browser", () => {
  let barline: BarlineProcess;
  let browser: Browser;
  const troubles: string[] = [];

  beforeAll(async () => {
    barline = await startBarline({ CATCHUP: "none", START_DATE: "2026-02-02", UNIVERSE: "AAPL,MSFT" });
    browser = await launchBrowser(executable ?? "");
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await barline?.stop();
  }, 30_000);

  const open = async (path: string, options: Parameters<Browser["newContext"]>[0] = {}): Promise<Page> => {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })).newPage();
    page.on("pageerror", (error) => troubles.push(String(error)));
    page.on("console", (message) => void (message.type() === "error" && troubles.push(message.text())));
    await page.goto(`${barline.url}${path}`);
    return page;
  };

  test("a session that nobody fetched is run from its mark, and the mark follows it to the end", async () => {
    const page = await open("/calendar?year=2026");
    await page.locator("#ingest a[aria-label='Tue 3 Mar 2026: ingest passed over']").click();
    await page.waitForURL(/day=2026-03-03/);
    await page.locator(".day-panel button").click();
    await page.waitForURL(/\/runs\/\d+$/);
    const runPath = new URL(page.url()).pathname;
    await barline.untilIdle();
    await page.goto(`${barline.url}/calendar?year=2026`);
    const done = "Tue 3 Mar 2026: ingest success, load success, transform success";
    expect(await page.locator(`#ingest a[aria-label='${done}']`).getAttribute("href")).toBe(runPath);
    await page.locator(`#transform a[aria-label='${done}']`).click();
    await page.waitForURL(/\/runs\/\d+$/);
    expect(await page.textContent("main header")).toContain("Transform");
  });

  test("the arrow keys walk through a map as the eye does, and the day is told where it can be read", async () => {
    const page = await open("/calendar?year=2026&day=2026-03-03");
    expect(await page.locator("#load a.day[tabindex='0']").count()).toBe(1);
    await page.locator("#load a[aria-current=date]").focus();
    const told = async () => (await page.textContent("#calendar-readout"))?.slice(0, 14);
    for (const [key, day] of [
      ["ArrowDown", "Wed 4 Mar 2026"],
      ["ArrowRight", "Wed 11 Mar 202"],
      ["ArrowUp", "Tue 10 Mar 202"],
      ["ArrowLeft", "Tue 3 Mar 2026"],
      ["Home", "Thu 1 Jan 2026"],
      ["End", "Thu 31 Dec 202"],
    ] as const) {
      await page.keyboard.press(key);
      expect(await told()).toBe(day);
    }
  });

  test("the next due sessions are told in the reader's own zone, by name", async () => {
    const page = await open("/jobs/stocks_polygon_ingest", { timezoneId: "Asia/Tokyo" });
    expect(await page.textContent("[data-own-zone]")).toBe("Due where you are (Asia/Tokyo)");
    const cell = page.locator("[data-own-time]").first();
    const at = new Date((await cell.getAttribute("data-own-time")) ?? "");
    // Nine in the evening in New York is ten or eleven in the morning of the next day in Tokyo.
    expect(await cell.textContent()).toMatch(new RegExp(`${at.getUTCDate()} \\w+,? 1[01]:00`));
  });

  test("without scripts every mark is a link still, and nothing stands there for a script to fill", async () => {
    const page = await open("/calendar?year=2026", { javaScriptEnabled: false });
    expect(await page.locator("#ingest a.day[tabindex]").count()).toBe(0);
    expect(await page.locator("#ingest a.day").count()).toBe(261);
    await page.goto(`${barline.url}/jobs/stocks_polygon_ingest`);
    expect(await page.locator("[data-own-time]").first().isVisible()).toBe(false);
  });

  test.each([390, 1440])("nothing is wider than a page of %d pixels", async (width) => {
    const page = await open("/calendar?day=2026-02-03", { viewport: { width, height: 800 } });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
  });

  test("nothing went wrong on the way", () => {
    expect(troubles).toEqual([]);
  });
});
