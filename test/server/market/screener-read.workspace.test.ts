import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openPool } from "../../../db/client.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { ask } from "../api-support.ts";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { hostile } from "../sample.ts";
import { createTestApp, type TestApp } from "../support.ts";
import { addMartSample } from "./sample.ts";
import { addWorkspaceSample, listRelation } from "./workspace-sample.ts";

let dashboard: Dashboard;
let app: TestApp;
beforeAll(async () => {
  dashboard = await openDashboard();
  await addMartSample(dashboard.sql);
  await addWorkspaceSample(dashboard.sql);
  app = createTestApp({ read: dashboard.sql });
}, openingMs);
afterAll(() => dashboard.close());

const get = (path: string) => ask(app, "GET", path);
const found = async (query: string) => {
  const { status, body } = await get(`/api/screener?${query}`);
  expect({ status, error: body.error }).toEqual({ status: 200, error: undefined });
  return body.tickers.map(({ ticker }: { ticker: string }) => ticker) as string[];
};
const page = async (query: string) => (await dashboard.app.request(`/screener?${query}`)).text();

describe("columns of workspace models in a screen", () => {
  test("show numbers, texts, yes and no of the session, and nothing where there is none", async () => {
    const { body } = await get(
      "/api/screener?columns=close_price,z_score.z_20d,z_score.regime,z_score.is_cheap&sort=ticker",
    );
    const values = body.tickers.map(({ values }: { values: unknown }) => values);
    expect(values).toEqual([
      { close_price: 150, "z_score.z_20d": 1.5, "z_score.regime": "up", "z_score.is_cheap": false },
      { close_price: 300, "z_score.z_20d": null, "z_score.regime": "a|b", "z_score.is_cheap": true },
      { close_price: 30, "z_score.z_20d": -1, "z_score.regime": null, "z_score.is_cheap": null },
      { close_price: 5, "z_score.z_20d": null, "z_score.regime": null, "z_score.is_cheap": null },
    ]);
  });

  test("sort with what is missing last, both ways", async () => {
    expect(await found("sort=z_score.z_20d")).toEqual(["EVIL", "AAPL", "BRK.B", "NEWT"]);
    expect(await found("sort=-z_score.z_20d")).toEqual(["AAPL", "EVIL", "BRK.B", "NEWT"]);
    expect(await found("sort=-z_score.regime")).toEqual(["AAPL", "BRK.B", "EVIL", "NEWT"]);
  });

  test("filter: numbers between bounds, texts that are one of some, yes or no", async () => {
    expect(await found("z_score.z_20d_min=-1&z_score.z_20d_max=1")).toEqual(["EVIL"]);
    expect(await found("z_score.z_20d_min=150%25")).toEqual(["AAPL"]);
    expect(await found("z_score.regime_is=up")).toEqual(["AAPL"]);
    expect(await found(`z_score.regime_is=${encodeURIComponent("up|a\\|b")}&sort=ticker`)).toEqual(["AAPL", "BRK.B"]);
    expect(await found("z_score.is_cheap_is=true")).toEqual(["BRK.B"]);
    expect(await found("z_score.is_cheap_is=false&z_score.z_20d_min=0")).toEqual(["AAPL"]);
  });

  test("of a model by ticker hold for every session, and show each ticker once however often it is there", async () => {
    expect(await found("sectors.sector_is=Technology")).toEqual(["AAPL"]);
    expect(await found("sectors.sector_is=Technology&date=2020-03-16")).toEqual(["AAPL"]);
    expect(await found("sectors.sector_is=Technology%7CFinancials&sort=sectors.sector")).toEqual(["BRK.B", "AAPL"]);
    const { body } = await get("/api/screener?columns=sectors.sector");
    expect(body).toMatchObject({ matches: 4 });
    expect(body.tickers).toHaveLength(4);
  });

  test("are those of the session asked for", async () => {
    const { body } = await get(
      "/api/screener?date=2020-03-16&z_score.z_20d_max=-2&sort=z_score.z_20d&columns=z_score.z_20d",
    );
    expect(body.tickers.map(({ ticker, values }: { ticker: string; values: unknown }) => [ticker, values])).toEqual([
      ["GONE", { "z_score.z_20d": -3.25 }],
      ["AAPL", { "z_score.z_20d": -2.5 }],
    ]);
    expect(body.survivorship).toMatchObject({ listed: 2, surviving: 1 });
  });

  test("by security follow who is meant, whatever the label", async () => {
    const { sql } = dashboard;
    for (const table of ["fct_polygon__latest_session", "fct_polygon__stock_bars_performance"]) {
      await sql`alter table public.${sql(table)} add column security_id text`;
      await sql`update public.${sql(table)} set security_id = 'S-' || ticker`;
    }
    await sql`create table public.quality_rank as select 'S-AAPL' as security_id, date '2024-01-09' as trade_date, 3 as rank`;
    await listRelation(sql, "quality_rank", "security_session", [{ name: "rank", sqlType: "integer" }]);
    expect(await found("quality_rank.rank_max=3")).toEqual(["AAPL"]);
  });
});

