import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { sampleMarket } from "../../../../server/backtest/checks/sample-market.ts";
import { mostUniversePoints } from "../../../../server/backtest/sweep/space.ts";
import { readRequest } from "../../../../server/research/sweeps/plan.ts";
import { prepareSweep } from "../../../../server/research/sweeps/prepare.ts";
import type { Sweeps } from "../../../../server/research/sweeps/sweeps.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { ask } from "../../api-support.ts";

import { createTestApp, type TestApp } from "../../support.ts";
import { publishMarket, publishMonthEnds } from "../backtests/universe-market.ts";
import { openSweeps } from "./open.ts";

setDefaultTimeout(120_000);

/** 400 weekdays of 60 tickers, of which a fifth each come late, end, or pause. */
const market = sampleMarket(60, 400);
let database: TestDatabase;
let sweeps: Sweeps;
let app: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  const { sql } = database;
  await publishMarket(sql, market);
  await publishMonthEnds(sql);
  sweeps = openSweeps(sql);
  app = createTestApp({ read: sql, sweeps });
}, 60_000);
afterAll(async () => {
  await sweeps.stop();
  await database.drop();
});

const asked = {
  strategy: "cross_sectional_momentum",
  params: { lookback: [21, 63], skip: [5, 21], holdings: [3, 8], minimumPrice: [0, 40] },
  ...{ commission: { bps: 5, perOrder: 0.1 }, slippage: { bps: 2 }, riskFree: 0.01 },
};
type Body = Record<string, unknown>;
const post = (body: Body) => ask(app, "POST", "/api/sweeps", body);
const backtest = async (body: Body) => {
  const { status, body: answer } = await ask(app, "POST", "/api/backtests", body);
  expect(status).toBe(200);
  return answer;
};

async function found(body: Body) {
  const begun = await post(body);
  expect(begun).toMatchObject({ status: 201 });
  await sweeps.idle();
  const { body: answer } = await ask(app, "GET", `/api/sweeps/${begun.body.id}`);
  expect(answer).toMatchObject({ state: "success", error: null });
  return answer;
}

/** What a run over one part finds with the parameters of a point. */
const runOf = (body: Body, params: Body, { from, to }: { from: string; to: string }) => {
  const { search: _, split: __, walkForward: ___, score: ____, ...run } = body;
  return backtest({ ...run, params: { ...(run.params as Body), ...params }, from, to });
};

