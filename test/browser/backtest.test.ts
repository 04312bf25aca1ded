import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import type { Page } from "playwright-core";
import { findListed } from "../../server/research/workspace/catalogue.ts";
import { writeStrategyFolder } from "../../server/research/workspace/first-start.ts";
import { createOwnStrategies } from "../../server/research/workspace/own.ts";
import { browseBacktests } from "../support/backtest-browser.ts";
import { findBrowser } from "../support/browser.ts";
import { until } from "../support/until.ts";

const executable = findBrowser();
const run = "/backtest?ticker=TEN&strategy=momentum&benchmark=SPY";

// A machine without a browser can still run every other test; CI has one, and fails without.
describe.skipIf(executable === undefined)("backtests in a browser", () => {
  const open = browseBacktests(executable);

  /** Waits until every pane is drawn by the script; answers how many there are. */
  const drawn = async (page: Page): Promise<number> => {
    await page.locator("#run-charts[data-state=drawn]").waitFor();
    return await page.locator("#run-charts .uplot").count();
  };

  test("goes from the form to a result without leaving the page, and back", async () => {
    const page = await open("/backtest");
    await page.evaluate("globalThis.stayed = true");
    await page.fill("#bt-ticker", "TEN");
    await page.locator("label", { hasText: "Donchian breakout" }).click();
    await page.fill("#bt-donchian-entry", "40");
    await page.press("#bt-donchian-entry", "Enter");
    await page.locator("h2", { hasText: "TEN · Donchian breakout" }).waitFor();
    await page.waitForURL("**/backtest?ticker=TEN&from=*&to=*&strategy=donchian&params.entry=40&params.exit=10&*");
    expect(await drawn(page)).toBe(3);
    expect(await page.inputValue("#bt-donchian-entry")).toBe("40");
    // To change one thing after the other.
    expect(await page.evaluate("document.activeElement.id")).toBe("bt-donchian-entry");
    await page.locator("button", { hasText: "Run the backtest" }).click();
    await page.waitForFunction("document.activeElement.id === 'result'");
    await page.fill("#bt-donchian-entry", "5");
    await page.locator("button", { hasText: "Run the backtest" }).click();
    await page.locator("#bt-donchian-exit-error").waitFor();
    expect(await page.inputValue("#bt-donchian-entry")).toBe("5");
    await page.waitForFunction("document.activeElement.id === 'bt-donchian-exit'");
    expect(await page.evaluate("globalThis.stayed")).toBe(true);
    await page.goBack();
    await page.waitForURL("**/backtest");
    await page.locator("p", { hasText: "Run it, then change one thing at a time" }).waitFor();
    await page.context().close();
  });

  test("offers a strategy that somebody puts into the workspace, without a restart", async () => {
    const dir = mkdtempSync(join(tmpdir(), "barline-browsed-"));
    const log = pino({ level: "silent" });
    await writeStrategyFolder(dir, log);
    const own = createOwnStrategies({ dir, log, now: () => new Date() });
    const page = await open("/backtest");
    expect(await page.locator("label", { hasText: "Z-score" }).count()).toBe(0);
    copyFileSync(join(dir, "z-score.ts.example"), join(dir, "z-score.ts"));
    await until("the file is found by itself", () => findListed("z_score"));
    await page.reload();
    await page.fill("#bt-ticker", "TEN");
    await page.locator("label", { hasText: "Z-score" }).click();
    await page.fill("#bt-z_score-window", "15");
    await page.locator("button", { hasText: "Run the backtest" }).click();
    await page.locator("h2", { hasText: "TEN · Z-score" }).waitFor();
    await page.locator("#result", { hasText: "No look-ahead" }).waitFor();
    expect(await drawn(page)).toBe(4);
    await page.context().close();
    await own.stop();
    rmSync(dir, { recursive: true });
  });

  test("goes the same way without scripts, with charts drawn by the server", async () => {
    const page = await open("/backtest", { javaScriptEnabled: false });
    await page.fill("#bt-ticker", "TEN");
    await page.locator("label", { hasText: "Mean reversion" }).click();
    // Only the chosen strategy's parameters are in sight.
    expect(await page.locator("#bt-mean_reversion-window").isVisible()).toBe(true);
    expect(await page.locator("#bt-momentum-shortWindow").isVisible()).toBe(false);
    await page.fill("#bt-mean_reversion-window", "15");
    await page.locator("button", { hasText: "Run the backtest" }).click();
    await page.waitForURL("**strategy=mean_reversion&params.window=15*");
    expect(await page.locator("h2", { hasText: "TEN · Mean reversion" }).count()).toBe(1);
    expect(await page.locator(".run-plot svg").count()).toBeGreaterThanOrEqual(3);
    await page.context().close();
  });

  test("has one cursor and one zoom for all panes", async () => {
    const page = await open(run);
    expect(await drawn(page)).toBe(4);
    const over = page.locator("[data-plot=equity] .u-over");
    await over.scrollIntoViewIfNeeded();
    const box = (await over.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    const lefts = async () =>
      await page
        .locator("#run-charts .u-cursor-x")
        .evaluateAll((lines) =>
          lines.map((line) => (line as unknown as { style: { transform: string } }).style.transform),
        );
    await page.waitForFunction("document.querySelector('#run-date').textContent.includes('2019')");
    const [first, ...others] = await lefts();
    expect(first).toStartWith("translate");
    expect(others).toEqual([first, first, first] as string[]);
    const values = await page.locator("output[data-figure=equity]").allTextContents();
    expect(values).toHaveLength(3);
    expect(values).not.toContain("–");

    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 + 90, box.y + 20, { steps: 4 });
    await page.mouse.up();
    // The leftmost session of another pane is one of the stretch that was dragged over.
    await page.focus("[data-plot=drawdown]");
    await page.keyboard.press("Home");
    await page.locator("#run-date", { hasText: /20(18|19)$/ }).waitFor();
    await page.context().close();
  });

  test("is read by keyboard", async () => {
    const page = await open(run);
    await drawn(page);
    await page.focus("[data-plot=price]");
    await page.keyboard.press("Home");
    await page.locator("#run-date", { hasText: "Fri 10 Jan 2014" }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.locator("#run-date", { hasText: "Mon 13 Jan 2014" }).waitFor();
    expect(await page.locator("output[data-line=candle]").textContent()).toMatch(/^O [\d.]+ {2}H [\d.]+/);
    await page.context().close();
  });

  test("turns trades in place, and opens formulas", async () => {
    const page = await open(run);
    await page.locator("#trades a", { hasText: "Older" }).click();
    await page.locator("#trades .note", { hasText: "51 to" }).waitFor();
    expect(await page.locator("#run-charts").count()).toBe(1);
    await page.locator("summary", { hasText: "Sharpe ratio" }).click();
    expect(await page.locator("#formula-sharpe").isVisible()).toBe(true);
    await page.context().close();
  });

  test("keeps the page as wide as a phone", async () => {
    const page = await open(run, { width: 390 });
    await drawn(page);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    await page.context().close();
  });

  test("leads from the overview over a momentum backtest to its tear sheet, in at most four clicks", async () => {
    const page = await open("/");
    let clicks = 0;
    const click = async (selector: string) => {
      clicks++;
      await page.locator(selector).filter({ visible: true }).first().click();
    };
    await click("a[href='/backtest']");
    await page.waitForURL("**/backtest");
    expect(await page.locator("input[name=strategy][value=momentum]").isChecked()).toBe(true);
    await click("button:has-text('Run the backtest')");
    await page.locator("#result").waitFor();
    await click("a:has-text('Tear sheet')");
    await page.locator("article.tear-sheet").waitFor();
    expect(clicks).toBeLessThanOrEqual(4);
    const download = page.waitForEvent("download");
    await page.locator("a", { hasText: "Save as a file" }).click();
    expect((await download).suggestedFilename()).toMatch(/^barline-tear-sheet-\w+-momentum-.*\.html$/);
    await page.context().close();
  });

  test.each([run, `/backtest/tear-sheet${run.slice("/backtest".length)}`])(
    "prints %s black on white, without what is clicked, and as wide as the paper",
    async (path) => {
      const page = await open(path);
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      // A4 at 96 dots an inch, within its margins.
      await page.setViewportSize({ width: 703, height: 1000 });
      const look = await page.evaluate(() => {
        const { color, backgroundColor } = getComputedStyle(document.body);
        const clicked = [...document.querySelectorAll("nav, button, .button, .top")];
        return {
          ...{ color, backgroundColor, width: document.documentElement.scrollWidth },
          clicked: clicked.filter((element) => element.checkVisibility()).length,
        };
      });
      expect(look).toEqual({ color: "rgb(0, 0, 0)", backgroundColor: "rgb(255, 255, 255)", width: 703, clicked: 0 });
      await page.context().close();
    },
  );

  test("suggests tickers while one is typed", async () => {
    const page = await open("/backtest");
    await page.locator("#bt-ticker").press("Control+a");
    await page.locator("#bt-ticker").pressSequentially("GO");
    await page.locator("#bt-tickers option[value=GONE]").waitFor({ state: "attached" });
    await page.context().close();
  });
});
