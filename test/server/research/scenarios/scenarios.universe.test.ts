import { afterAll, beforeAll, expect, test } from "bun:test";
import { sampleMarket } from "../../../../server/backtest/checks/sample-market.ts";
import { createDashboardRoutes } from "../../../../server/pages.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { ask } from "../../api-support.ts";

import { createTestApp, fakePipeline, type TestApp } from "../../support.ts";
import { publishMarket } from "../backtests/universe-market.ts";

let database: TestDatabase;
let app: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  await publishMarket(database.sql, sampleMarket(30, 200));
  app = createTestApp({ read: database.sql, pipeline: fakePipeline(), dashboard: createDashboardRoutes });
}, 60_000);
afterAll(() => database.drop());

test("a scenario of the universe keeps the market's version, and hears of any bar that is corrected", async () => {
  const request = { strategy: "cross_sectional_momentum", params: { lookback: 63, skip: 21, holdings: 5 } };
  const { status, body } = await ask(app, "POST", "/api/scenarios", { name: "Winners", request });
  expect(status).toBe(201);
  expect(body).toMatchObject({ current: true, request: { ticker: null, survivorship: "point_in_time" } });
  expect(body.dataVersion).toMatch(/^sessions=200 market=[0-9a-f]{32} splits=none$/);
  const page = await (await app.get("/scenarios/1")).text();
  expect(page).toContain("Cross-sectional momentum of the universe");
  expect(page).toContain("point in time");
  await database.sql`
    update public.fct_polygon__market_breadth_daily set source_inserted_at = now()
    where trade_date = (select min(trade_date) from public.fct_polygon__market_breadth_daily)`;
  const stale = await ask(app, "GET", "/api/scenarios/1");
  expect(stale.body).toMatchObject({
    current: false,
    changes: ["Bars of the universe up to the end of its range have come or were corrected."],
  });
  expect((await ask(app, "POST", "/api/scenarios/1/run")).body).toMatchObject({ current: true, changes: [] });
});
