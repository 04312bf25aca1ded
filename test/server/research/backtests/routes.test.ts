import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { strategies } from "../../../../server/backtest/strategies/index.ts";
import { type Dashboard, openDashboard, openingMs } from "../../dashboard.ts";
import { hostile } from "../../sample.ts";
import { addBacktestSample, publishHistory, tenYears, wander } from "./sample.ts";

let dashboard: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard();
  await addBacktestSample(dashboard.sql);
}, openingMs);
afterAll(() => dashboard.close());

const get = (path: string) => dashboard.app.request(path);
const text = async (path: string) => (await get(path)).text();
const urlOf = (query: Record<string, string>, path = "/backtest") => `${path}?${new URLSearchParams(query)}`;
const momentum = { ticker: "TEN", strategy: "momentum", from: "2014-01-10", to: "2024-01-09" };

describe("the page of backtests", () => {
  test("shows a first visitor a form that is filled in for a ticker that is there", async () => {
    const response = await get("/backtest");
    expect(response.status).toBe(200);
    const page = await response.text();
    expect(page).toMatch(/name="ticker"[^>]* value="(TEN|SPY)"|value="(TEN|SPY)"[^>]* name="ticker"/);
    expect(page).toContain('value="2014-01-10"');
    expect(page).toContain('value="2024-01-09"');
    expect(page).toContain("Run it, then change one thing at a time");
    expect(page).not.toContain('id="run-charts"');
  });

  test("has every strategy with its rule and parameters, from the registry", async () => {
    const page = await text("/backtest");
    for (const { id, name } of strategies) {
      expect(page).toContain(`value="${id}"`);
      expect(page).toContain(name);
    }
    expect(page).toMatch(/name="momentum\.shortWindow" value="20"/);
    expect(page).toMatch(/name="donchian\.exit" value="10"/);
    expect(page).toContain("Sessions of the short moving average. 1 to 1000.");
  });

  test("takes a ticker from a link and leaves the rest to the reader", async () => {
    const page = await text("/backtest?ticker=HALT");
    expect(page).toContain('value="HALT"');
    expect(page).toContain("2023 to 9 Jan 2024");
    expect(page).not.toContain('id="run-charts"');
  });

  test("says that nothing is published yet", async () => {
    const empty = await openDashboard();
    try {
      for (const path of ["/backtest", urlOf(momentum)]) {
        const response = await empty.app.request(path);
        expect(response.status).toBe(200);
        expect(await response.text()).toContain("Nothing is published yet, so there is nothing to test on.");
      }
      expect((await empty.app.request(urlOf(momentum, "/backtest/chart.json"))).status).toBe(404);
    } finally {
      await empty.close();
    }
  });
});

