import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createMart } from "../../api-support.ts";
import { type Dashboard, openDashboard, openingMs } from "../../dashboard.ts";

setDefaultTimeout(60_000);

let dashboard: Dashboard;

beforeAll(async () => {
  dashboard = await openDashboard();
  const { sql } = dashboard;
  await createMart(sql);
  await sql`
    insert into public.fct_polygon__stock_bars_performance
      (ticker, trade_date, open_price, high_price, low_price, close_price, volume)
    select 'WAVE', '2020-01-01'::date + position, opened, greatest(opened, closed), least(opened, closed), closed, 1000
    from generate_series(1, 500) as position,
      lateral (
        select 100 + position / 50.0 + 20 * sin(position / 9.0) + 7 * sin(position / 2.3) as opened,
          100 + position / 50.0 + 20 * sin((position + 0.5) / 9.0) + 7 * sin((position + 0.5) / 2.3) as closed
      ) as prices`;
}, openingMs);
afterAll(() => dashboard.close());

const form = {
  ticker: "WAVE",
  strategy: "momentum",
  "momentum.shortWindow": "5 to 20 by 5",
  "momentum.longWindow": "15, 30",
  "momentum.rsiPeriod": "14",
  "momentum.rsiOverbought": "90",
  "rsi.period": "nonsense of another strategy",
  ...{ score: "sharpe", search: "grid", split: "fraction", inSample: "70%", walk: "rolling", windows: "3" },
  ...{ capital: "10,000", sizing: "equity", size: "100%", fractional: "true", "commission.bps": "5" },
};
const hostile = `"><script>alert(1)</script>`;

async function text(path: string, headers: Record<string, string> = {}) {
  const response = await dashboard.app.request(path, { headers });
  return { status: response.status, html: await response.text() };
}

/** Sends the form, waits for the sweep to end, and answers its path. */
async function sweep(changes: Record<string, string> = {}): Promise<string> {
  const answer = await dashboard.post("/sweeps", { ...form, ...changes });
  expect({ status: answer.status, error: answer.status === 303 ? "" : await answer.text() }).toEqual({
    status: 303,
    error: "",
  });
  await dashboard.sweeps.idle();
  return answer.headers.get("Location") ?? "";
}

describe("the page of sweeps", () => {
  test("has a form that is filled in", async () => {
    const { status, html } = await text("/sweeps?ticker=WAVE");
    expect(status).toBe(200);
    expect(html).toContain('value="2020-01-02"');
    expect(html).toContain('name="momentum.shortWindow" value="10 to 40 by 2"');
    expect(html).toContain("None yet.");
    expect(html).toContain('name="cross_sectional_momentum.lookback" value="63, 252"');
  });

  test("takes the settings of a run from its address", async () => {
    const { html } = await text("/sweeps?ticker=MSFT&strategy=rsi&capital=5000&stopLoss=0.05");
    expect(html).toContain('value="MSFT"');
    expect(html).toMatch(/value="rsi"[^>]*checked/);
    expect(html).toContain('value="5%"');
  });

  test("begins a sweep and leads to its page", async () => {
    const path = await sweep();
    expect(path).toMatch(/^\/sweeps\/\d+$/);
    const { html } = await text("/sweeps");
    expect(html).toContain(`href="${path}"`);
    expect(html).toContain("Short window 5 to 20 by 5; Long window 15, 30");
    expect(html).toContain("local user");
  });

  test("tells what is wrong at its field, and keeps what was typed", async () => {
    const answer = await dashboard.post("/sweeps", {
      ...form,
      ...{
        "momentum.shortWindow": hostile,
        windows: "0",
        inSample: "5%",
        capital: "much",
        search: "random",
        points: "2000000",
      },
    });
    const html = await answer.text();
    expect(answer.status).toBe(422);
    expect(html).not.toContain("<script>alert(1)");
    expect(html).toContain("Has to be a number (20), a list (10, 20, 50) or a range (5 to 50 by 5).");
    expect(html).toContain('value="much"');
    const fixed = await dashboard.post("/sweeps", {
      ...form,
      windows: "0",
      inSample: "5%",
      search: "random",
      points: "2000000",
    });
    const later = await fixed.text();
    for (const message of ["from 1 to 24", "from 0.1 to 0.95", "from 1 to 1000000"]) expect(later).toContain(message);
  });

  test.each([
    ["momentum.longWindow", "2 to 1500", "has 1,499 values; up to 1,000 are tried"],
    ["momentum.longWindow", "60 to 50", "is an empty range"],
    ["ticker", "WAVY", "No bars of WAVY are published"],
    ["momentum.longWindow", "400, 500", "350 sessions of WAVE in sample"],
  ])("refuses %s of %s with the reason", async (field, value, message) => {
    const answer = await dashboard.post("/sweeps", { ...form, [field]: value });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain(message);
  });

  test("fills the form with an earlier sweep", async () => {
    const path = await sweep({
      search: "random",
      points: "4",
      seed: "9",
      split: "date",
      outOfSampleFrom: "2021-01-01",
    });
    const { html } = await text(`/sweeps?again=${path.split("/").at(-1)}`);
    for (const value of ["5 to 20 by 5", "15, 30", "2021-01-01", "9", "4"]) expect(html).toContain(`value="${value}"`);
  });
});

