import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { addMartSample } from "./sample.ts";

let dashboard: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard();
  await addMartSample(dashboard.sql);
}, openingMs);
afterAll(() => dashboard.close());

const text = async (path: string) => (await dashboard.app.request(path)).text();

/** The symbols of a page's table, in its order. */
const symbols = async (query: string) =>
  [...(await text(`/screener?${query}`)).matchAll(/class="symbol" href="\/tickers\/([\w.]+)["?]/g)].map(([, it]) => it);

describe("the screener before anything is published", () => {
  test("says so, and has no file to give", async () => {
    const fresh = await openDashboard();
    const page = await fresh.app.request("/screener");
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("Nothing to screen is published yet");
    for (const path of ["/screener.csv", "/universe.csv"]) expect((await fresh.app.request(path)).status).toBe(404);
    await fresh.close();
  });
});

describe("the screener", () => {
  test("shows the newest session, the largest dollar volume first", async () => {
    expect(await symbols("")).toEqual(["BRK.B", "AAPL", "EVIL", "NEWT"]);
    expect(await text("/screener")).toContain("Tue 9 Jan 2024");
  });

  test("filters by any number, which leaves out those without it", async () => {
    expect(await symbols("rsi_14_max=30")).toEqual(["BRK.B", "NEWT"]);
    expect(await symbols("rsi_14_max=30&dollar_volume_min=1M")).toEqual(["BRK.B"]);
    expect(await symbols("return_21d_min=10%25")).toEqual(["AAPL", "NEWT"]);
    expect(await symbols("return_21d_min=0.1001")).toEqual(["NEWT"]);
    expect(await symbols("distance_from_avg_200d_min=20%25&distance_from_avg_200d_max=0.2")).toEqual(["AAPL"]);
    // NEWT is at the highest of what bars it has, which are not those of a year.
    expect(await symbols("session_high_to_high_252d_min=0")).toEqual(["AAPL"]);
  });

  test("sorts by any column, up and down, rows without a value always last", async () => {
    expect(await symbols("sort=rsi_14")).toEqual(["BRK.B", "NEWT", "AAPL", "EVIL"]);
    expect(await symbols("sort=-rsi_14")).toEqual(["AAPL", "NEWT", "BRK.B", "EVIL"]);
    expect(await symbols("sort=-ticker")).toEqual(["NEWT", "EVIL", "BRK.B", "AAPL"]);
    const page = await text("/screener?sort=-rsi_14");
    expect(page).toContain('aria-sort="descending"');
    expect(page.match(/aria-sort/g)).toHaveLength(1);
    expect(page).toContain('href="/screener?sort=rsi_14"');
  });

  test("searches symbols and names in any case, wildcards as text, and filters by type", async () => {
    expect(await symbols("q=berk")).toEqual(["BRK.B"]);
    expect(await symbols("q=aapl")).toEqual(["AAPL"]);
    expect(await symbols("q=%25")).toEqual([]);
    expect(await symbols("type=ETF")).toEqual(["EVIL"]);
  });

  test("writes each number as its kind is written", async () => {
    const page = await text("/screener?q=aapl&columns=close_price,return_1d,rsi_14,volume_ratio_20d,dollar_volume");
    expect(await text("/screener?q=evil&columns=rsi_14,return_21d")).toMatch(
      /<td class="number ">–<\/td><td class="number ">–</,
    );
    for (const shown of ["150.00", "+2.00%", "71.3", "2.50×", "150.00M"]) expect(page).toContain(`>${shown}<`);
  });

  test("pages by a hundred and keeps the rest of the address", async () => {
    expect(await text("/screener?from=100&rsi_14_max=30")).toContain("There are not that many");
    const { sql } = dashboard;
    await sql`
      insert into public.fct_polygon__latest_session (ticker, trade_date, name, type, close_price)
      select 'PAGE' || lpad(n::text, 3, '0'), '2024-01-09', 'Paged', 'WARRANT', n from generate_series(1, 150) as n`;
    const page = await text("/screener?type=WARRANT&sort=close_price");
    expect(page).toContain("<b>150 tickers</b>");
    expect(page).toContain("1 to 100 shown");
    expect(page).toContain('href="/screener?type=WARRANT&amp;sort=close_price&amp;from=100"');
    expect(await symbols("type=WARRANT&sort=close_price&from=100")).toHaveLength(50);
    expect(await symbols("type=WARRANT&sort=close_price&from=149")).toEqual(["PAGE150"]);
    await sql`delete from public.fct_polygon__latest_session where type = 'WARRANT'`;
  });

  test("has presets that find what they are called for", async () => {
    const page = await text("/screener");
    const link = (id: string) => new RegExp(`id="preset-${id}" href="/screener\\?([^"]+)"`).exec(page)?.[1] ?? "";
    const find = (id: string) => symbols(link(id).replaceAll("&amp;", "&"));
    expect(await find("oversold")).toEqual(["BRK.B"]);
    expect(await find("new-highs")).toEqual(["AAPL"]);
    expect(await find("relative-volume")).toEqual(["AAPL"]);
    expect(await find("above-averages")).toEqual(["AAPL"]);
    expect(await text(`/screener?${link("oversold").replaceAll("&amp;", "&")}`)).toMatch(
      /id="preset-oversold"[^>]*aria-current="true"/,
    );
  });
});