describe("a result", () => {
  test("has figures beside holding, with formulas, charts, months and trades", async () => {
    const page = await text(urlOf({ ...momentum, benchmark: "SPY" }));
    expect(page).toContain("TEN · Momentum");
    expect(page).toContain("10 Jan 2014 to 9 Jan 2024, 2,516 sessions");
    expect(page).toContain("Mean of (R - r) ÷ sample standard deviation of R × √252");
    for (const label of ["Buy and hold", "Alpha against SPY", "Sharpe ratio", "Costs"]) expect(page).toContain(label);
    for (const figure of ["price", "rsi", "equity", "drawdown"]) expect(page).toContain(`data-plot="${figure}"`);
    expect(page.match(/<svg[^>]*role="img"/g)).toHaveLength(4);
    expect(page).toMatch(/<th scope="row">2014<\/th>/);
    expect(page).toMatch(/\d+ trades, the newest first/);
    expect(page).toContain('class="mark-buy"');
  });

  test("is at an address that has every setting, for who runs it without a script", async () => {
    const response = await get(
      urlOf({ form: "1", ...momentum, "momentum.shortWindow": "15", "rsi.period": "9", size: "50%" }),
    );
    expect(response.status).toBe(303);
    const location = response.headers.get("Location") ?? "";
    expect(location).toStartWith(
      "/backtest?ticker=TEN&from=2014-01-10&to=2024-01-09&strategy=momentum&params.shortWindow=15",
    );
    expect(location).toContain("sizing=equity&fraction=0.5&");
    expect(location).not.toContain("period=9");
    const page = await text(location);
    expect(page).toMatch(/name="momentum\.shortWindow" value="15"/);
    expect(page).toMatch(/name="size"[^>]* value="50%"/);
  });

  test("is asked for again from its own form, to the last digit", async () => {
    for (const fraction of ["0.05", "0.07", String(1 / 3), "1", "0.123456789012345"]) {
      const page = await text(urlOf({ ...momentum, sizing: "equity", fraction, riskFree: fraction }));
      const size = /name="size"[^>]* value="([^"]*)"/.exec(page)?.[1] ?? "";
      const riskFree = /name="riskFree"[^>]* value="([^"]*)"/.exec(page)?.[1] ?? "";
      const again = await get(urlOf({ form: "1", ...momentum, size, riskFree }));
      expect(again.headers.get("Location")).toContain(`&fraction=${fraction}&`);
      expect(again.headers.get("Location")).toContain(`&riskFree=${fraction}&`);
    }
  });

  test("is exchanged with its form for htmx, which is told the address", async () => {
    const response = await dashboard.fragment(urlOf({ form: "1", ...momentum, from: "", to: "" }), "div#backtest");
    expect(response.status).toBe(200);
    expect(response.headers.get("HX-Push-Url")).toContain("ticker=TEN&from=2014-01-10&to=2024-01-09&strategy=momentum");
    const fragment = await response.text();
    expect(fragment).toStartWith('<div id="backtest"');
    expect(fragment).not.toContain("<html");
    expect(fragment).toContain('id="run-charts"');
  });

  test("turns its trades by pages, without the rest of it for htmx", async () => {
    const { trades } = await chartAndCsv();
    const page = await text(urlOf(momentum));
    expect(trades.length).toBeGreaterThan(60);
    expect(page).toContain(`${trades.length} trades, the newest first, 1 to 50 shown`);
    const older = await dashboard.fragment(urlOf({ ...momentum, trades: "50" }), "section#trades");
    const fragment = await older.text();
    expect(fragment).toStartWith('<section class="section "');
    expect(fragment).toContain(`51 to ${Math.min(100, trades.length)} shown`);
    expect(fragment).toContain("← Newer");
    // Beyond the end there is a page all the same: the last trade's.
    const last = `${trades.length} to ${trades.length} shown`;
    expect(await text(urlOf({ ...momentum, trades: "999999" }))).toContain(last);
  });

  test("can be saved, shared and taken along", async () => {
    const page = await text(urlOf(momentum));
    expect(page).toContain('<form method="post" action="/scenarios">');
    expect(page).toContain('<input type="hidden" name="params.shortWindow" value="20"/>');
    expect(page).toContain('value="http://localhost/backtest?ticker=TEN&amp;');
    expect(page).toContain('href="/backtest/trades.csv?ticker=TEN&amp;');
    const sweep = urlOf({ ticker: "TEN", strategy: "donchian", "params.entry": "33" }, "/sweeps");
    expect(await text(urlOf({ ticker: "TEN", strategy: "donchian", "params.entry": "33" }))).toContain(
      `href="${sweep.split("&")[0]}&amp;from=2014-01-10`,
    );
    expect(await text(sweep)).toContain('value="TEN"');
    // There is nothing to search among no parameters.
    expect(await text(urlOf({ ticker: "TEN", strategy: "buy_and_hold" }))).not.toContain("Sweep its parameters");
  });
});

async function chartAndCsv() {
  const chart = await (await get(urlOf({ ...momentum, benchmark: "SPY" }, "/backtest/chart.json"))).json();
  const csv = await text(urlOf(momentum, "/backtest/trades.csv"));
  return { chart, trades: csv.trimEnd().split("\r\n").slice(1) };
}

