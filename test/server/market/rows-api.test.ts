import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { parse } from "csv-parse/sync";
import { countPublication } from "../../../db/queries/pipeline/publications.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { readByDuckDb } from "../../support/table-readers.ts";
import { ask } from "../api-support.ts";
import { createTestApp, type TestApp } from "../support.ts";
import { addMartSample } from "./sample.ts";
import { addWorkspaceSample } from "./workspace-sample.ts";

let database: TestDatabase;
let app: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  app = createTestApp({ read: database.sql });
}, 60_000);
afterAll(() => database.drop());

const get = async (path: string) => await ask(app, "GET", path);

/** Follows `next` until the last page. */
async function pagesOf(path: string, list: "bars" | "facts"): Promise<Record<string, unknown>[][]> {
  const pages: Record<string, unknown>[][] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const { status, body } = await get(cursor === "" ? path : `${path}&cursor=${cursor}`);
    expect(status).toBe(200);
    pages.push(body[list]);
    cursor = body.next;
  }
  return pages;
}

test("rows before anything is published are nowhere", async () => {
  expect((await get("/api/bars?tickers=AAPL")).status).toBe(404);
  expect((await get("/api/facts?tickers=AAPL&columns=close_price")).status).toBe(404);
});

describe("rows of many tickers", () => {
  beforeAll(async () => {
    await addMartSample(database.sql);
    await addWorkspaceSample(database.sql);
    await database.sql.begin(countPublication);
    await database.sql`
      insert into public.source_polygon_stock_bars_daily (ticker, trade_date, open, high, low, close, volume, vwap, inserted_at)
      select ticker, trade_date, 2 * open_price, 2 * high_price, 2 * low_price, 2 * close_price, volume / 2, null, now()
      from public.fct_polygon__stock_bars_performance`;
  });

  test("come in the order asked for, and then by session", async () => {
    const { body } = await get("/api/bars?tickers=BRK.B,AAPL,BRK.B&from=2020-03-16");
    expect(body.next).toBeNull();
    expect(body.bars.map((bar: Record<string, unknown>) => `${bar.asked} ${bar.date} ${bar.close}`)).toEqual([
      ...["BRK.B 2020-03-16 200", "BRK.B 2024-01-09 300"],
      ...["AAPL 2020-03-16 50", "AAPL 2024-01-09 150"],
    ]);
    const stated = await get("/api/bars?tickers=AAPL&adjusted=false&to=2020-03-13");
    expect(stated.body.bars).toEqual([
      ...[{ asked: "AAPL", ticker: "AAPL", date: "2020-03-13", open: 200, high: 202, low: 198, close: 200 }].map(
        (bar) => ({ ...bar, volume: 500_000, vwap: null }),
      ),
    ]);
  });

  test("are the same by pages of any size as at once", async () => {
    const path = "/api/facts?tickers=NEWT,AAPL,GONE,BRK.B&columns=close_price,return_1d,z_score.z_20d";
    const [whole = []] = await pagesOf(path, "facts");
    expect(whole).toHaveLength(8);
    for (const limit of [1, 2, 3, 7, 8]) {
      const pages = await pagesOf(`${path}&limit=${limit}`, "facts");
      expect(pages.flat()).toEqual(whole);
      expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
    }
  });

  test("have columns of the table, ratios, and those of one's own models, each bar once", async () => {
    const columns =
      "close_price,distance_from_avg_20d,z_score.z_20d,z_score.is_cheap,sectors.sector,source_inserted_at";
    const { body } = await get(`/api/facts?tickers=AAPL,NEWT,BRK.B&from=2024-01-01&columns=${columns}`);
    expect(body.facts).toEqual([
      {
        ...{ asked: "AAPL", ticker: "AAPL", trade_date: "2024-01-09", close_price: 150, source_inserted_at: null },
        ...{ distance_from_avg_20d: 150 / 140 - 1, "z_score.z_20d": 1.5, "z_score.is_cheap": false },
        "sectors.sector": "Technology",
      },
      {
        ...{ asked: "NEWT", ticker: "NEWT", trade_date: "2024-01-09", close_price: 5, source_inserted_at: null },
        ...{ distance_from_avg_20d: null, "z_score.z_20d": null, "z_score.is_cheap": null, "sectors.sector": null },
      },
      {
        ...{ asked: "BRK.B", ticker: "BRK.B", trade_date: "2024-01-09", close_price: 300, source_inserted_at: null },
        ...{ distance_from_avg_20d: null, "z_score.z_20d": null, "z_score.is_cheap": true },
        "sectors.sector": "Financials",
      },
    ]);
  });

  test.each([
    ["tickers=AAPL&columns=close_prize", "columns", "Did you mean close_price?"],
    ["tickers=AAPL&columns=z_score.z_20", "columns", "Did you mean z_score.z_20d?"],
    ["tickers=AAPL&columns=ticker", "columns", "ticker is no column of a bar."],
    ["tickers=AAPL,aapl,NOBODY&columns=close_price", "tickers", "No bars of aapl, NOBODY are published."],
    ["tickers=AAPL,&columns=close_price", "tickers", "separated by commas"],
    ["tickers=AAPL&columns=close_price&from=2024-01-02&to=2024-01-01", "from", "is after `to`"],
    ["tickers=AAPL&columns=close_price&cursor=nonsense", "cursor", "has to be the `next` of an answer"],
  ])("of %s are refused at the field", async (query, field, message) => {
    const { status, body } = await get(`/api/facts?${query}`);
    expect([404, 422]).toContain(status);
    expect(body.error).toMatchObject({ field, message: expect.stringContaining(message) });
  });

  test("go on from a cursor for the same request and the same build only", async () => {
    const path = "/api/bars?tickers=AAPL,BRK.B&limit=2";
    const { next } = (await get(path)).body;
    expect((await get(`${path}&from=2020-01-01&cursor=${next}`)).body.error).toMatchObject({ field: "cursor" });
    expect((await get(`/api/bars?tickers=AAPL,BRK.B&limit=3&cursor=${next}`)).body.bars).toHaveLength(3);
    await database.sql.begin(countPublication);
    const gone = await get(`${path}&cursor=${next}`);
    expect(gone).toMatchObject({ status: 410, body: { error: { code: "gone", field: "cursor" } } });
    expect(gone.body.error.message).toContain("Begin again");
  });

  test("have all their digits in CSV and NDJSON, and pages of those lead to the next", async () => {
    await database.sql`
      update public.fct_polygon__stock_bars_performance set close_price = 0.1234567890123456789012
      where ticker = 'NEWT'`;
    const path = "/api/facts?tickers=NEWT,EVIL&columns=close_price,z_score.regime";
    const csv = await app.get(`${path}&format=csv`);
    expect(csv.headers.get("Content-Disposition")).toBe('attachment; filename="barline-facts.csv"');
    expect(parse(await csv.text())).toEqual([
      ["asked", "ticker", "trade_date", "close_price", "z_score.regime"],
      ["NEWT", "NEWT", "2024-01-09", "0.1234567890123456789012", ""],
      ["EVIL", "EVIL", "2020-03-16", "20", ""],
      ["EVIL", "EVIL", "2024-01-09", "30", ""],
    ]);
    const lines = await app.get(path, { Accept: "application/x-ndjson" });
    expect((await lines.text()).split("\n")[0]).toBe(
      '{"asked":"NEWT","ticker":"NEWT","trade_date":"2024-01-09","close_price":0.1234567890123456789012,"z_score.regime":null}',
    );
    const page = await app.get(`${path}&format=csv&limit=2`);
    const [, next = ""] = /^<(.*)>; rel="next"$/.exec(page.headers.get("Link") ?? "") ?? [];
    expect(parse(await page.text())).toHaveLength(3);
    const rest = await app.get(next);
    expect(rest.headers.get("Link")).toBeNull();
    expect(parse(await rest.text()).slice(1)).toEqual([["EVIL", "EVIL", "2024-01-09", "30", ""]]);
  });

  test("are in Parquet what PostgreSQL has, value for value", async () => {
    const query = "tickers=NEWT,AAPL,BRK.B&columns=close_price,return_1d,z_score.z_20d,z_score.is_cheap,stock_bar_id";
    const response = await app.get(`/api/facts?${query}`, { Accept: "application/vnd.apache.parquet" });
    const { types, rows } = await readByDuckDb(new Uint8Array(await response.arrayBuffer()), "parquet");
    expect(types).toEqual([
      ...["VARCHAR", "VARCHAR", "DATE", "DECIMAL(38,22)", "DECIMAL(18,2)", "DOUBLE", "BOOLEAN", "VARCHAR"],
    ]);
    const stored = await database.sql`
      select asked.ticker, ticker, trade_date, round(close_price, 22)::text, round(return_1d, 2)::text,
        nullif(z_20d, 'NaN')::text, is_cheap::text, stock_bar_id
      from unnest(array['NEWT', 'AAPL', 'BRK.B']) with ordinality as asked (ticker, position)
      inner join public.fct_polygon__stock_bars_performance as bars using (ticker)
      left join public.z_score using (ticker, trade_date)
      order by position, trade_date`.values();
    expect(rows.map((row) => row.map((value) => value?.replace(/\.0$/, "") ?? null))).toEqual([...stored] as never);
  });

  test("are not sent again to who has them, until something is published", async () => {
    const paths = ["/api/bars?tickers=AAPL", "/api/bars/AAPL", "/api/facts?tickers=AAPL&columns=close_price"];
    for (const path of [
      ...paths,
      "/api/screener",
      "/api/market/breadth",
      "/api/universe",
      "/api/bars/AAPL?format=csv",
    ]) {
      const first = await app.get(path);
      const tag = first.headers.get("ETag") ?? "";
      expect(tag).toStartWith('W/"');
      expect(first.headers.get("Cache-Control")).toBe("private, no-cache");
      expect(first.headers.get("Vary")).toContain("Accept");
      const again = await app.get(path, { "If-None-Match": `"other", ${tag}` });
      expect({ path, status: again.status, body: await again.text() }).toEqual({ path, status: 304, body: "" });
      expect(again.headers.get("ETag")).toBe(tag);
      const head = await app.app.request(path, { method: "HEAD", headers: { Host: "localhost" } });
      expect(head.headers.get("ETag")).toBe(tag);
      await database.sql.begin(countPublication);
      expect((await app.get(path, { "If-None-Match": tag })).status).toBe(200);
    }
    expect((await app.get("/api/bars?tickers=NOBODY")).headers.get("ETag")).toBeNull();
  });
});