describe("the page of a sweep", () => {
  test("tells the best point, how many were tried, both parts, and what luck explains", async () => {
    const { status, html } = await text(await sweep());
    expect(status).toBe(200);
    expect(html).toContain("6 trials");
    expect(html).toContain("Left out: 2 with values that do not go together.");
    expect(html).toMatch(/It (fell|held) out of sample/);
    expect(html).toContain("Deflated Sharpe ratio");
    expect(html).toContain("2 Jan 2020 to 16 Dec 2020, 350 sessions");
    expect(html).toContain("Walk-forward");
    expect(html).not.toContain("every 1s");
  });

  test("leads from a point to its run, which gives the same figures", async () => {
    const { html } = await text(await sweep());
    const link = /href="(\/backtest\?[^"]*to=2020-12-16[^"]*)"/.exec(html)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(link).toContain("params.rsiOverbought=90");
    expect(link).toContain("commission.bps=5");
    const shown = /Sharpe ratio<\/a><\/th><td class="number[^"]*">([^<]+)</.exec(html)?.[1];
    const run = await text(link);
    expect(run.status).toBe(200);
    expect(run.html).toContain(shown ?? "no figure");
  });

  test("draws any metric over any two parameters, as a picture, a table and a file", async () => {
    const path = await sweep({ "momentum.rsiOverbought": "70, 90" });
    const { html } = await text(`${path}?metric=totalReturn&map=1&show=mean`);
    expect(html).toContain('class="heat-map"');
    expect(html).toContain("Short window × RSI overbought");
    expect(html).toMatch(/<option value="totalReturn" selected/);
    expect(html).toContain("As a table");
    const part = await dashboard.app.request(`${path}?metric=trades`, {
      headers: { "HX-Request": "true", "HX-Target": "div#heat-map" },
    });
    expect(await part.text()).toStartWith('<div id="heat-map"');
    const file = await dashboard.app.request(`${path}/heat-map.csv?metric=totalReturn`);
    const lines = (await file.text()).trim().split("\r\n");
    expect(lines[0]).toBe("shortWindow,longWindow,totalReturn");
    expect(lines).toHaveLength(1 + 4 * 2);
  });

  test("tells no second part where everything chooses", async () => {
    const { html } = await text(await sweep({ split: "none", walk: "none" }));
    expect(html).not.toContain("out of sample");
    expect(html).toContain("500 sessions");
  });

  test("says when the data that it ran on has changed since", async () => {
    const path = await sweep();
    expect((await text(path)).html).not.toContain("The data has changed since");
    const { sql } = dashboard;
    const change = (by: number) => sql`
      update public.fct_polygon__stock_bars_performance set close_price = close_price + ${by}::int
      where trade_date = '2020-06-01'`;
    await change(1);
    expect((await text(path)).html).toContain("The data has changed since");
    await change(-1);
  });

  test("of a parameter alone is a strip", async () => {
    const { html } = await text(await sweep({ "momentum.shortWindow": "10" }));
    expect(html).toContain('class="is-strip"');
  });

  test("moves while it runs, can be stopped, and says so", async () => {
    const answer = await dashboard.post("/sweeps", {
      ...form,
      ...{ "momentum.shortWindow": "1 to 900", "momentum.longWindow": "2 to 900", walk: "none" },
    });
    const path = answer.headers.get("Location") ?? "";
    const { html } = await text(path);
    expect(html).toContain('hx-trigger="every 1s"');
    expect(html).toMatch(/points have been run|It waits/);
    expect((await text("/sweeps")).html).toContain('hx-trigger="every 2s"');
    const stopped = await dashboard.post(`${path}/cancel`);
    expect(stopped.headers.get("Location")).toBe(path);
    const ended = (await text(path)).html;
    expect(ended).toContain("It was cancelled");
    expect(ended).not.toContain("every 1s");
  });

  test("says when a sweep was interrupted, or is not there any more", async () => {
    const [row] = await dashboard.sql<{ id: number }[]>`
      insert into barline.sweeps (request, state, points, created_by)
      select request, 'running', points, ${hostile} from barline.sweeps limit 1 returning id`;
    const { html } = await text(`/sweeps/${row?.id}`);
    expect(html).toContain("The process that ran it ended in the middle.");
    expect(html).not.toContain("<script>alert(1)");
    const gone = await text("/sweeps/99999");
    expect(gone.status).toBe(404);
    expect(gone.html).toContain("the newest 100 are kept");
    expect((await text("/sweeps/x")).status).toBe(404);
  });
});
