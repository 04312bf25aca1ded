import { describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { browseBacktests } from "../support/backtest-browser.ts";
import { findBrowser } from "../support/browser.ts";

const executable = findBrowser();

// A machine without a browser can still run every other test; CI has one, and fails without.
describe.skipIf(executable === undefined)("sweeps in a browser", () => {
  const open = browseBacktests(executable);

  /** Fills in the form for a sweep of a few points, and begins it. */
  const begin = async (page: Page): Promise<void> => {
    await page.fill("#bt-ticker", "TEN");
    await page.fill("#bt-momentum-shortWindow", "5 to 20 by 5");
    await page.fill("#bt-momentum-longWindow", "30, 60, 90");
    await page.locator("button", { hasText: "Begin the sweep" }).click();
  };

  test("go from the form to what was found, which comes by itself", async () => {
    const page = await open("/sweeps");
    await page.locator("label", { hasText: "Donchian breakout" }).click();
    expect(await page.locator("#bt-donchian-entry").isVisible()).toBe(true);
    expect(await page.locator("#bt-momentum-shortWindow").isVisible()).toBe(false);
    await page.locator("label:has(input[name=strategy][value=momentum])").click();
    expect(await page.locator("#bt-points").isVisible()).toBe(false);
    await page.selectOption("#bt-search", "random");
    expect(await page.locator("#bt-points").isVisible()).toBe(true);
    await page.selectOption("#bt-search", "grid");
    await begin(page);
    await page.waitForURL("**/sweeps/*");
    await page.locator("h3", { hasText: "Deflated Sharpe ratio" }).waitFor();
    expect(await page.locator(".sweep-lead").textContent()).toContain("the best of 12 trials");
    await page.context().close();
  });

  test("of the universe take no ticker and no stops, and keep what was typed where it is refused", async () => {
    const page = await open("/sweeps");
    await page.locator("label", { hasText: "Cross-sectional momentum" }).click();
    for (const hidden of ["#bt-ticker", "#bt-fold-stops"]) expect(await page.locator(hidden).isVisible()).toBe(false);
    expect(await page.locator("#bt-survivorship").inputValue()).toBe("point_in_time");
    await page.fill("#bt-cross_sectional_momentum-holdings", "1 to 500");
    await page.locator("button", { hasText: "Begin the sweep" }).click();
    await page.locator(".field-error", { hasText: "up to 1,000 are run" }).waitFor();
    expect(await page.inputValue("#bt-cross_sectional_momentum-holdings")).toBe("1 to 500");
    await page.context().close();
  });

  test("have a heat map that is read by pointer and by keyboard, and changes without leaving the page", async () => {
    const page = await open("/sweeps");
    await begin(page);
    const map = page.locator(".heat-map");
    await map.waitFor();
    await page.evaluate("globalThis.stayed = true");
    await map.focus();
    const read = page.locator(".heat-read");
    const best = await page.locator(".sweep-lead strong").first().textContent();
    expect(await read.textContent()).toStartWith(`${best}: `);
    for (let press = 0; press < 4; press++) await page.keyboard.press("ArrowDown");
    for (let press = 0; press < 4; press++) await page.keyboard.press("ArrowLeft");
    expect(await read.textContent()).toStartWith("Short window 5, Long window 30: Sharpe ratio ");
    await page.keyboard.press("ArrowRight");
    expect(await read.textContent()).toStartWith("Short window 5, Long window 60: ");
    const { x, y, width } = (await map.boundingBox()) ?? { x: 0, y: 0, width: 0 };
    await page.mouse.move(x + width - 3, y + 3);
    expect(await read.textContent()).toStartWith("Short window 20, Long window 90: ");
    await page.selectOption("[name=metric]", "totalReturn");
    await page.locator(".heat-map[aria-label^=Return]").waitFor();
    await page.locator(".heat-map").focus();
    expect(await read.textContent()).toMatch(/: Return [+−]/);
    expect(await page.evaluate("globalThis.stayed")).toBe(true);
    await page.context().close();
  });

  test("go the same way without scripts, on a phone", async () => {
    const page = await open("/sweeps", { javaScriptEnabled: false, width: 390 });
    await begin(page);
    await page.waitForURL("**/sweeps/*");
    const found = page.locator("h3", { hasText: "Deflated Sharpe ratio" });
    for (let look = 0; look < 50 && !(await found.isVisible()); look++) {
      await page.locator("a", { hasText: "Look again" }).click();
    }
    await page.selectOption("[name=metric]", "trades");
    await page.locator("button", { hasText: "Show" }).click();
    await page.waitForURL("**metric=trades**");
    expect(await page.locator(".heat-map").getAttribute("aria-label")).toStartWith("Trades by");
    await page.locator("summary", { hasText: "As a table" }).click();
    expect(await page.locator(".heat-table tbody tr").count()).toBe(4);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    await page.context().close();
  });
});
