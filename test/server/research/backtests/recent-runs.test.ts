import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { runHere } from "../../../../server/research/backtests/elsewhere.ts";
import { createRecentRuns, type RecentRuns } from "../../../../server/research/backtests/recent-runs.ts";
import { requestFromQuery } from "../../../../server/research/backtests/url.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { addBacktestSample } from "./sample.ts";

let database: TestDatabase;
let runs: RecentRuns;
const clock = { now: new Date("2024-01-10T00:00:00Z") };
beforeAll(async () => {
  database = await createTestDatabase();
  await addBacktestSample(database.sql);
  runs = createRecentRuns({ backtests: runHere(database.sql), read: database.sql, now: () => clock.now });
}, 60_000);
afterAll(() => database.drop());

const run = async (query: string) => {
  const { request } = requestFromQuery(new URLSearchParams(query));
  if (request === null) throw new Error(`${query} is no request`);
  return await runs.run(request);
};
const universe = "strategy=cross_sectional_momentum&params.holdings=1&from=2020-01-02&benchmark=SPY";

describe("a run that was looked at a moment ago", () => {
  test("is the same for its page, charts and tables, also while it is under way", async () => {
    const [page, chart] = await Promise.all([run(universe), run(universe)]);
    expect(chart).toBe(page);
    expect(await run(universe)).toBe(page);
    expect(await run(universe.replace("=1&", "=2&"))).not.toBe(page);
  });

  test("is run again once its data have changed, or may have", async () => {
    const before = await run(universe);
    await database.sql`
      update public.fct_polygon__market_breadth_daily set source_inserted_at = now() + interval '1 s' where trade_date = '2019-06-03'`;
    const corrected = await run(universe);
    expect(corrected).not.toBe(before);
    expect(corrected.dataVersion).not.toBe(before.dataVersion);
    expect(await run(universe)).toBe(corrected);
    clock.now = new Date(clock.now.getTime() + 61_000);
    expect(await run(universe)).not.toBe(corrected);
  });

  test("is let go of for later ones", async () => {
    const first = await run(universe);
    for (const holdings of [2, 3, 4, 5]) await run(universe.replace("holdings=1", `holdings=${holdings}`));
    expect(await run(universe)).not.toBe(first);
  });

  test("is not kept where it failed, nor where it is quick", async () => {
    const bad = `${universe}&to=2020-01-03`;
    await expect(run(bad)).rejects.toThrow("No month ends");
    await expect(run(bad)).rejects.toThrow("No month ends");
    const ticker = "ticker=TEN&strategy=rsi";
    expect(await run(ticker)).not.toBe(await run(ticker));
  });
});