describe("a run's data", () => {
  test("are columns of every session, with a mark for each fill", async () => {
    const { chart, trades } = await chartAndCsv();
    expect(chart.date).toEqual(tenYears);
    expect(chart.figures.map(({ id }: { id: string }) => id)).toEqual(["price", "rsi", "equity", "drawdown"]);
    for (const { lines } of chart.figures) {
      for (const { values } of lines) expect(values).toHaveLength(tenYears.length);
    }
    const [averages, , equity, drawdown] = chart.figures;
    expect(averages.lines[0].values.slice(0, 19)).toEqual(Array(19).fill(null));
    expect(equity.lines.map(({ label }: { label: string }) => label)).toEqual(["Strategy", "Buy and hold", "SPY"]);
    expect(equity.lines[1].values[0]).toBe(10_000);
    expect(equity.lines[2].values[0]).toBe(10_000);
    expect(Math.max(...drawdown.lines[0].values)).toBe(0);
    const isClosed = (row: string) => !row.endsWith(",,");
    expect(chart.marks).toHaveLength(trades.length + trades.filter(isClosed).length);
    expect(JSON.stringify(chart.dataVersion)).toContain("sessions=2516");
  });

  test("can be saved as CSV, trades and equity", async () => {
    const response = await get(urlOf(momentum, "/backtest/trades.csv"));
    expect(response.headers.get("Content-Disposition")).toBe(
      'attachment; filename="barline-trades-TEN-momentum-2014-01-10-2024-01-09.csv"',
    );
    const [header, first = ""] = (await response.text()).split("\r\n");
    expect(header).toBe(
      "number,ticker,side,entry_date,entry_price,exit_date,exit_price,shares,profit,return,reason,traded_entry_price,traded_entry_shares,traded_exit_price,traded_exit_shares",
    );
    expect(first).toMatch(
      /^1,TEN,long,\d{4}-\d\d-\d\d,[\d.]+,\d{4}-\d\d-\d\d,[\d.]+,[\d.]+,-?[\d.]+,-?[\d.]+,signal(,[\d.]+){4}$/,
    );
    const equity = (await text(urlOf({ ...momentum, benchmark: "SPY" }, "/backtest/equity.csv")))
      .trimEnd()
      .split("\r\n");
    expect(equity[0]).toBe("date,equity,drawdown,cash,shares,buy_and_hold,SPY");
    expect(equity[1]).toBe("2014-01-10,10000,0,10000,0,10000,10000");
    expect(equity).toHaveLength(tenYears.length + 1);
  });

  test("are refused as a whole where the request is wrong", async () => {
    for (const path of ["/backtest/chart.json", "/backtest/trades.csv", "/backtest/equity.csv"]) {
      expect((await get(urlOf({ ...momentum, capital: "lots" }, path))).status).toBe(422);
      expect((await get(path)).status).toBe(422);
    }
  });

  test("suggest tickers while one is typed, names escaped", async () => {
    expect(await text("/backtest/tickers?ticker=te")).toContain('<option value="TEN">Ten Years Inc.</option>');
    const evil = await text("/backtest/tickers?ticker=EVI");
    expect(evil).toContain("&lt;script&gt;");
    expect(evil).not.toContain("<script");
    expect(await text("/backtest/tickers?ticker=")).toBe("");
  });
});