describe("the screener's address", () => {
  const form = "q=&type=&date=&sort=-dollar_volume&rsi_14_min=&rsi_14_max=30&add=return_21d&add_min=5%25&add_max=";

  test("is cleared of what a form sends in vain, with a script and without", async () => {
    const plain = await dashboard.app.request(`/screener?${form}`);
    expect(plain.status).toBe(303);
    expect(plain.headers.get("Location")).toBe("/screener?rsi_14_max=30&return_21d_min=0.05");
    const part = await dashboard.fragment(`/screener?${form}`, "div#screen");
    expect(part.headers.get("HX-Push-Url")).toBe("/screener?rsi_14_max=30&return_21d_min=0.05");
    expect(await part.text()).toStartWith('<div id="screen"');
  });

  test("holds the columns in the order chosen", async () => {
    const { headers } = await dashboard.app.request("/screener?columns=rsi_14&columns=close_price");
    expect(headers.get("Location")).toBe("/screener?columns=rsi_14,close_price");
    const heads = [
      ...(await text("/screener?columns=rsi_14,close_price")).matchAll(/title="[^"]*">([\w ]+)<span class="dir/g),
    ];
    expect(heads.map(([, head]) => head)).toEqual(["RSI 14", "Close"]);
  });

  test("with something it cannot read says what, and finds the rest", async () => {
    const page = await text("/screener?rsi_14_max=many&sort=rsi14&columns=close&return_1d_min=0");
    expect(page).toContain("RSI 14, at most, has to be a number such as 0.1, 10% or 1.5M.");
    expect(page).toContain("“rsi14” is no column. Did you mean rsi_14?");
    expect(page).toContain("“close” is no column.");
    expect(page).toContain("<b>3 tickers</b>");
    expect((await dashboard.app.request("/screener.csv?rsi_14_max=many")).status).toBe(422);
    expect(await text("/screener?date=2020-02-30")).toContain("The date has to be one such as 2020-03-16.");
  });

  test("cannot name a column that is none, nor write SQL", async () => {
    const attack = encodeURIComponent('rsi_14"; drop table public.dim_tickers; --');
    for (const query of [`sort=${attack}`, `columns=${attack}`, `${attack}_min=1`, `add=${attack}&add_min=1`]) {
      expect((await dashboard.app.request(`/screener?${query}`)).status).toBeLessThan(400);
    }
    expect(await symbols("q=%27%3B--")).toEqual([]);
    expect(await symbols("source_inserted_at_min=1")).toHaveLength(4);
  });

  test("shows hostile names and searches as text", async () => {
    const attack = encodeURIComponent(`"><script>alert("x")</script>`);
    const pages = [await text("/screener"), await text(`/screener?q=${attack}&type=${attack}&sort=${attack}`)];
    for (const page of pages) {
      expect(page).toContain("&lt;script&gt;");
      expect(page).not.toMatch(/<script>|<img|alert\("x"\)/);
    }
  });
});

