import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Sweeps } from "../../../../server/research/sweeps/sweeps.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { ask, createMart } from "../../api-support.ts";
import { createTestApp, type TestApp } from "../../support.ts";
import { openSweeps } from "./open.ts";

setDefaultTimeout(60_000);

let database: TestDatabase;
let sweeps: Sweeps;
let app: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  const { sql } = database;
  sweeps = openSweeps(sql);
  app = createTestApp({ read: sql, sweeps });
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
}, 60_000);
afterAll(async () => {
  await sweeps.stop();
  await database.drop();
});

const asked = {
  ticker: "WAVE",
  strategy: "momentum",
  params: { shortWindow: { from: 5, to: 20, step: 5 }, longWindow: [15, 30], rsiOverbought: 90 },
  commission: { bps: 5 },
};
const post = (body: unknown) => ask(app, "POST", "/api/sweeps", body);

async function found(body: unknown) {
  const begun = await post(body);
  expect(begun.status).toBe(201);
  await sweeps.idle();
  return (await ask(app, "GET", `/api/sweeps/${begun.body.id}`)).body;
}

describe("POST /api/sweeps", () => {
  test("begins a sweep, and tells it with every default", async () => {
    const { status, body } = await post(asked);
    expect(status).toBe(201);
    expect(body).toMatchObject({ points: 8, error: null, createdBy: "local user", result: null });
    expect(body.request).toMatchObject({
      ...{
        ticker: "WAVE",
        from: "2020-01-02",
        to: "2021-05-15",
        strategy: "momentum",
        score: "sharpe",
        walkForward: null,
      },
      params: { ...asked.params, rsiPeriod: 14 },
      ...{ search: { kind: "grid" }, split: { kind: "fraction", inSample: 0.7 }, capital: 10_000, stopLoss: null },
    });
    await sweeps.idle();
    const actions = await database.sql`select kind, actor, details from barline.actions`;
    expect([...actions]).toEqual([
      {
        kind: "sweep.create",
        actor: "local user",
        details: { sweep: body.id, ticker: "WAVE", strategy: "momentum", points: 8 },
      },
    ]);
  });

  test("finds at its best point what a backtest of the part in sample finds", async () => {
    const { state, done, result } = await found(asked);
    expect({ state, done }).toEqual({ state: "success", done: 8 });
    // 15 with 15 and 20 with 15 do not go together.
    expect(result.tally).toEqual({ points: 8, ran: 6, invalid: 2, cold: 0 });
    expect(result.parts).toEqual({
      inSample: { from: "2020-01-02", to: "2020-12-16", sessions: 350 },
      outOfSample: { from: "2020-12-17", to: "2021-05-15", sessions: 150 },
    });
    const [best] = result.best;
    const { inSample } = result.parts;
    const params = { rsiOverbought: 90, ...best.params };
    const run = await ask(app, "POST", "/api/backtests", { ...asked, from: inSample.from, to: inSample.to, params });
    expect(best.inSample).toEqual(run.body.metrics);
    expect(best.outOfSample.totalReturn).toBeNumber();
    const whole = await ask(app, "POST", "/api/backtests", { ...asked, params });
    expect(result.equity.best.at(-1)).toBeCloseTo(whole.body.metrics.finalEquity, 2);
    expect(result.equity.dates).toHaveLength(500);
    expect(result.deflated).toMatchObject({ trials: 6, sessions: 350, sharpe: best.inSample.sharpe });
    expect(result.deflated.probability).toBeWithin(0, 1);
  });

  test("finds the same when what it told is sent again", async () => {
    const first = await found({ ...asked, search: { kind: "random", points: 5, seed: 42 } });
    const again = await found(first.request);
    expect(again.result).toEqual(first.result);
    expect(first.result.tally.points).toBe(5);
  });

  test("walks forward, and stitches one equity", async () => {
    const { result } = await found({ ...asked, split: null, walkForward: { windows: 4 } });
    expect(result.parts.outOfSample).toBeNull();
    expect(result.best[0].outOfSample).toBeNull();
    const { steps, dates, equity, metrics } = result.walkForward;
    expect(
      steps.map(({ choose, run }: Record<string, { sessions: number }>) => [choose?.sessions, run?.sessions]),
    ).toEqual(Array.from({ length: 4 }, () => [100, 100]));
    expect([dates.length, equity.length, dates[0]]).toEqual([400, 400, steps[0].run.from]);
    expect(equity.at(-1)).toBeCloseTo(metrics.finalEquity, 2);
  });

  test("splits at a date", async () => {
    const { result } = await found({ ...asked, split: { kind: "date", outOfSampleFrom: "2021-01-01" } });
    expect(result.parts.inSample.to).toBe("2020-12-31");
    expect(result.parts.outOfSample.from).toBe("2021-01-01");
  });

  const longer = { from: 1, to: 1000 };
  test.each<[string, object, string, string]>([
    ["an unknown ticker", { ticker: "WAVY" }, "ticker", "No bars of WAVY are published"],
    ["an unknown strategy", { strategy: "momentun" }, "strategy", "Did you mean momentum?"],
    ["an unknown field", { parms: {} }, "parms", "Did you mean `params`?"],
    ["an unknown parameter", { params: { shortWindw: 5 } }, "params.shortWindw", "Did you mean `shortWindow`?"],
    [
      "a parameter that is no number",
      { params: { longWindow: "50" } },
      "params.longWindow",
      "has to be a number, a list",
    ],
    ["an empty list", { params: { longWindow: [] } }, "params.longWindow", "at least one number"],
    ["a step of nothing", { params: { longWindow: { from: 1, to: 2, step: 0 } } }, "params.longWindow.step", "above 0"],
    [
      "an empty range",
      { params: { longWindow: { from: 60, to: 50 } } },
      "params.longWindow",
      "is an empty range: `to` (50)",
    ],
    [
      "a value that is out of bounds",
      { params: { longWindow: [0, 50] } },
      "params.longWindow",
      "2 to 1000; 0 is among",
    ],
    ["a value twice", { params: { longWindow: [50, 60, 50] } }, "params.longWindow", "has a value twice"],
    [
      "too many values",
      { params: { longWindow: { from: 1, to: 1e9 } } },
      "params.longWindow",
      "has 1,000,000,000 values; up to 1,000",
    ],
    [
      "too many points",
      { params: { shortWindow: longer, longWindow: { from: 2, to: 501 }, rsiPeriod: [7, 14, 21] } },
      "params.shortWindow",
      "1,000 values, the most of all: the grid has 1,500,000 points, and up to 1,000,000 are run",
    ],
    [
      "no point whose values go together",
      { params: { shortWindow: [30, 40], longWindow: [10, 20] } },
      "params",
      "go together",
    ],
    [
      "fewer sessions than any warm-up",
      { params: { longWindow: [500, 600] } },
      "from",
      "350 sessions of WAVE in sample; the point that needs the fewest needs 501",
    ],
    ["an unknown score", { score: "sharp" }, "score", "has to be one of totalReturn"],
    [
      "a split of everything",
      { split: { kind: "fraction", inSample: 1 } },
      "split.inSample",
      "has to be a number from 0.1 to 0.95",
    ],
    [
      "a split outside the bars",
      { split: { kind: "date", outOfSampleFrom: "2019-01-01" } },
      "split.outOfSampleFrom",
      "leaves 0 sessions in sample and 500 out of it",
    ],
    ["no window", { walkForward: { windows: 0 } }, "walkForward.windows", "has to be a whole number from 1 to 24"],
    [
      "windows of too few sessions",
      { to: "2020-04-01", params: {}, walkForward: { windows: 24 } },
      "walkForward.windows",
      "cuts 91 sessions into 25 parts",
    ],
    ["a range that ends before it begins", { from: "2021-01-01", to: "2020-01-01" }, "from", "is after `to`"],
    [
      "random points without number",
      { search: { kind: "random", points: 0 } },
      "search.points",
      "has to be a whole number from 1 to 1000000",
    ],
    ["a stop of nothing", { stopLoss: 0 }, "stopLoss", "above 0"],
  ])("refuses %s by its name", async (_, change, field, message) => {
    const { status, body } = await post({ ...asked, ...change });
    expect(body.error).toMatchObject({ field });
    expect(body.error.message).toContain(message);
    expect([404, 422]).toContain(status);
  });

  test("takes a million points of a random search over more, and no more", async () => {
    const huge = { shortWindow: longer, longWindow: { from: 2, to: 501 }, rsiPeriod: [7, 14, 21] };
    const { status, body } = await post({
      ...asked,
      params: huge,
      search: { kind: "random", points: 1_000_000, seed: 1 },
    });
    expect({ status, points: body.points }).toEqual({ status: 201, points: 1_000_000 });
    // All of them take minutes.
    const cancelled = await ask(app, "POST", `/api/sweeps/${body.id}/cancel`);
    expect(cancelled.body).toMatchObject({ state: "cancelled", result: null });
  });
});