describe("what cannot be run", () => {
  const refused = async (change: Record<string, string>) => {
    const response = await get(urlOf({ form: "1", ...momentum, ...change }));
    return { status: response.status, page: await response.text() };
  };

  const bad: [change: Record<string, string>, field: string, says: string][] = [
    [{ ticker: "ten" }, "ticker", "No bars of ten are published. Tickers are case-sensitive. Did you mean TEN?"],
    [{ ticker: "TENN" }, "ticker", "Did you mean TEN?"],
    [{ ticker: "haltt" }, "ticker", "Did you mean HALT?"],
    [{ ticker: "" }, "ticker", "Is required."],
    [{ benchmark: "SPYY" }, "benchmark", "Did you mean SPY?"],
    [{ benchmark: "HALT" }, "benchmark", "the bars of HALT begin on"],
    [{ from: "2024-01-09", to: "2014-01-10" }, "from", "From (2024-01-09) is after To (2014-01-10)."],
    [{ from: "1999-01-04", to: "2001-01-04" }, "to", "those of TEN go from 2014-01-10 to 2024-01-09"],
    [{ from: "2025-01-02", to: "2025-02-03" }, "from", "those of TEN go from 2014-01-10 to 2024-01-09"],
    [{ from: "2023-12-01" }, "from", "momentum needs 51: 49 to warm up"],
    [
      { "momentum.shortWindow": "50" },
      "momentum.shortWindow",
      "Has to be less than Long window, which is 50; it is 50.",
    ],
    [{ "momentum.shortWindow": "two" }, "momentum.shortWindow", "Has to be a whole number from 1 to 1000."],
    [{ capital: "lots" }, "capital", "Has to be a number above 0"],
    [{ sizing: "shares", size: "100%" }, "size", "Has to be a number above 0"],
    [{ sizing: "all" }, "sizing", "Has to be"],
    [{ stopLoss: "150%" }, "stopLoss", "Has to be empty or a number above 0%, below 100%."],
    [{ "slippage.bps": "-1" }, "slippage.bps", "from 0 to 1000"],
    [{ dividends: "true" }, "dividends", "have not been read yet"],
    [{ strategy: "momentun" }, "strategy", "Did you mean momentum?"],
  ];
  test.each(bad)("is told at its field, and what was typed stays: %j", async (change, field, says) => {
    const { status, page } = await refused(change);
    expect(status).toBe(422);
    const id = `bt-${field.replaceAll(".", "-")}`;
    const at =
      field === "strategy"
        ? page.slice(page.indexOf("<legend>Strategy"))
        : page.slice(page.indexOf(`id="${id}-error"`));
    expect(at.slice(0, 400).replaceAll("<code>", "").replaceAll("</code>", "")).toContain(says);
    if (field !== "strategy") expect(page).toContain(`id="${id}-error"`);
    // A strategy is chosen, not typed.
    const { strategy: _, ...typedIn } = change;
    for (const typed of Object.values(typedIn)) if (typed !== "") expect(page).toContain(`value="${typed}"`);
    expect(page).not.toContain('id="run-charts"');
  });

  test("is told all at once", async () => {
    const { page } = await refused({ capital: "0", riskFree: "2", "momentum.longWindow": "1" });
    for (const id of ["bt-capital", "bt-riskFree", "bt-momentum-longWindow"])
      expect(page).toContain(`id="${id}-error"`);
  });

  test("is told where it belongs to no field, and nothing unknown is passed over", async () => {
    const { status, page } = await refused({ tickr: "TEN" });
    expect(status).toBe(422);
    expect(page).toContain("tickr");
    expect(page).toContain("is not known");
    expect(page).not.toContain('href="#bt-tickr"');
  });

  test.each(["constructor", "__proto__", "toString", "form", "trades"])(
    "is told of a setting called %s as of others",
    async (name) => {
      const { status, page } = await refused({ [`${name}x`]: "1", [name]: "1", capital: "0", sizing: name });
      expect(status).toBe(422);
      expect(page).toContain(`${name}x`);
      expect(page).not.toContain("native code");
    },
  );

  test("is text, whatever it says", async () => {
    const names = ["ticker", "from", "capital", "size", "benchmark", "side", "momentum.shortWindow", hostile];
    const page = await (
      await get(urlOf({ form: "1", ...momentum, ...Object.fromEntries(names.map((name) => [name, hostile])) }))
    ).text();
    expect(page).not.toContain("<script>alert");
    expect(page).not.toContain("<img");
    expect(page).toContain("&lt;script&gt;");
  });
});