describe("the API and the file", () => {
  test("list what there is, with descriptions", async () => {
    const { body } = await get("/api/screener/columns");
    expect(body).toContainEqual({
      name: "z_score.z_20d",
      kind: "number",
      model: "z_score",
      description: "Deviations from the average of 20 closes",
    });
    expect(body).toContainEqual(expect.objectContaining({ name: "rsi_14", model: null }));
    expect(body.map(({ name }: { name: string }) => name)).not.toContain("z_score.notes");
  });

  test("refuse what is not there or not meant so, by its name, with a near one", async () => {
    const refusals: [string, string, string][] = [
      ["columns=z_score.z_20", "z_score.z_20", "Did you mean z_score.z_20d?"],
      ["z_score.nothing_max=1", "z_score.nothing", "z_score has no such column to offer; it has z_score.z_20d,"],
      ["sort=-momentum.score", "momentum.score", "no published model of the workspace called momentum"],
      ["z_score.regime_min=1", "z_score.regime", "filter it by z_score.regime_is"],
      ["z_score.z_20d_is=1", "z_score.z_20d", "filter it by z_score.z_20d_min"],
      ["z_score.z_20d_max=much", "z_score.z_20d_max", "has to be a number"],
      ["columns=z_score.notes", "z_score.notes", "z_score has no such column"],
      ["workspace=x", "workspace", "stands for fields such as"],
      ["rsi_14_is=3", "rsi_14_is", "is not known"],
    ];
    for (const [query, field, says] of refusals) {
      const { status, body } = await get(`/api/screener?${query}`);
      expect([query, status, body.error?.field]).toEqual([query, 422, field]);
      expect(body.error.message).toContain(says);
    }
  });

  test("of CSV have the columns by the same names, texts that are no formulas", async () => {
    const query = "columns=z_score.z_20d,z_score.is_cheap,sectors.sector&sort=ticker&date=2024-01-09";
    const lines = (await (await dashboard.app.request(`/screener.csv?${query}`)).text()).split("\r\n");
    expect(lines[0]).toBe("session,ticker,name,type,delisted_on,z_score.z_20d,z_score.is_cheap,sectors.sector");
    expect(lines[1]).toBe("2024-01-09,AAPL,Apple Inc.,CS,,1.5,false,Technology");
    const refused = await dashboard.app.request("/screener.csv?columns=momentum.score");
    expect([refused.status, await refused.text()]).toEqual([
      422,
      expect.stringContaining("momentum.score is not there"),
    ]);
  });
});

