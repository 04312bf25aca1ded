import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { JsonValue } from "../../../../db/client.ts";
import { createMart, publishBar } from "../../api-support.ts";
import { type Dashboard, openDashboard, openingMs } from "../../dashboard.ts";
import { hostile } from "../../sample.ts";

let dashboard: Dashboard;
const days = ["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07"];

beforeAll(async () => {
  dashboard = await openDashboard();
  const { sql } = dashboard;
  await createMart(sql);
  for (const [session, price] of [10, 20, 40, 30].entries()) await publishBar(sql, "STEP", days[session] ?? "", price);
  for (const [session, price] of [10, 10, 5, 6].entries()) await publishBar(sql, "FALL", days[session] ?? "", price);
}, openingMs);
afterAll(() => dashboard.close());
beforeEach(async () => {
  await dashboard.sql`truncate barline.scenarios, barline.actions restart identity`;
});

/** The form of a run's page. */
const run = (ticker: string, settings: Record<string, string> = {}) => ({
  ...{ ticker, strategy: "buy_and_hold", capital: "10000" },
  ...settings,
});
const save = (name: string, form = run("STEP")) => dashboard.post("/scenarios", { ...form, name });
const page = async (path: string) => await (await dashboard.app.request(path)).text();
const escaped = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;";

describe("saving a run", () => {
  test("leads to its page, with the settings, the figures and a link that runs it again", async () => {
    const saved = await save("Held");
    expect([saved.status, saved.headers.get("Location")]).toEqual([303, "/scenarios/1"]);
    const text = await page("/scenarios/1");
    expect(text).toContain("Buy and hold of STEP");
    expect(text).toContain("+50.00%");
    expect(text).toContain("A run of now would read the same data");
    expect(text).toContain("/backtest?ticker=STEP&amp;from=2020-01-02&amp;to=2020-01-07&amp;strategy=buy_and_hold");
  });

  test.each([
    ["  ", "A scenario needs a name.", 422],
    ["y".repeat(101), "this one has 101", 422],
    ["held", "There is a scenario called “held” already.", 409],
  ])("refuses the name %p and keeps what was typed", async (name, message, status) => {
    await save("Held");
    const refused = await save(name, run("STEP", { "commission.bps": "5" }));
    const text = await refused.text();
    expect(refused.status).toBe(status);
    expect(text).toContain(message);
    expect(text).toContain('aria-invalid="true"');
    expect(text).toContain(`value="${name.trim()}"`);
    expect(text).toContain('name="commission.bps" value="5"');
    expect(text).toContain(
      'href="/backtest?ticker=STEP&amp;strategy=buy_and_hold&amp;capital=10000&amp;commission.bps=5"',
    );
  });

  test("tells what is wrong with a run that cannot be made", async () => {
    for (const [form, status, message] of [
      [run("NONE"), 404, "No bars of NONE are published"],
      [run("STEP", { capital: "-1" }), 422, "capital"],
      [{ ticker: "STEP" }, 422, "strategy"],
    ] as const) {
      const refused = await dashboard.post("/scenarios", { ...form, name: "A" });
      expect(refused.status).toBe(status);
      expect(await refused.text()).toContain(message);
    }
  });
});