describe("a session of the past", () => {
  test("has the tickers of that day, those that are gone among them and marked", async () => {
    expect(await symbols("date=2020-03-16&sort=ticker")).toEqual(["AAPL", "BRK.B", "EVIL", "GONE"]);
    const page = await text("/screener?date=2020-03-16");
    expect(page).toContain("delisted on 3 May 2021");
    expect(page).toContain(">50.00<");
    expect(await symbols("date=2020-03-16&return_1d_max=-50%25&sort=return_1d")).toEqual(["GONE", "AAPL"]);
  });

  test("of a weekend is the session before, and before the first there is none", async () => {
    const page = await text("/screener?date=2020-03-15");
    expect(page).toContain("Fri 13 Mar 2020");
    expect(page).toContain("15 Mar 2020 was no session");
    expect(await text("/screener?date=2019-01-01")).toContain("No session until 1 Jan 2019 is published");
  });

  test("tells what leaving out the dead would flatter: medians of all and of those that still trade", async () => {
    // Since then: AAPL +200 %, BRK.B +50 %, EVIL +50 %, GONE −90 %.
    const page = await text("/screener?date=2020-03-16");
    expect(page).toContain("75.00%");
    expect(page).toMatch(/Median total return since, all<\/dt><dd><span class="up">\+50\.00%/);
    const fallen = await text("/screener?date=2020-03-16&return_1d_max=-0.5");
    expect(fallen).toMatch(/Median total return since, all<\/dt><dd><span class="up">\+55\.00%/);
    expect(fallen).toMatch(/Median total return, survivors<\/dt><dd><span class="up">\+200\.00%/);
    expect(fallen).toContain("overstates by 145.0 points");
  });

  test("can be held to the tickers that still trade, while both medians stay", async () => {
    expect(await symbols("date=2020-03-16&survivors=true&sort=ticker")).toEqual(["AAPL", "BRK.B", "EVIL"]);
    expect(await text("/screener?date=2020-03-16&survivors=true&return_1d_max=-0.5")).toContain("+55.00%");
  });
});

describe("an indicator that is kept of newest bars only", () => {
  test("is told to be so where a past session is asked for it, and stays in the address", async () => {
    const page = await text("/screener?date=2020-03-16&rsi_14_max=30&sort=rsi_14&columns=rsi_14,close_price");
    expect(page).toContain(
      "RSI 14 is kept of each ticker's newest bar only, not of past sessions.".replace("'", "&#39;"),
    );
    expect(page).toContain("<b>4 tickers</b>");
    expect(page).toContain('name="rsi_14_max" value="30"');
    expect(page).toContain('<input type="hidden" name="columns" value="rsi_14"/>');
    expect(page).toContain('href="/screener?date=2020-03-16&amp;columns=rsi_14,close_price&amp;sort=rsi_14"');
    const file = await dashboard.app.request("/screener.csv?date=2020-03-16&rsi_14_max=30");
    expect(file.status).toBe(422);
  });

  test("is there where the day is the newest session", async () => {
    expect(await symbols("date=2024-01-09&rsi_14_max=28")).toEqual(["BRK.B"]);
    expect(await symbols("date=2026-01-01&rsi_14_max=28")).toEqual(["BRK.B"]);
  });

  test("leaves a plain past screen without a word about it", async () => {
    const page = await text("/screener?date=2020-03-16");
    expect(page).not.toContain("newest bar only");
    expect(page).toContain('href="/screener?date=2020-03-16&amp;sort=return_1d"'.replace("return_1d", "-return_1d"));
  });
});

describe("the exports", () => {
  test("give the whole result of the same address, raw, and safe to open in a spreadsheet", async () => {
    const response = await dashboard.app.request("/screener.csv?sort=ticker&columns=close_price,return_1d");
    expect(response.headers.get("Content-Type")).toStartWith("text/csv");
    expect(response.headers.get("Content-Disposition")).toBe('attachment; filename="barline-screener-2024-01-09.csv"');
    const lines = (await response.text()).split("\r\n");
    expect(lines[0]).toBe("session,ticker,name,type,delisted_on,close_price,return_1d");
    expect(lines[2]).toBe('2024-01-09,BRK.B,"Berkshire, ""Class B""",CS,,300,-0.01');
    expect(lines[4]).toBe(`2024-01-09,NEWT,"'=HYPERLINK(""http://x"")",CS,,5,0.25`);
    expect(lines).toHaveLength(6);
  });

  test("give a past session with who was there", async () => {
    const screen = await text("/screener.csv?date=2020-03-16&return_1d_max=-0.6&columns=rsi_14,return_1d");
    expect(screen).toBe(
      "session,ticker,name,type,delisted_on,return_1d\r\n2020-03-16,GONE,Gone Holdings,CS,2021-05-03,-0.6\r\n",
    );
    const universe = await text("/universe.csv?date=2020-12-31&type=CS");
    // Between two of its bars a ticker is listed; NEWT comes later.
    expect(universe.match(/,(AAPL|BRK\.B|GONE|NEWT),/g)).toEqual([",AAPL,", ",BRK.B,", ",GONE,"]);
    expect((await dashboard.app.request("/universe.csv?date=yesterday")).status).toBe(422);
  });
});