describe("the screener's page", () => {
  test("offers the columns by model, with their descriptions", async () => {
    const text = await page("");
    expect(text).toContain("<legend>Workspace: z_score</legend>");
    expect(text).toContain('title="Deviations from the average of 20 closes"');
    expect(text).toContain('name="sectors.sector_is" value="Technology"');
    expect(text).toContain('name="z_score.is_cheap_is"');
    expect(text).toContain('name="z_score.regime_is" value="a\\|b"');
    expect(text).not.toContain(hostile);
  });

  test("keeps what was chosen, in one place of the address", async () => {
    const form = "sectors.sector_is=Technology&sectors.sector_is=Financials&z_score.is_cheap_is=&z_score.z_20d_min=1";
    const { status, headers } = await dashboard.app.request(`/screener?${form}`);
    expect([status, headers.get("Location")]).toEqual([
      303,
      "/screener?z_score.z_20d_min=1&sectors.sector_is=Technology%7CFinancials",
    ]);
    const text = await page("z_score.z_20d_min=1&sectors.sector_is=Technology%7CFinancials");
    expect(text.match(/name="sectors.sector_is"[^>]* checked/g)).toHaveLength(2);
    expect(text).toContain("<b>1 ticker</b>");
  });

  test("tells of a column whose model is gone, shows the rest, and lets it go", async () => {
    const text = await page("columns=close_price,momentum.score&sort=-momentum.score&momentum.score_min=1");
    expect(text).toContain("momentum.score is not there: no published model of the workspace called momentum");
    expect(text).toContain("<b>4 tickers</b>");
    expect(text).not.toContain('name="columns" value="momentum.score"');
  });

  test("tells of a model that cannot be read, and shows the rest", async () => {
    const { sql } = dashboard;
    await sql`create view public.broken as select ticker, 1 / (length(ticker) - length(ticker)) as ratio from public.dim_tickers`;
    await listRelation(sql, "broken", "ticker", [{ name: "ratio", sqlType: "integer" }]);
    const text = await page("columns=close_price,broken.ratio");
    expect(text).toContain("broken cannot be read: division by zero.");
    expect(text).toContain("<b>4 tickers</b>");
    expect((await get("/api/screener?broken.ratio_min=1")).body.error.message).toContain("division by zero");
    const file = await dashboard.app.request("/screener.csv?columns=broken.ratio");
    expect(file.status).toBe(422);
    await sql`drop view public.broken`;
  });
});

describe("a list of relations that is out of date", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await addMartSample(database.sql);
  });
  afterAll(() => database.drop());

  test("offers only what is there as it was said, and can be read", async () => {
    const { sql } = database;
    const number = (name: string) => ({ name });
    await listRelation(sql, "gone", "ticker", [number("x")]);
    await sql`create table public.changed (ticker text, x text, y numeric)`;
    await listRelation(sql, "changed", "ticker", [number("x"), number("y"), number("z")]);
    await sql`create table public.rekeyed (ticker text, trade_date text, x numeric)`;
    await listRelation(sql, "rekeyed", "ticker_session", [number("x")]);
    await sql`create table public.odd (ticker text, "a,b" numeric, "a.b" numeric, "a""b" numeric)`;
    await listRelation(sql, "odd", "ticker", [number("a,b"), number("a.b"), number('a"b')]);
    await sql`create table public.other (day date, x numeric)`;
    await listRelation(sql, "other", "other", [number("x")]);
    await sql`create schema hidden`;
    await sql`create table hidden.hidden (ticker text, x numeric)`;
    await listRelation(sql, "hidden", "ticker", [number("x")]);
    await sql`update barline.workspace_relations set schema = 'hidden' where name = 'hidden'`;
    const reader = openPool(database.url, "read", { asReader: true });
    const { body } = await ask(createTestApp({ read: reader }), "GET", "/api/screener/columns");
    await reader.end();
    const own = body.filter(({ model }: { model: string | null }) => model !== null);
    expect(own.map(({ name }: { name: string }) => name)).toEqual(["changed.y"]);
  });
});
