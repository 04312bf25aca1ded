import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { type BarlineProcess, startBarline } from "../support/barline.ts";
import { findBrowser, launchBrowser } from "../support/browser.ts";

setDefaultTimeout(60_000);

const executable = findBrowser();

// A machine without a browser can still run every other test; CI has one, and fails without.
describe.skipIf(executable === undefined)("a backfill in a browser", () => {
  let barline: BarlineProcess;
  let browser: Browser;
  let page: Page;
  const troubles: string[] = [];

  beforeAll(async () => {
    // Few calls a minute: most of a year is still waiting when the page is looked at.
    barline = await startBarline({ CATCHUP: "none", START_DATE: "2025-01-02", POLYGON_CALLS_PER_MINUTE: "60" });
    browser = await launchBrowser(executable ?? "");
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    page = await context.newPage();
    page.on("pageerror", (error) => troubles.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("422")) troubles.push(message.text());
    });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await barline?.stop();
  });

  const live = () => page.locator("#backfill-live");
  const state = (name: string) => live().locator(".page-head .state", { hasText: name });
  const click = (name: string) => live().getByRole("button", { name, exact: true }).click();

  test("is previewed side by side and started from its own page, the newest first", async () => {
    await page.goto(`${barline.url}/backfills`);
    await page.locator("#main").getByRole("link", { name: "New backfill" }).click();
    await page.locator("[name=from]").fill("2025-01-02");
    await page.locator("[name=to]").fill("2025-12-31");
    await page.locator("[name=concurrency]").fill("99");
    await page.locator("[name=order]").selectOption("newest");
    await page.locator("button[value=preview]").click();
    await page.locator("#concurrency-error").waitFor();
    await page.locator("[name=concurrency]").fill("4");
    await page.locator("button[value=preview]").click();
    await page.locator("button[value=start]").waitFor();
    expect(await page.locator("[name=order]").inputValue()).toBe("newest");
    expect(await page.locator(".backfill-choices tbody th").allTextContents()).toEqual([
      "Missing (chosen)",
      "Failed",
      "All",
      "Recheck",
    ]);
    // 2025 has 250 sessions: 261 weekdays less ten holidays and the day of mourning on 9 January.
    const figures = ["250", "250", "5 min"];
    const none = ["0", "0", "–"];
    expect(await page.locator(".backfill-choices tbody td").allTextContents()).toEqual([
      ...figures,
      ...none,
      ...figures,
      ...none,
    ]);
    await page.locator("button[value=start]").click();
    await page.waitForURL(/\/backfills\/\d+/);
    await page.locator("a.s.success[title^='Wed 31 Dec 2025']").waitFor();
    expect(await page.locator("a.s.queued[title^='Thu 2 Jan 2025']").count()).toBe(1);
  });

  test("is paused, changed and resumed without leaving its page", async () => {
    await click("Pause");
    await state("Paused").waitFor();
    expect(await page.locator("#backfill-live .fact", { hasText: "Running" }).textContent()).toContain("0");
    expect(await page.locator("#backfill-live .fact", { hasText: "Time left" }).textContent()).toContain("–");
    await page.locator("#backfill-settings [name=concurrency]").fill("2");
    await page.locator("#backfill-settings [name=order]").selectOption("oldest");
    await page.locator("#backfill-settings button").click();
    await page.locator(".lead", { hasText: "oldest first, at most 2 at a time" }).waitFor();
    await click("Resume");
    await state("Running").waitFor();
    await page.locator("#backfill-live .fact", { hasText: "Running2" }).waitFor();
    const deeds = await page.locator("#deeds li").allTextContents();
    expect(deeds.length).toBe(4);
    expect(deeds[0]).toContain("resumed");
  });

  test("leads from a mark to its run by the keyboard alone", async () => {
    const mark = page.locator("a.s.success").last();
    await mark.focus();
    const name = await mark.getAttribute("title");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runs\/\d+/);
    expect(name).toMatch(/^\w{3} \d+ \w{3} 2025: success, run \d+ \(never ran\)$/);
    await page.goBack();
    await live().waitFor();
  });

  test("is cancelled after a question, and its page shows the end by itself", async () => {
    await live().locator("summary", { hasText: "Cancel" }).click();
    await click("Cancel this backfill");
    await state("Cancelled").waitFor();
    await page.locator("#backfill-settings").waitFor({ state: "detached" });
    expect(await page.locator("a.s.queued, a.s.running").count()).toBe(0);
    expect(await page.locator("a.s.cancelled").count()).toBeGreaterThan(100);
    await page.goto(`${barline.url}/backfills?state=cancelled`);
    expect(await page.locator("#backfill-list tbody tr").count()).toBe(1);
  });

  test("scrolls no page sideways on a phone, and raises no error", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of ["/backfills", "/backfills/new", "/backfills/1"]) {
      await page.goto(barline.url + path);
      expect([path, await page.evaluate<number>("document.documentElement.scrollWidth")]).toEqual([path, 390]);
    }
    expect(troubles).toEqual([]);
  });
});
