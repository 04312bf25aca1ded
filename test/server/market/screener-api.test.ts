import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { ask } from "../api-support.ts";
import { createTestApp, type TestApp } from "../support.ts";
import { addMartSample } from "./sample.ts";

let database: TestDatabase;
let app: TestApp;
beforeAll(async () => {
  database = await createTestDatabase();
  await addMartSample(database.sql);
  app = createTestApp({ read: database.sql });
}, 60_000);
afterAll(() => database.drop());

const get = (path: string) => ask(app, "GET", path);
const symbols = async (path: string) =>
  (await get(path)).body.tickers.map(({ ticker }: { ticker: string }) => ticker) as string[];

describe("GET /api/screener", () => {
  test("answers the newest session with the values of the columns", async () => {
    const { status, body } = await get("/api/screener?columns=close_price,rsi_14&sort=-rsi_14&limit=2");
    expect(status).toBe(200);
    expect(body).toMatchObject({ session: "2024-01-09", matches: 4, survivorship: null });
    expect(body.tickers.map(({ ticker, values }: { ticker: string; values: unknown }) => [ticker, values])).toEqual([
      ["AAPL", { close_price: 150, rsi_14: 71.25 }],
      ["NEWT", { close_price: 5, rsi_14: 29 }],
    ]);
  });

  test("has null where a ticker has no such number", async () => {
    const { body } = await get("/api/screener?q=evil&columns=rsi_14,close_price");
    expect(body.tickers[0].values).toEqual({ rsi_14: null, close_price: 30 });
  });

  test("takes the page's bounds, and goes on from where a page ended", async () => {
    expect(await symbols("/api/screener?rsi_14_max=30&sort=ticker")).toEqual(["BRK.B", "NEWT"]);
    expect(await symbols("/api/screener?return_21d_min=10%25&close_price_min=5.01")).toEqual(["AAPL"]);
    expect(await symbols("/api/screener?sort=ticker&from=1&limit=2")).toEqual(["BRK.B", "EVIL"]);
  });

  test("answers a session of the past with those that are gone, and what leaving them out would hide", async () => {
    const { body } = await get("/api/screener?date=2020-03-17&return_1d_max=-0.5&sort=return_1d&columns=close_price");
    expect(body).toEqual({
      session: "2020-03-16",
      matches: 2,
      survivorship: { listed: 2, surviving: 1, medianReturn: expect.closeTo(0.55), medianReturnSurviving: 2 },
      tickers: [
        {
          ticker: "GONE",
          name: "Gone Holdings",
          type: "CS",
          delistedOn: "2021-05-03",
          stillTrades: false,
          quarantined: null,
          values: { close_price: 10 },
        },
        {
          ticker: "AAPL",
          name: "Apple Inc.",
          type: "CS",
          delistedOn: null,
          stillTrades: true,
          quarantined: null,
          values: { close_price: 50 },
        },
      ],
    });
    expect(await symbols("/api/screener?date=2020-03-16&survivors=true&return_1d_max=-0.5")).toEqual(["AAPL"]);
    expect((await get("/api/screener?date=2001-01-02")).body).toMatchObject({ session: null, tickers: [] });
  });

  test("refuses what it does not know, by the name of the field", async () => {
    const fields: [string, string][] = [
      ["rsi_14_max=many", "rsi_14_max"],
      ["rsi_15_max=3", "rsi_15_max"],
      ["columns=close", "columns"],
      ["sort=drop%20table", "sort"],
      ["date=2020-02-30", "date"],
      ["limit=0", "limit"],
      ["survivors=yes", "survivors"],
      ["date=2020-03-16&rsi_14_max=30", "rsi_14"],
    ];
    for (const [query, field] of fields) {
      const { status, body } = await get(`/api/screener?${query}`);
      expect([query, status, body.error.field]).toEqual([query, 422, field]);
    }
  });
});

describe("GET /api/universe", () => {
  test("lists who was there, at a session's last bar and after it", async () => {
    const { body } = await get("/api/universe?date=2020-03-16");
    expect(body.session).toBe("2020-03-16");
    expect(body.tickers.map(({ ticker }: { ticker: string }) => ticker)).toEqual(["AAPL", "BRK.B", "EVIL", "GONE"]);
    expect(body.tickers[3]).toMatchObject({ lastDate: "2021-04-30", delistedOn: "2021-05-03" });
    expect(await symbols("/api/universe")).toEqual(["AAPL", "BRK.B", "EVIL", "NEWT"]);
    expect(await symbols("/api/universe?date=2020-03-13")).toEqual(["AAPL"]);
    expect(await symbols("/api/universe?type=ETF")).toEqual(["EVIL"]);
  });
});

describe("GET /api/market/breadth", () => {
  test("counts each session of the range", async () => {
    const { body } = await get("/api/market/breadth?from=2020-03-16&to=2020-12-31");
    expect(body).toHaveLength(1);
    expect(body[0]).toMatchObject({ date: "2020-03-16", tickers: 4, advancing: 0, declining: 3, unchanged: 1 });
    expect((await get("/api/market/breadth?from=2024-01-02&to=2020-01-02")).body.error.field).toBe("from");
  });
});

describe("before anything is published", () => {
  test("each call says so", async () => {
    const empty = await createTestDatabase();
    const fresh = createTestApp({ read: empty.sql });
    for (const path of ["/api/screener", "/api/universe", "/api/market/breadth"]) {
      const { status, body } = await ask(fresh, "GET", path);
      expect([path, status, body.error.message.includes("Nothing is published yet")]).toEqual([path, 404, true]);
    }
    await empty.drop();
  });
});