describe("a sweep of the universe", () => {
  test.each<[string, Body]>([
    ["whoever was listed then", {}],
    ["those that still trade", { survivorship: "survivors_only" }],
    ["returns that are counted back", { params: { lookback: [40, 63], skip: [3, 21], holdings: 5 } }],
    ["a part that ends within a month, in whole shares", { to: "2021-05-19", fractional: false, capital: 3000 }],
    ["minimums of volume", { params: { lookback: 63, holdings: [4, 6], minimumDollarVolume: [0, 30_000, 60_000] } }],
    ["half of the equity", { sizing: { kind: "equity", fraction: 0.5 }, score: "calmar" }],
  ])(
    "over %s finds at each point, to the last digit, what a run of it finds, in sample and out of it",
    async (_, change) => {
      const body: Body = { ...asked, ...change };
      const { result } = await found(body);
      const { tally, best, parts } = result;
      expect(best.length).toBe(Math.min(20, result.scored));
      expect(tally.ran).toBeGreaterThan(1);
      for (const point of best) {
        expect(point.inSample).toEqual((await runOf(body, point.params, parts.inSample)).metrics);
        expect(point.outOfSample).toEqual((await runOf(body, point.params, parts.outOfSample)).metrics);
      }
      const [{ params }] = best;
      const whole = await runOf(body, params, { from: parts.inSample.from, to: parts.outOfSample.to });
      expect(result.equity.best).toEqual(
        whole.equity.map(({ equity }: { equity: number }) => Math.round(equity * 100) / 100),
      );
    },
  );

  test("walks forward: each part as a run of it, and one equity through all", async () => {
    const body: Body = { ...asked, walkForward: { windows: 3 }, split: null };
    const { result } = await found(body);
    const { steps, metrics, equity, dates } = result.walkForward;
    expect(steps).toHaveLength(3);
    for (const step of steps) {
      const chosen = await runOf(body, step.params, step.choose);
      expect(step.score).toBe(chosen.metrics.sharpe);
      expect(step.outOfSample).toEqual((await runOf(body, step.params, step.run)).metrics);
    }
    expect([dates[0], dates.at(-1)]).toEqual([steps[0].run.from, steps[2].run.to]);
    expect(equity.at(-1)).toBeCloseTo(metrics.finalEquity, 2);
    // Where the parameters do not change, it is one run.
    const single = { ...body, params: { lookback: 63, skip: 21, holdings: 5 } };
    const walked = (await found(single)).result.walkForward;
    const run = await runOf(single, {}, { from: walked.dates[0], to: walked.dates.at(-1) });
    expect(walked.metrics).toEqual(run.metrics);
  });

  test("tells the request with every default, and finds the same when it is sent again", async () => {
    const first = await found({ ...asked, search: { kind: "random", points: 7, seed: 3 } });
    expect(first.request).toMatchObject({
      ...{ ticker: null, from: market.dates[0], to: market.dates.at(-1), survivorship: "point_in_time" },
      params: { ...asked.params, minimumDollarVolume: 0 },
    });
    expect((await found(first.request)).result).toEqual(first.result);
    expect(first.result.tally.points).toBe(7);
  });

  test("counts points that choose nobody in sample apart from those whose parameters do not go together", async () => {
    const { result } = await found({ ...asked, params: { lookback: [5, 63, 390], skip: [5, 21] } });
    // 5 with 5 and 5 with 21 do not go together; nobody has 390 sessions before the first 280 end.
    expect(result.tally).toEqual({ points: 6, ran: 2, invalid: 2, cold: 2 });
  });

  test("of which no point chooses anybody fails, and says why", async () => {
    const { body } = await post({ ...asked, params: { lookback: [380, 390] } });
    await sweeps.idle();
    const ended = (await ask(app, "GET", `/api/sweeps/${body.id}`)).body;
    expect(ended.state).toBe("failed");
    expect(ended.error).toStartWith("None of the 2 points can be run: 2 choose nobody in sample");
  });

  test("fails rather than to mix data, where they change between its planning and its reading", async () => {
    const sql = database.sql;
    const change = (seconds: number) => sql`
      update public.fct_polygon__market_breadth_daily set source_inserted_at = source_inserted_at + make_interval(secs => ${seconds})
      where trade_date = ${market.dates[9] ?? ""}`;
    const prepared = await prepareSweep(sql, readRequest(asked));
    await change(1);
    const id = await sweeps.begin(prepared, { name: "Ada", via: "api" });
    await sweeps.idle();
    await change(-1);
    const { body } = await ask(app, "GET", `/api/sweeps/${id}`);
    expect(body).toMatchObject({
      state: "failed",
      error: "The published data changed before the sweep had read it. Begin it again.",
    });
  });

  test.each<[string, Body, string, string]>([
    ["a ticker", { ticker: "T001" }, "ticker", "chooses from all tickers"],
    ["a stop", { stopLoss: 0.1 }, "stopLoss", "leaves a position at a rebalance only"],
    ["shares for each", { sizing: { kind: "shares", shares: 5 } }, "sizing", "equal parts of the equity"],
    [
      "too many points",
      { params: { holdings: { from: 1, to: 500 }, lookback: [21, 63, 252] } },
      "params.holdings",
      "the grid has 1,500 points, and up to 1,000 are run, as one that holds 50 of 11,000 tickers over ten years takes",
    ],
    [
      "too many at random",
      {
        params: { holdings: { from: 1, to: 500 }, lookback: [21, 63, 252] },
        search: { kind: "random", points: mostUniversePoints + 1 },
      },
      "search.points",
      "(1,001) is too many: up to 1,000 are run",
    ],
    [
      "no month's end",
      { from: market.dates[1], to: market.dates[20], params: { lookback: [5, 10], skip: 0 } },
      "from",
      "No month ends in sample",
    ],
    ["a range without sessions", { from: "2031-01-01" }, "from", "leaves no session"],
    ["parameters that do not go together", { params: { lookback: [3, 5], skip: 21 } }, "params", "go together"],
    ["dividends that were not read", { dividends: true }, "dividends", "have not been read yet"],
    [
      "returns that would have to be counted back too often",
      { params: { lookback: { from: 25, to: 250 }, skip: 21 } },
      "params.lookback",
      "(25) has to be one of 0, 5, 21, 63, 252 over so many tickers and months",
    ],
  ])("refuses %s by its name", async (_, change, field, message) => {
    const { status, body } = await post({ ...asked, ...change });
    expect(body.error).toMatchObject({ field });
    expect(body.error.message).toContain(message);
    expect(status).toBe(422);
  });

  test("ends at once when it is cancelled, also while it waits for the database", async () => {
    const { sql } = database;
    const prepared = await prepareSweep(sql, readRequest(asked));
    const { promise: isReading, resolve: reads } = Promise.withResolvers<void>();
    const never = new Promise<never>(() => {});
    const read = () => {
      reads();
      return never;
    };
    const by = { name: "Ada", via: "api" } as const;
    const id = await sweeps.begin({ ...prepared, source: { scope: "universe", file: null, read } }, by);
    await isReading;
    await sweeps.cancel(id, by);
    const { body } = await ask(app, "GET", `/api/sweeps/${id}`);
    expect(body).toMatchObject({ state: "cancelled", result: null });
  });
});