describe("GET /api/sweeps/{id}/heat-map", () => {
  test("answers a metric over two parameters, with nothing where they do not go together", async () => {
    const { id, result } = await found(asked);
    expect(result.maps).toEqual([
      { x: "longWindow", y: "shortWindow", xValues: [15, 30], yValues: [5, 10, 15, 20], xSize: 1, ySize: 1 },
    ]);
    const { body } = await ask(app, "GET", `/api/sweeps/${id}/heat-map?metric=totalReturn&x=shortWindow&y=longWindow`);
    expect(body.cells.map((row: unknown[]) => row.map((cell) => cell === null))).toEqual([
      [false, false],
      [false, false],
      [true, false],
      [true, false],
    ]);
    const { params, inSample } = result.best[0];
    const [row, column] = [body.yValues.indexOf(params.shortWindow), body.xValues.indexOf(params.longWindow)];
    expect(body.cells[row][column]).toBeCloseTo(inSample.totalReturn, 6);
    const byDefault = await ask(app, "GET", `/api/sweeps/${id}/heat-map`);
    expect(byDefault.body).toMatchObject({ metric: "sharpe", show: "best" });
  });

  test("refuses what there is no map of", async () => {
    const { id } = await found(asked);
    const path = `/api/sweeps/${id}/heat-map`;
    expect((await ask(app, "GET", `${path}?metric=sharp`)).body.error.field).toBe("metric");
    expect((await ask(app, "GET", `${path}?x=rsiPeriod`)).body.error.message).toContain("longWindow and shortWindow");
    expect((await ask(app, "GET", `${path}?x=longWindow&y=longWindow`)).status).toBe(422);
    expect((await ask(app, "GET", "/api/sweeps/99999/heat-map")).status).toBe(404);
  });
});

describe("GET /api/sweeps", () => {
  test("lists them, the newest first, with the best point", async () => {
    const { id, result } = await found(asked);
    const { body } = await ask(app, "GET", "/api/sweeps?limit=2");
    expect(body.sweeps).toHaveLength(2);
    expect(body.sweeps[0]).toMatchObject({ id, state: "success", best: result.best[0], tally: result.tally });
  });

  test("tells of a sweep that is not there", async () => {
    const { status, body } = await ask(app, "GET", "/api/sweeps/99999");
    expect({ status, message: body.error.message }).toEqual({
      status: 404,
      message: "There is no sweep 99999. The newest 100 are kept.",
    });
  });
});

describe("POST /api/sweeps/{id}/cancel", () => {
  test("says so where a sweep has ended, or is not there", async () => {
    const { id } = await found(asked);
    expect((await ask(app, "POST", `/api/sweeps/${id}/cancel`)).status).toBe(409);
    expect((await ask(app, "POST", "/api/sweeps/99999/cancel")).status).toBe(404);
  });
});
