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

  test("shows a trade where it happened, by click on its row and by keyboard", async () => {
    const page = await open(run);
    await drawn(page);
    const row = page.locator("#trades tbody tr").nth(3);
    const entered = (await row.locator("td").nth(1).textContent()) ?? "";
    await row.locator("td").nth(3).click();
    await page.locator("#run-date", { hasText: entered }).waitFor();
    expect(await page.evaluate("document.activeElement.dataset.plot")).toBe("price");
    await page.keyboard.press("Home");
    const zoomed = await page.locator("#run-date").textContent();
    expect(zoomed).not.toContain("2014");
    const link = page.locator("#trades tbody tr").nth(0).locator(".trade-link");
    const last = (await page.locator("#trades tbody tr").nth(0).locator("td").nth(1).textContent()) ?? "";
    await link.focus();
    await page.keyboard.press("Enter");
    await page.locator("#run-date", { hasText: last }).waitFor();
    await page.context().close();
  });

  test("has a logarithmic scale in its address, exchanged in place and drawn by the server", async () => {
    const page = await open(run);
    await drawn(page);
    await page.click("a[data-run-scale=log]");
    await page.waitForURL("**&scale=log");
    expect(await page.getAttribute("#run-charts", "data-scale")).toBe("log");
    expect(await page.locator("#run-charts .uplot").count()).toBe(4);
    const plain = await open(new URL(page.url()).pathname + new URL(page.url()).search, { javaScriptEnabled: false });
    expect(await plain.getAttribute("a[data-run-scale=log]", "aria-current")).toBe("true");
    await plain.context().close();
    await page.context().close();
  });

  test("says that it runs while it does", async () => {
    const page = await open("/backtest");
    await page.fill("#bt-ticker", "TEN");
    let release = () => {};
    const held = new Promise<void>((done) => {
      release = done;
    });
    await page.route("**/backtest?*", async (route) => {
      await held;
      await route.continue();
    });
    await page.locator("button", { hasText: "Run the backtest" }).click();
    await page.locator("#run-status", { hasText: "Running…" }).waitFor();
    expect(await page.locator("button", { hasText: "Run the backtest" }).isDisabled()).toBe(true);
    expect(await page.getAttribute("#result", "aria-busy")).toBe("true");
    release();
    await page.locator("h2", { hasText: "TEN · " }).waitFor();
    expect(await page.locator("#run-status").textContent()).toBe("");
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
    await click("#main-nav summary:has-text('Research')");
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

  describe("the chart of a ticker", () => {
    const chart = async (path: string, look?: { javaScriptEnabled?: boolean; width?: number }) => {
      const page = await open(path, look);
      if (look?.javaScriptEnabled !== false) await page.locator("#chart .uplot").first().waitFor();
      return page;
    };
    const words = (page: Page) => page.locator("#chart-words");
    const middleOf = async (page: Page) => {
      const box = (await page.locator("[data-pane=price] .u-over").boundingBox()) ?? {
        x: 0,
        y: 0,
        width: 0,
        height: 0,
      };
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    };

    test("moves by drag, zooms by wheel, and writes both to its address, which draws the same again", async () => {
      const page = await chart("/tickers/TEN?scale=log");
      const { x, y } = await middleOf(page);
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x + 300, y, { steps: 5 });
      await page.mouse.up();
      await page.waitForURL(/\/tickers\/TEN\?from=[\d-]+&to=2023-[\d-]+&scale=log$/);
      await page.mouse.wheel(0, -400);
      await page.waitForFunction("!document.querySelector('#chart-words').textContent.includes('252 sessions')");
      const [url, told] = [page.url(), await words(page).textContent()];
      const plain = await chart(new URL(url).pathname + new URL(url).search, { javaScriptEnabled: false });
      expect(await words(plain).textContent()).toBe(told);
      await plain.context().close();
      await page.dblclick("[data-pane=price] .u-over", { position: { x: 20, y: 200 } });
      await page.waitForURL("**/tickers/TEN?scale=log");
      await page.context().close();
    });

    test("measures with Shift and a drag, and by keys", async () => {
      const page = await chart("/tickers/TEN?range=1m");
      const { x, y } = await middleOf(page);
      await page.keyboard.down("Shift");
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x + 200, y, { steps: 3 });
      await page.mouse.up();
      await page.keyboard.up("Shift");
      const measured = page.locator("#measured");
      expect(await measured.textContent()).toMatch(
        /^\d+ \w+ \d{4} to \d+ \w+ 20\d\d: [+−][\d.]+ \([+−][\d.]+%\), \d+ sessions, \d+ days$/,
      );
      await page.focus("#chart");
      await page.keyboard.press("Escape");
      expect(await measured.isHidden()).toBe(true);
      await page.keyboard.press("Home");
      await page.keyboard.press("m");
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowRight");
      expect(await measured.textContent()).toContain("2 sessions");
      await page.context().close();
    });

    test("is read by keys, which move it along at its edge", async () => {
      const page = await chart("/tickers/TEN?range=1m");
      await page.focus("#chart");
      await page.keyboard.press("Home");
      const first = await page.locator("#readout .date").textContent();
      await page.keyboard.press("ArrowLeft");
      await page.waitForFunction(`document.querySelector("#readout .date").textContent !== "${first}"`);
      await page.waitForURL(/from=/);
      await page.keyboard.press("0");
      await page.waitForURL("**/tickers/TEN?range=1m");
      await page.context().close();
    });

    test("compares, changes bars and indicators in place, and tells what has no bars", async () => {
      const page = await chart("/tickers/TEN");
      await page.evaluate("globalThis.stayed = true");
      await page.fill("#compare-ticker", "SPY, NOPE");
      await page.press("#compare-ticker", "Enter");
      await page.locator("#compare-unknown", { hasText: "No bars of NOPE" }).waitFor();
      await page.locator("#readout dt", { hasText: "SPY" }).waitFor();
      expect(await words(page).textContent()).toMatch(/each 100 at its first close, in the end TEN [\d.]+, SPY [\d.]+/);
      await page.click("a[aria-label='Compare without NOPE']");
      await page.waitForURL("**/tickers/TEN?compare=SPY");
      await page.click("a[aria-label='Compare without SPY']");
      await page.click("text=Week");
      await page.waitForURL("**/tickers/TEN?interval=week");
      expect(await words(page).textContent()).toContain("53 weeks");
      await page.click("#indicator-choice summary");
      await page.check("input[value=return_21d]");
      await page.locator("[data-pane=pane-0] .uplot").waitFor();
      await page.check("input[value=return_252d]");
      await page.locator(".pane-title", { hasText: "21 days, 252 days" }).waitFor();
      await page.keyboard.press("Escape");
      await page.click("#chart-reset");
      await page.waitForURL("**/tickers/TEN");
      expect(await page.locator("#chart .uplot").count()).toBe(1);
      expect(await page.evaluate("globalThis.stayed")).toBe(true);
      await page.context().close();
    });

    test("zooms under two fingers and scrubs under one", async () => {
      const page = await chart("/tickers/TEN?range=5y", { width: 390 });
      const { x, y } = await middleOf(page);
      const touch = (type: string, id: number, left: number) =>
        page.dispatchEvent("[data-pane=price] .u-over", type, {
          ...{ pointerId: id, pointerType: "touch", clientX: left, clientY: y, bubbles: true },
        });
      await touch("pointerdown", 1, x - 100);
      const date = await page.locator("#readout .date").textContent();
      await touch("pointermove", 1, x - 40);
      expect(await page.locator("#readout .date").textContent()).not.toBe(date);
      await touch("pointerdown", 2, x + 40);
      await touch("pointermove", 2, x + 120);
      await touch("pointerup", 2, x + 120);
      await touch("pointerup", 1, x - 40);
      await page.waitForURL(/from=\d{4}-[\d-]+&to=/);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
      await page.context().close();
    });

    test("is saved as a picture and as CSV of what is seen", async () => {
      const page = await chart("/tickers/TEN?range=1m");
      const saved = page.waitForEvent("download");
      await page.click("#chart-png");
      expect((await saved).suggestedFilename()).toMatch(/^TEN-2023-12-\d\d-2024-01-09\.png$/);
      expect(await page.getAttribute("#chart-csv", "href")).toBe("/tickers/TEN/bars.csv?range=1m");
      await page.context().close();
    });

    test("has the same controls without scripts", async () => {
      const page = await chart("/tickers/TEN", { javaScriptEnabled: false });
      await page.fill("#compare-ticker", "SPY");
      await page.press("#compare-ticker", "Enter");
      await page.waitForURL("**/tickers/TEN?compare=SPY");
      await page.click("text=Log");
      await page.click("a[aria-label='Zoom in']");
      await page.waitForURL(/from=2023-[\d-]+&to=2024-01-09&scale=log&compare=SPY$/);
      expect(await page.locator(".price-svg .line").count()).toBe(2);
      await page.context().close();
    });
  });
});
