import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import type { Sql } from "../../db/client.ts";
import { insertLogs } from "../../db/queries/pipeline/journal.ts";
import { openWarehouse } from "../process/support.ts";
import { type BarlineProcess, startBarline } from "../support/barline.ts";
import { findBrowser, launchBrowser } from "../support/browser.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { until } from "../support/until.ts";

setDefaultTimeout(60_000);

const executable = findBrowser();

describe.skipIf(executable === undefined)("a log in a browser", () => {
  let barline: BarlineProcess;
  let gateway: Gateway;
  let browser: Browser;
  let sql: Sql;
  let run: number;
  let task: number;
  let written = 0;
  const settings = { CATCHUP: "none", START_DATE: "2026-01-02" };
  const troubles: string[] = [];

  beforeAll(async () => {
    barline = await startBarline(settings);
    gateway = await startGateway(Number(new URL(barline.url).port));
    browser = await launchBrowser(executable ?? "");
    sql = await openWarehouse(barline.dataDir);
    // Of a job that this process does not know, so that it leaves the run as it is.
    const [row] = await sql<[{ runId: number; id: number }]>`
      with run as (
        insert into barline.runs (job_id, trigger, state, started_at) values ('toy', 'manual', 'running', now()) returning id
      )
      insert into barline.tasks (run_id, job_id, name, step, state, started_at)
      select id, 'toy', 'work', 0, 'queued', now() from run returning run_id as "runId", id`;
    run = row.runId;
    task = row.id;
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await sql?.end({ timeout: 1 });
    await gateway?.stop();
    await barline?.stop();
    if (barline) rmSync(barline.dataDir, { recursive: true, force: true });
  });

  const write = (count: number, message = "line") => {
    const lines = Array.from({ length: count }, () => ({
      taskId: task,
      try: 1,
      at: new Date().toISOString(),
      level: "info",
      message: `${message} ${written++}`,
      fields: null,
    }));
    return insertLogs(sql, lines);
  };

  const open = async (path: string): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    page.on("pageerror", (error) => troubles.push(String(error)));
    page.on("console", (message) => {
      // What the browser says of a connection that this test cut is what it should say.
      if (message.type() === "error" && !/ERR_|Failed to load resource/.test(message.text()))
        troubles.push(message.text());
    });
    await page.goto(`http://127.0.0.1:${gateway.port}${path}`);
    return page;
  };

  const numbers = async (page: Page): Promise<number[]> =>
    (await page.locator("#log .message").allTextContents()).map((text) => Number(/\d+/.exec(text)?.[0]));
  const all = () => Array.from({ length: written }, (_, index) => index);
  const showsAll = (page: Page) =>
    until("the page shows every line", async () => (await numbers(page)).length >= written);
  const state = (page: Page) => page.locator("[data-log=state]").textContent();
  const says = (page: Page, text: string) =>
    until(`the page says ${text}`, async () => (await state(page))?.includes(text));

  test("goes on through a cut of the connection and a restart of the process, with each line once", async () => {
    await write(3);
    const page = await open(`/runs/${run}/log`);
    await says(page, "Live");
    await write(5);
    await showsAll(page);

    await gateway.close();
    await says(page, "Connection lost");
    await write(250);
    await gateway.open();
    await showsAll(page);
    expect(await numbers(page)).toEqual(all());

    // The stream is open: it must not hold up the end of the process, nor be lost with it.
    await sql.end({ timeout: 1 });
    expect(await barline.end("SIGTERM")).toMatchObject({ code: 0 });
    expect(barline.output()).not.toContain("did not stop in time");
    await says(page, "Connection lost");
    barline = await startBarline({ ...settings, PORT: new URL(barline.url).port }, barline.dataDir);
    sql = await openWarehouse(barline.dataDir);
    await write(5);
    await showsAll(page);
    expect(await numbers(page)).toEqual(all());
    await page.context().close();
  });

  test("rests while nobody sees it, and then shows what it missed", async () => {
    const page = await open(`/runs/${run}/tasks/${task}`);
    await says(page, "Live");
    const see = (hidden: boolean) =>
      page.evaluate(`
        Object.defineProperty(document, "hidden", { configurable: true, get: () => ${hidden} });
        document.dispatchEvent(new Event("visibilitychange"));`);
    await see(true);
    await says(page, "Paused");
    const before = (await numbers(page)).length;
    await write(4);
    expect((await numbers(page)).length).toBe(before);
    await see(false);
    await showsAll(page);
    expect(await numbers(page)).toEqual(all());
    await page.context().close();
  });

  test("follows its end until one reads further up, and offers the way back", async () => {
    await write(100);
    const page = await open(`/runs/${run}/log`);
    await says(page, "Live");
    const fromEnd = () =>
      page.locator("#log-scroll").evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight);
    const jump = page.locator("[data-log=jump]");
    await write(1);
    await showsAll(page);
    await until("it is at its end", async () => (await fromEnd()) < 24);
    expect(await jump.isHidden()).toBe(true);
    await page.locator("#log-scroll").hover();
    await page.mouse.wheel(0, -600);
    await until("it follows no more", async () => !(await page.locator("#log-follow").isChecked()));
    await write(2);
    await showsAll(page);
    expect(await fromEnd()).toBeGreaterThan(24);
    await until("it counts what is new", async () => (await jump.textContent()) === "Jump to the end, 2 new");
    await jump.click();
    await until("it is at its end again", async () => (await fromEnd()) < 24);
    expect(await page.locator("#log-follow").isChecked()).toBe(true);
    await page.context().close();
  });

  test("shows the lines that are asked for, also those that come later", async () => {
    const page = await open(`/runs/${run}/log`);
    await page.locator("#main input[name=q]").fill("needle");
    await page.keyboard.press("Enter");
    await page.locator("#log-empty").waitFor();
    await says(page, "Live");
    await write(1, "needle");
    await write(1, "hay");
    await write(1, "needle");
    await until("both are there", async () => (await numbers(page)).length === 2);
    expect(await page.locator("#log .message").allTextContents()).toEqual([
      expect.stringContaining("needle"),
      expect.stringContaining("needle"),
    ]);
    await page.context().close();
  });

  test("copies all of it, not only what is shown", async () => {
    const page = await open(`/runs/${run}/log?q=needle`);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.locator("[data-log=copy]").click();
    await page.locator("[data-log=copy]", { hasText: "Copied" }).waitFor();
    const text = await page.evaluate<string>("navigator.clipboard.readText()");
    expect(text.trimEnd().split("\n").length).toBe(written);
    await page.context().close();
  });

  test("says when the run is over, and asks no more", async () => {
    const page = await open(`/runs/${run}/log`);
    await says(page, "Live");
    await write(1, "last");
    await sql`update barline.runs set state = 'success', finished_at = now() where id = ${run}`;
    await says(page, "The run is over");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.evaluate("new Promise((resolve) => setTimeout(resolve, 2500))");
    expect(asked).toEqual([]);
    expect(troubles).toEqual([]);
    await page.context().close();
  });
});