describe("what a reader has to know of the data", () => {
  test("is said of splits, dividends and the warm-up inside the range, not of those outside", async () => {
    const page = await text(urlOf(momentum));
    expect(page).toContain("Split 4:1 on 31 Aug 2020");
    expect(page).toContain("1 dividend of the range is left out");
    expect(page).toContain("The first 49 sessions warm the indicators up: no signal before 24 Mar 2014.");
    expect(page).not.toContain("4 Jan 2010");
    const later = await text(urlOf({ ...momentum, from: "2021-01-04" }));
    expect(later).not.toContain("Split 4:1");
    expect(later).not.toContain("dividend of the range");
  });

  test("is said of dividends that are not in dollars, where dividends are paid", async () => {
    const { sql } = dashboard;
    await sql`insert into barline.reference_reads values ('dividends', '2000-01-01', now(), 1, 1)`;
    await sql`
      insert into public.source_polygon_dividends (ticker, ex_dividend_date, cash_amount, currency, inserted_at)
      values ('TEN', '2018-08-10', 0.5, 'CAD', now())`;
    const page = await text(urlOf({ ...momentum, dividends: "true" }));
    await sql`delete from public.source_polygon_dividends where currency = 'CAD'`;
    await sql`delete from barline.reference_reads`;
    expect(page).toContain("1 of 2 dividends is in CAD and not counted.");
  });

  test("is said of a ticker that was delisted, whose position ends at its last close", async () => {
    const page = await text(urlOf({ ticker: "GONE", strategy: "buy_and_hold" }));
    expect(page).toContain("GONE was delisted: 3 May 2021 is its last bar. The position was closed at that close");
    expect(page).toMatch(/<td class="nowrap">Delisted<\/td>/);
    // Before its last bar nobody could have known.
    const before = await text(urlOf({ ticker: "GONE", strategy: "buy_and_hold", to: "2021-04-30" }));
    expect(before).not.toContain("was delisted");
    expect(before).toContain("A position is open at the end");
  });

  test("is said of ranges beyond the bars, of missing sessions, and of those without volume", async () => {
    const page = await text(urlOf({ ticker: "HALT", strategy: "buy_and_hold", from: "2020-01-02", to: "2030-01-02" }));
    expect(page).toContain("Asked from 2 Jan 2020; the bars of HALT begin on");
    expect(page).toContain("Asked to 2 Jan 2030; the last bar is of 9 Jan 2024");
    expect(page).toContain("HALT has no bar in 10 sessions of the market");
    expect(page).toContain("5 sessions without volume");
    const whole = await text(urlOf({ ...momentum, strategy: "buy_and_hold" }));
    for (const words of ["Asked", "has no bar", "without volume"]) expect(whole).not.toContain(words);
  });

  test("is no gap where a range begins and ends on a weekend", async () => {
    const page = await text(urlOf({ ...momentum, from: "2014-01-11", to: "2023-12-31" }));
    expect(page).not.toContain("Asked");
  });
});

describe("a strategy of the universe", () => {
  const universe = { strategy: "cross_sectional_momentum", "params.holdings": "2", from: "2019-01-02" };

  test("shows what it holds, what made it, and what survivors alone would flatter", async () => {
    const page = await text(urlOf(universe));
    for (const title of ["Survivorship", "Held at the end", "Tickers", "Months and years"])
      expect(page).toContain(title);
    for (const figure of ["equity", "drawdown"]) expect(page).toContain(`data-plot="${figure}"`);
    expect(page).not.toContain('data-plot="price"');
    expect(page).toMatch(/<td><a href="\/tickers\/(TEN|SPY)\?on=\d{4}-\d\d-\d\d">/);
    const chart = await (await get(urlOf(universe, "/backtest/chart.json"))).json();
    expect(chart.candles).toBeNull();
    expect(chart.figures).toHaveLength(2);
  });

  test("leaves out what the form hides, and refuses it in an address", async () => {
    const typed = { form: "1", ticker: "TEN", side: "long_short", stopLoss: "5%", sizing: "shares", size: "80%" };
    const response = await get(
      urlOf({ ...typed, strategy: universe.strategy, "cross_sectional_momentum.holdings": "3" }),
    );
    const location = response.headers.get("Location") ?? "";
    expect(location).toContain("strategy=cross_sectional_momentum&");
    expect(location).toContain("params.holdings=3");
    expect(location).toContain("sizing=equity&fraction=0.8");
    for (const hidden of ["ticker=", "long_short", "stopLoss"]) expect(location).not.toContain(hidden);
    expect((await get(urlOf({ ...universe, ticker: "TEN" }))).status).toBe(422);
  });

  test("has a CSV that names the ticker of each trade", async () => {
    const [header, first] = (await text(urlOf(universe, "/backtest/trades.csv"))).split("\r\n");
    expect(header).toStartWith("number,ticker,side");
    expect(first).toMatch(/^1,(TEN|SPY|GONE),long,/);
  });
});

