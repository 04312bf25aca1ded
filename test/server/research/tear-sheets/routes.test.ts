import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { figureDefinitions, relativeDefinitions } from "../../../../server/backtest/tear-sheet/definitions.ts";
import { ask } from "../../api-support.ts";
import { type Dashboard, openDashboard, openingMs } from "../../dashboard.ts";
import { createTestApp } from "../../support.ts";
import { addBacktestSample, publishHistory, tenYears, wander } from "../backtests/sample.ts";

let dashboard: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard();
  await addBacktestSample(dashboard.sql);
}, openingMs);
afterAll(() => dashboard.close());

const get = (path: string) => dashboard.app.request(path);
const text = async (path: string) => (await get(path)).text();
const query = "ticker=TEN&strategy=momentum&from=2014-01-10&to=2024-01-09&riskFree=0.02";

describe("a tear sheet of a run", () => {
  test("has every figure with its definition, beside the ticker held, and charts beside tables", async () => {
    const page = await text(`/backtest/tear-sheet?${query}`);
    expect(page).toContain("10 Jan 2014 to 9 Jan 2024, 2,516 sessions, beside TEN held");
    for (const name of Object.keys({ ...figureDefinitions, ...relativeDefinitions })) {
      expect(page).toContain(`href="#definition-${name}"`);
      expect(page).toContain(`id="definition-${name}"`);
    }
    const charts = ["growth", "growth-log", "underwater", "year-bars", "month-classes", "quantiles"];
    const rolling = ["rolling-sharpe", "rolling-volatility", "rolling-beta"];
    for (const id of [...charts, ...rolling]) {
      expect(page).toContain(`<title id="${id}-name">`);
      expect(page).toContain(`<desc id="${id}-shown">`);
    }
    for (const table of ["Worst drawdowns", "Returns by year", "Rolling figures", "Distribution of returns"]) {
      expect(page).toContain(`aria-label="${table}"`);
    }
    expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/);
  });

  test("is compared with the benchmark that was asked for", async () => {
    const page = await text(`/backtest/tear-sheet?${query}&benchmark=SPY`);
    expect(page).toContain("beside SPY held");
    expect(page).toContain("Against SPY");
  });

  test("is a file that asks for nothing: styles inside, no script, no address", async () => {
    const response = await get(`/backtest/tear-sheet.html?${query}`);
    expect(response.headers.get("Content-Disposition")).toBe(
      'attachment; filename="barline-tear-sheet-TEN-momentum-2014-01-10-2024-01-09.html"',
    );
    const file = await response.text();
    expect(file.includes("@page")).toBe(true);
    expect(/content="default-src (?:'|&#39;)none/.test(file)).toBe(true);
    expect(/<script|<link|<img|<form|url\(|@import| src=|https?:/.test(file)).toBe(false);
    expect([...file.matchAll(/href="([^"]*)"/g)].every(([, href]) => href?.startsWith("#definition-"))).toBe(true);
  });

  test("leads to the form, which tells what is wrong with an address", async () => {
    for (const [asked, form] of [
      ["/backtest/tear-sheet", "/backtest"],
      [
        "/backtest/tear-sheet.html?ticker=TEN&strategy=momentum&from=x",
        "/backtest?ticker=TEN&strategy=momentum&from=x",
      ],
    ] as const) {
      const response = await get(asked);
      expect([response.status, response.headers.get("Location")]).toEqual([303, form]);
    }
  });

  test("of the universe leaves out of its benchmark what the ends of months do not tell", async () => {
    const page = await text("/backtest/tear-sheet?strategy=cross_sectional_momentum&params.holdings=2");
    expect(page).toContain("beside Universe held");
    expect(page).toContain("Against Universe");
    expect(page).not.toContain("rolling-beta");
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("too short for half a year says so", async () => {
    const page = await text("/backtest/tear-sheet?ticker=TEN&strategy=buy_and_hold&from=2020-01-02&to=2020-02-28");
    expect(page).toContain("there is nothing to roll over");
  });

  test("is led to from the run", async () => {
    expect(await text(`/backtest?${query}`)).toContain('href="/backtest/tear-sheet?ticker=TEN&amp;from=2014-01-10');
  });
});

describe("a tear sheet of a scenario", () => {
  test("is that of its run; once the data are newer, of the run as it was kept", async () => {
    const { sql } = dashboard;
    await publishHistory(sql, "KEPT", wander(tenYears.slice(-300), { seed: 5 }));
    await dashboard.post("/scenarios", { ticker: "KEPT", strategy: "donchian", name: "Kept <b>" });
    expect(await text("/scenarios/1")).toContain('href="/scenarios/1/tear-sheet"');
    const before = await text("/scenarios/1/tear-sheet");
    expect(before).toContain("beside KEPT held");
    expect(before).toContain("Back to Kept &lt;b&gt;");
    const total = /Cumulative return<\/dt><dd><span[^>]*>([^<]*)/.exec(before)?.[1];
    await sql`
      update public.fct_polygon__stock_bars_performance set close_price = close_price * 2
      where ticker = 'KEPT' and trade_date > '2023-06-01'`;
    const after = await text("/scenarios/1/tear-sheet");
    expect(after).toContain("as it was kept, without what it was compared with");
    expect(after).not.toContain("KEPT held");
    expect(/Cumulative return<\/dt><dd><span[^>]*>([^<]*)/.exec(after)?.[1]).toBe(total ?? "");
    const file = await get("/scenarios/1/tear-sheet.html");
    expect(file.headers.get("Content-Disposition")).toContain("barline-tear-sheet-KEPT-donchian-");
    expect((await get("/scenarios/99/tear-sheet")).status).toBe(404);
  });
});

describe("a tear sheet of a sweep", () => {
  test("is of what it chose, and says on what that was chosen", async () => {
    const form = { ticker: "TEN", strategy: "donchian", "donchian.entry": "20, 40", "donchian.exit": "10" };
    const fields = {
      ...{ score: "sharpe", search: "grid", split: "fraction", inSample: "70%", walk: "none" },
      capital: "1000",
    };
    const begun = await dashboard.post("/sweeps", {
      ...form,
      ...fields,
      sizing: "equity",
      size: "100%",
      fractional: "true",
    });
    expect(begun.status).toBe(303);
    await dashboard.sweeps.idle();
    const path = begun.headers.get("Location") ?? "";
    expect(await text(path)).toContain(`href="${path}/tear-sheet"`);
    const page = await text(`${path}/tear-sheet`);
    expect(page).toContain("The best of 2 trials of sweep 1 by Sharpe ratio, chosen on 10 Jan 2014 to");
    expect(page).toContain("nothing was chosen on the sessions from");
    expect((await get(`${path}/tear-sheet.html`)).headers.get("Content-Disposition")).toContain("TEN-donchian");
    expect((await get("/sweeps/99/tear-sheet")).status).toBe(404);
  }, 60_000);
});

describe("POST /api/backtests/tear-sheet", () => {
  test("answers figures of the run and of its benchmark, periods, drawdowns and rolling figures", async () => {
    const app = createTestApp({ read: dashboard.sql });
    const body = { ticker: "TEN", strategy: "momentum", from: "2014-01-10", to: "2024-01-09" };
    const { status, body: sheet } = await ask(app, "POST", "/api/backtests/tear-sheet", body);
    expect(status).toBe(200);
    const { metrics } = (await ask(app, "POST", "/api/backtests", body)).body;
    for (const name of ["totalReturn", "sharpe", "sortino", "maxDrawdown", "volatility", "exposure"]) {
      expect(sheet.run.figures[name]).toBe(metrics[name]);
    }
    for (const name of ["alpha", "beta"]) expect(sheet.relative[name]).toBeCloseTo(metrics[name], 12);
    expect(sheet.benchmark).toMatchObject({ kind: "buy_and_hold", ticker: "TEN" });
    expect(sheet.benchmark.figures.totalReturn).toBeCloseTo(metrics.buyAndHold, 12);
    expect(sheet.run.drawdowns).toHaveLength(10);
    expect(sheet.rolling).toHaveLength(2516);
    expect(sheet.rolling[124].sharpe).toBeNull();
    expect(sheet.rolling[2515].beta).toBeNumber();
    expect(sheet.scenario.ticker).toBe("TEN");
  });
});