describe("the list", () => {
  test("says what to do while it is empty", async () => {
    expect(await page("/scenarios")).toContain("No scenario is saved");
  });

  test("shows headline figures and the curve, the newest first, a page at a time", async () => {
    await save("Old");
    await save("Fallen", run("FALL"));
    const text = await page("/scenarios");
    expect(text.indexOf("Fallen")).toBeLessThan(text.indexOf("Old"));
    expect(text).toContain("−40.00%");
    expect(text.match(/class="spark /g)).toHaveLength(2);
    expect(text.match(/Current/g)).toHaveLength(2);
    const { sql } = dashboard;
    await sql`
      insert into barline.scenarios (name, request, metrics, equity_dates, equity, data_version, ran_at, created_at, created_by, updated_at)
      select 'n' || number, request, metrics, equity_dates, equity, data_version, ran_at, created_at, created_by, updated_at
      from barline.scenarios, generate_series(1, 24) as number where id = 1`;
    const first = await page("/scenarios");
    expect(first).not.toContain(">Old<");
    const older = /href="(\/scenarios\?before=\d+)"/.exec(first)?.[1] ?? "";
    expect(await page(older)).toContain(">Old<");
  });

  test("deletes, and undoes that, with and without scripts", async () => {
    await save("Held");
    const deleted = await dashboard.post("/scenarios/1/delete");
    expect([deleted.status, deleted.headers.get("Location")]).toEqual([303, "/scenarios?deleted=1"]);
    const told = await page("/scenarios?deleted=1");
    expect(told).toContain("“Held” was deleted.");
    expect(told).toContain("Recently deleted");
    expect((await dashboard.app.request("/scenarios/1")).status).toBe(404);
    const restored = await dashboard.post("/scenarios/1/restore");
    expect([restored.status, restored.headers.get("Location")]).toEqual([303, "/scenarios#scenario-1"]);
    expect(await page("/scenarios?deleted=1")).not.toContain("was deleted");

    const fragment = await dashboard.fragment("/scenarios/1/delete", "div#scenario-list", {});
    const part = await fragment.text();
    expect(part).toStartWith('<div id="scenario-list">');
    expect(part).toContain("“Held” was deleted.");
    const undone = await dashboard.fragment("/scenarios/1/restore", "div#scenario-list", {});
    expect(await undone.text()).toContain('id="scenario-1"');
    const twice = await dashboard.fragment("/scenarios/1/restore", "div#scenario-list", {});
    expect(twice.status).toBe(409);
    expect(await twice.text()).toContain("is not deleted");
  });

  test("duplicates", async () => {
    await save("Held");
    expect((await dashboard.post("/scenarios/1/duplicate")).headers.get("Location")).toBe("/scenarios/2");
    expect(await page("/scenarios/2")).toContain("Held (copy)");
  });

  test("escapes a hostile name wherever it stands", async () => {
    await save(hostile);
    await save("Other", run("FALL"));
    for (const path of ["/scenarios", "/scenarios/1", "/scenarios/compare?ids=1,2", "/activity"]) {
      const text = await page(path);
      expect(text).toContain(escaped);
      expect(text).not.toContain("<script>alert");
    }
    await dashboard.post("/scenarios/1/delete");
    expect(await page("/scenarios?deleted=1")).toContain(`“${escaped}`);
    const refused = await save("", { ...run("STEP"), ticker: hostile });
    expect(await refused.text()).not.toContain("<script>alert");
  });
});

describe("a scenario's page", () => {
  test("renames, and asks again where it cannot", async () => {
    await save("Held");
    await save("Other");
    expect((await dashboard.post("/scenarios/1/name", { name: "Kept" })).status).toBe(303);
    const refused = await dashboard.post("/scenarios/1/name", { name: "other" });
    expect(refused.status).toBe(409);
    const text = await refused.text();
    expect(text).toContain("There is a scenario called “other” already.");
    expect(text).toContain('value="other"');
    expect(text).toContain(">Kept<");
  });

  test("says which newer data would change it, and shows before and now once it was run again", async () => {
    const { sql } = dashboard;
    await save("Held");
    await sql`update public.fct_polygon__stock_bars_performance set close_price = 60 where ticker = 'STEP' and trade_date = ${days[3] ?? ""}`;
    expect(await page("/scenarios/1")).toContain("The bars of STEP in its range have changed.");
    const run = await dashboard.post("/scenarios/1/run");
    expect(run.headers.get("Location")).toBe("/scenarios/1#figures");
    const text = await page("/scenarios/1");
    expect(text).toContain("Before, ");
    expect(text).toMatch(/\+50\.00%<.*changed: <\/span><\/span>\+200\.00%/s);
    await sql`update public.fct_polygon__stock_bars_performance set close_price = 30 where ticker = 'STEP' and trade_date = ${days[3] ?? ""}`;
  });

  test("shows the months and trades of its own run, also once the data have changed", async () => {
    const { sql } = dashboard;
    await save("Held");
    const own = await page("/scenarios/1");
    expect(own).toContain('<th scope="row">2020</th>');
    expect(own).toContain("Open the run");
    const csv = "1,STEP,long,2020-01-03,20,,,500,,,,20,500,,\r\n";
    expect(await page("/scenarios/1/trades.csv")).toEndWith(csv);
    await sql`update public.fct_polygon__stock_bars_performance set close_price = close_price * 2, open_price = open_price * 2 where ticker = 'STEP'`;
    const now = await page("/scenarios/1");
    const partOf = (text: string, id: string) =>
      text.match(new RegExp(`<section[^>]* id="${id}".*?</section>`, "s"))?.[0];
    for (const id of ["months", "trades", "figures"]) {
      expect(partOf(now, id)).toBeString();
      expect(partOf(now, id)).toBe(partOf(own, id));
    }
    expect(now).toContain("All that this page shows is of that run");
    expect(now).toContain("Open on the data of now");
    expect(await page("/scenarios/1/trades.csv")).toEndWith(csv);
    expect(await page("/scenarios/1/equity.csv")).toStartWith("date,equity,drawdown\r\n2020-01-02,10000,0\r\n");
    await dashboard.post("/scenarios/1/duplicate");
    expect(await page("/scenarios/2/trades.csv")).toEndWith(csv);
    await dashboard.post("/scenarios/1/run");
    expect(await page("/scenarios/1/trades.csv")).toEndWith(
      csv.replace("20,,,500", "40,,,250").replace("20,500", "40,250"),
    );
    await sql`update public.fct_polygon__stock_bars_performance set close_price = close_price / 2, open_price = open_price / 2 where ticker = 'STEP'`;
  });

  test("turns its trades, and says so where a run before they were kept has none", async () => {
    await save("Held");
    const trades = Array.from({ length: 60 }, (_, index) => ({
      ...{ entryDate: days[0], entryPrice: 1000 + index, exitDate: days[2], exitPrice: 1, shares: -2 },
      ...{ profit: 0, return: 0, reason: "signal" },
    }));
    await dashboard.sql`update barline.scenarios set trades = ${dashboard.sql.json(trades as JsonValue)}`;
    const first = await page("/scenarios/1");
    expect(first).toContain('href="/scenarios/1?trades=50#trades"');
    const older = await (await dashboard.fragment("/scenarios/1?trades=50", "section#trades")).text();
    expect(older).toContain("60 trades, the newest first, 51 to 60 shown");
    expect(older).toContain("1,000.00");
    expect(older).toContain("Short");
    expect(older).not.toContain("<html");
    await dashboard.sql`update barline.scenarios set trades = null`;
    expect(await page("/scenarios/1")).toContain("Run it again to have them here.");
    expect((await dashboard.app.request("/scenarios/1/trades.csv")).status).toBe(404);
  });

  test("says why it cannot be run again, and keeps its figures", async () => {
    await save("Held", run("FALL"));
    await dashboard.sql`update public.fct_polygon__stock_bars_performance set ticker = 'GONE' where ticker = 'FALL'`;
    const refused = await dashboard.post("/scenarios/1/run");
    expect(refused.status).toBe(422);
    const text = await refused.text();
    expect(text).toContain("It cannot be run again: No bars of FALL are published.");
    expect(text).toContain("−40.00%");
    await dashboard.sql`update public.fct_polygon__stock_bars_performance set ticker = 'FALL' where ticker = 'GONE'`;
  });
});

describe("the comparison", () => {
  test("draws each benchmark that a scenario names once, from one dollar on, and leaves out one that is gone", async () => {
    for (const name of ["A", "B"])
      await save(name, run("STEP", { benchmark: "FALL", capital: name === "A" ? "1000" : "2000" }));
    const chart = JSON.parse(await page("/scenarios/compare/chart.json?ids=1,2"));
    const lines = chart.figures[0].lines.map(({ label, values }: { label: string; values: number[] }) => [
      label,
      values,
    ]);
    expect(lines.slice(2)).toEqual([["FALL, benchmark", [1, 1, 0.5, 0.6]]]);
    const text = await page("/scenarios/compare?ids=1,2&scale=log");
    expect(text).toContain("FALL, benchmark");
    expect(text).toMatch(/href="\/scenarios\/compare\?ids=1,2&amp;scale=log#run-charts"[^>]* aria-current="true"/);
    await dashboard.sql`update barline.scenarios set request = jsonb_set(request, '{benchmark}', '"GONE"')`;
    expect(JSON.parse(await page("/scenarios/compare/chart.json?ids=1,2")).figures[0].lines).toHaveLength(2);
  });

  test("draws and tells one to four, the best marked by a word", async () => {
    for (const [index, name] of ["A", "B", "C", "D"].entries()) {
      await save(name, run(index % 2 === 0 ? "STEP" : "FALL", { capital: String(10_000 + index) }));
    }
    for (const count of [1, 2, 3, 4]) {
      const ids = [1, 2, 3, 4].slice(0, count);
      const text = await page(`/scenarios/compare?${ids.map((id) => `ids=${id}`).join("&")}`);
      expect(text.match(/<path class="line \w+" d="M0 /g)).toHaveLength(count);
      expect(text.includes("best: ")).toBe(count > 1);
      expect(text.includes("Their ranges differ")).toBe(false);
    }
    const text = await page("/scenarios/compare?ids=1,2");
    expect(text).toContain('data-source="/scenarios/compare/chart.json?ids=1,2"');
    const chart = JSON.parse(await page("/scenarios/compare/chart.json?ids=1,2"));
    expect(chart.date).toEqual(days);
    expect(
      chart.figures[0].lines.map(({ label, values }: { label: string; values: number[] }) => [label, values]),
    ).toEqual([
      ["A", [1, 1, 2, 1.5]],
      ["B", [1, 1, 0.5, 0.6]],
    ]);
    expect(text).toContain(`data-version="${chart.dataVersion}"`);
    expect(JSON.parse(await page("/scenarios/2/chart.json")).figures[0].lines[0].values).toEqual([1, 1, 0.5, 0.6]);
    for (const path of ["/scenarios/compare/chart.json?ids=1,9", "/scenarios/9/chart.json"]) {
      expect((await dashboard.app.request(path)).status).toBe(404);
    }
    expect(text).toContain("1.50×");
    expect(text).toContain("0.60×");
    expect(text).toContain("Settings that differ");
  });

  test("says that ranges differ, and offers what they share", async () => {
    await save("A");
    await save("B", run("FALL", { to: "2020-01-06" }));
    const text = await page("/scenarios/compare?ids=1,2");
    expect(text).toContain("Their ranges differ");
    const link = /href="([^"]+common=true)"/.exec(text)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const common = await page(link);
    expect(common).toContain("All are run over what their ranges share");
    expect(common).toContain("+100.00%");
    expect(common).toContain('href="/scenarios/compare?ids=1,2"');
  });

  test("refuses five, none, and what is no scenario", async () => {
    for (const [query, status, message] of [
      ["ids=1,2,3,4,5", 422, "Up to 4 scenarios can be compared; 5 were asked for."],
      ["", 422, "Name the scenarios to compare"],
      ["ids=99", 404, "There is no scenario 99"],
      ["ids=x", 422, "numbers of scenarios"],
    ] as const) {
      const refused = await dashboard.app.request(`/scenarios/compare?${query}`);
      expect(refused.status).toBe(status);
      expect(await refused.text()).toContain(message);
    }
  });
});