describe("a history that is too short for a strategy", () => {
  test.each(strategies.map(({ id }) => id))("is none for a link that names %s alone", async (id) => {
    expect((await get(`/backtest?strategy=${id}`)).status).toBe(200);
  });

  test("is told with shorter windows that run, and the backfill that the asked ones need", async () => {
    const asked = { ticker: "HALT", strategy: "momentum", "params.longWindow": "300" };
    const response = await get(urlOf(asked));
    expect(response.status).toBe(200);
    const page = await response.text();
    expect(page).toContain("momentum needs 301");
    const [, shorter = ""] = /class="button primary" href="([^"]*)#result">\s*Run it with/.exec(page) ?? [];
    expect(shorter).toContain("params.longWindow=150");
    expect(await text(shorter.replaceAll("&amp;", "&"))).toContain('id="run-charts"');
    expect(page).toMatch(/href="\/backfills\/new\?from=\d{4}-\d\d-\d\d&amp;to=2023-01-0\d">/);
    // What the form sends is wrong as it is typed.
    const typed = { form: "1", ticker: "HALT", strategy: "momentum", "momentum.longWindow": "300" };
    expect((await get(urlOf({ ...typed, from: "", to: "" }))).status).toBe(422);
  });

  test("needs no backfill where the range leaves out what is there", async () => {
    const page = await text(urlOf({ ...momentum, from: "2023-12-01" }));
    expect(page).toContain("Run it with");
    expect(page.slice(page.indexOf("<main"), page.indexOf("</main>"))).not.toContain("/backfills/new");
  });

  test(
    "is told of a young market, whose strategies rank by a shorter return",
    async () => {
      const young = await openDashboard();
      try {
        await addBacktestSample(young.sql);
        await young.sql`delete from public.fct_polygon__stock_bars_performance where trade_date < '2023-08-01'`;
        await young.sql`delete from public.fct_polygon__market_breadth_daily where trade_date < '2023-08-01'`;
        await young.sql`update public.fct_polygon__stock_bars_performance set return_252d = null`;
        const response = await young.app.request("/backtest?strategy=cross_sectional_momentum&params.holdings=1");
        expect(response.status).toBe(200);
        const page = await response.text();
        expect(page).toMatch(/Run it with\s+lookback (63|21), skip \d/);
        expect(page).toContain("/backfills/new?from=");
      } finally {
        await young.close();
      }
    },
    openingMs,
  );
});

test("no address is more than it can bear", async () => {
  const names = [
    "form",
    "ticker",
    "from",
    "to",
    "strategy",
    "params.entry",
    "donchian.entry",
    "capital",
    "sizing",
    "size",
    "fraction",
    "riskFree",
    "stopLoss",
    "benchmark",
    "survivorship",
    "trades",
  ];
  const values = [
    "",
    "TEN",
    "SPY",
    "donchian",
    "cross_sectional_momentum",
    "2020-01-02",
    "0",
    "-1",
    "1e999",
    "20",
    "50%",
    "shares",
    "true",
  ];
  const value = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...values) }, fc.string({ unit: "grapheme" }));
  const name = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...names) }, fc.string());
  const addresses = fc.tuple(
    fc.constantFrom("/backtest", "/backtest/chart.json", "/backtest/trades.csv", "/backtest/equity.csv"),
    fc.array(fc.tuple(name, value), { maxLength: 8 }),
  );
  await fc.assert(
    fc.asyncProperty(addresses, async ([path, query]) => {
      const { status } = await get(
        `${path}?${new URLSearchParams([["ticker", "TEN"], ["strategy", "donchian"], ...query].slice(query.length % 3))}`,
      );
      expect([200, 303, 404, 422]).toContain(status);
    }),
    { numRuns: 60 },
  );
});

test("a page of ten years is small enough for a slow line", async () => {
  const page = await text(urlOf({ ...momentum, benchmark: "SPY" }));
  expect(Bun.gzipSync(Buffer.from(page)).length).toBeLessThan(30_000);
});

test("a ticker without a trade says so", async () => {
  await publishHistory(
    dashboard.sql,
    "FLAT",
    wander(tenYears.slice(-80)).map((bar) => ({ ...bar, volume: 0 })),
  );
  const page = await text(urlOf({ ticker: "FLAT", strategy: "buy_and_hold" }));
  expect(page).toContain("No trade: nothing was bought. The notes above say why.");
  expect(page).toContain("Nothing was bought: after ");
});

test.each([
  "/backtest?ticker=A%00B",
  "/backtest?ticker=A%00B&strategy=momentum",
  "/backtest/tickers?ticker=%00",
  "/sweeps?ticker=A%00",
])("a NUL byte, which no database holds, is refused and no fault of ours: %s", async (path) => {
  const response = await dashboard.app.request(path);
  expect(response.status).toBe(422);
  expect(await response.text()).toContain("holds a NUL byte");
});
