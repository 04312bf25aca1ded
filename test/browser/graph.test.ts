import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { type BarlineProcess, startBarline } from "../support/barline.ts";
import { findBrowser, launchBrowser } from "../support/browser.ts";

const executable = findBrowser();

describe.skipIf(executable === undefined)("the graph in a browser", () => {
  let barline: BarlineProcess;
  let browser: Browser;
  const troubles: string[] = [];

  beforeAll(async () => {
    barline = await startBarline({ CATCHUP: "none", START_DATE: "2025-01-02" });
    browser = await launchBrowser(executable ?? "");
    await fetch(`${barline.url}/api/jobs/stocks_polygon_ingest/backfills`, {
      method: "POST",
      body: JSON.stringify({ from: "2025-06-02", to: "2025-06-06" }),
    });
    await barline.untilIdle();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await barline?.stop();
  });

  const open = async (width: number, options: { javaScriptEnabled?: boolean } = {}): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width, height: 900 }, ...options });
    const page = await context.newPage();
    page.on("pageerror", (error) => troubles.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") troubles.push(message.text());
    });
    await page.clock.install();
    await page.goto(`${barline.url}/graph`);
    return page;
  };

  const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute("href") ?? "");

  test("is walked with the keyboard in the order in which data flows, and leads to what it shows", async () => {
    const page = await open(1440);
    await page.locator(".graph-scroll").focus();
    const walked: string[] = [];
    for (let count = 0; count < 16; count++) {
      await page.keyboard.press("Tab");
      walked.push(await focused(page));
    }
    const jobs = walked.filter((href) => href.startsWith("/jobs/"));
    expect(jobs).toEqual([
      "/jobs/stocks_polygon_ingest",
      "/jobs/stocks_polygon_load",
      "/jobs/stocks_polygon_dbt_transform",
    ]);
    expect(walked.some((href) => href.startsWith("/events/"))).toBe(true);
    await page.locator(`svg.graph-wide a[href$="manifests"]`).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/datasets\/s3/);
    await page.locator(".event-table a[href^='/events/']").first().click();
    await page.waitForURL(/\/events\/\d+/);
    expect(await page.locator(".fates").textContent()).toMatch(/run \d+ of Load/);
    await page.context().close();
  });

  test("keeps the keyboard's place when it refreshes itself", async () => {
    const page = await open(1440);
    await page.locator("#graph-nodes summary").click();
    await page.locator(`svg.graph-wide a[href$="source_polygon_stock_bars_daily"][href^="/datasets/"]`).focus();
    await page.keyboard.press("+");
    const seen = () => page.locator("svg.graph-wide").getAttribute("viewBox");
    const closer = await seen();
    const refreshed = page.waitForResponse((response) => response.url().endsWith("/graph"));
    await page.clock.fastForward(10_000);
    await refreshed;
    await page.waitForFunction(() => !document.querySelector("#graph.htmx-swapping, #graph.htmx-request"));
    expect(await focused(page)).toStartWith("/datasets/postgres");
    expect(await page.locator("#graph-nodes").getAttribute("open")).not.toBeNull();
    expect(await seen()).toBe(closer);
    await page.getByRole("button", { name: "Fit" }).click();
    expect(await seen()).not.toBe(closer);
    expect(await seen()).toStartWith("0 0 ");
    await page.context().close();
  });

  test("flows from top to bottom on a narrow screen, without sideways scrolling, and without scripts", async () => {
    const page = await open(390, { javaScriptEnabled: false });
    expect(await page.locator("svg.graph-wide").isVisible()).toBe(false);
    const tops = await page
      .locator("svg.graph-tall .node.job .card")
      .evaluateAll((cards) => cards.map((card) => card.getBoundingClientRect().top));
    expect(tops.length).toBe(5);
    expect(tops).toEqual(tops.toSorted((a, b) => a - b));
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    await page.context().close();
  });

  test("raised no error in the browser", () => {
    expect(troubles).toEqual([]);
  });
});
