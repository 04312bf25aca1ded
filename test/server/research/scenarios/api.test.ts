import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { ask, createMart, publishBar } from "../../api-support.ts";
import { createTestApp, type TestApp } from "../../support.ts";

let database: TestDatabase;
let app: TestApp;
const days = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"];

beforeAll(async () => {
  database = await createTestDatabase();
  const { sql } = database;
  app = createTestApp({ read: sql });
  await createMart(sql);
  // Opens equal closes: 10, 20, 40, 30; and 10, 10, 5, 6.
  for (const [session, price] of [10, 20, 40, 30].entries()) await publishBar(sql, "STEP", days[session] ?? "", price);
  for (const [session, price] of [10, 10, 5, 6].entries()) await publishBar(sql, "FALL", days[session] ?? "", price);
  await sql`update public.source_polygon_stock_bars_daily set inserted_at = '2026-01-09T02:00:00Z'`;
}, 60_000);
afterAll(() => database.drop());
beforeEach(async () => {
  await database.sql`truncate barline.scenarios restart identity`;
  await database.sql`truncate barline.actions restart identity`;
});

const hold = (ticker: string, changes: object = {}) => ({ ticker, strategy: "buy_and_hold", ...changes });
const save = (name: string, request: object = hold("STEP")) => ask(app, "POST", "/api/scenarios", { name, request });
const actions = async () => {
  const rows = await database.sql<{ kind: string; details: unknown }[]>`
    select kind, details from barline.actions order by id`;
  return rows.map(({ kind, details }) => [kind, details] as const);
};

describe("POST /api/scenarios", () => {
  test("runs the request and keeps it with every default, its figures, its curve and its data version", async () => {
    const { status, body } = await save("  Step,\n held ");
    expect(status).toBe(201);
    expect(body).toMatchObject({
      id: 1,
      name: "Step, held",
      request: { ticker: "STEP", from: days[0], to: days[3], capital: 10_000, fractional: true, stopLoss: null },
      metrics: { totalReturn: 0.5, maxDrawdown: -0.25, trades: 0, winRate: null },
      current: true,
      changes: [],
      previous: null,
      ranAt: "2026-03-02T15:00:00.000Z",
      deletedAt: null,
    });
    expect(body.dataVersion).toStartWith("sessions=4 bars=");
    expect(body.equity).toEqual([
      { date: days[0], equity: 10_000 },
      { date: days[1], equity: 10_000 },
      { date: days[2], equity: 20_000 },
      { date: days[3], equity: 15_000 },
    ]);
    expect(await actions()).toEqual([["scenario.create", { scenario: 1, name: "Step, held" }]]);
    const again = await ask(app, "POST", "/api/backtests", body.request);
    expect(again.body.metrics).toEqual(body.metrics);
  });

  test.each([
    ["", 422, "A scenario needs a name."],
    [" \t\u0000", 422, "A scenario needs a name."],
    ["x".repeat(101), 422, "A name has at most 100 characters; this one has 101."],
    ["taken", 409, "There is a scenario called “taken” already."],
  ])("refuses the name %p", async (name, expected, message) => {
    await save("TAKEN");
    const { status, body } = await save(name);
    expect(status).toBe(expected);
    expect(body.error).toMatchObject({ message, field: "name" });
    expect((await ask(app, "GET", "/api/scenarios")).body.total).toBe(1);
  });

  test("keeps a hundred characters of any script, and what looks like code, as they are", async () => {
    for (const name of ["🦊".repeat(100), "<script>alert(1)</script>'; drop table scenarios; --"]) {
      expect((await save(name)).body.name).toBe(name);
    }
  });

  test("refuses what the backtest refuses, by its field, and keeps nothing", async () => {
    const unknown = await save("A", hold("NONE"));
    expect([unknown.status, unknown.body.error.field]).toEqual([404, "ticker"]);
    const wrong = await save("A", hold("STEP", { capital: -1 }));
    expect([wrong.status, wrong.body.error.field]).toEqual([422, "request.capital"]);
    expect(await actions()).toEqual([]);
  });

  test("gives one of two that take a name at once a conflict", async () => {
    const statuses = (await Promise.all([save("Race"), save("race"), save("RACE")])).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([201, 409, 409]);
  });
});

describe("GET /api/scenarios", () => {
  test("lists the newest first, a page at a time", async () => {
    for (const name of ["A", "B", "C"]) await save(name);
    const first = await ask(app, "GET", "/api/scenarios?limit=2");
    expect(first.body).toMatchObject({ total: 3, scenarios: [{ name: "C" }, { name: "B" }] });
    const second = await ask(app, "GET", "/api/scenarios?limit=2&before=2");
    expect(second.body.scenarios).toMatchObject([{ name: "A", current: true }]);
  });

  test("has no scenario where none is", async () => {
    for (const path of ["/api/scenarios/7", "/api/scenarios/compare?ids=7"]) {
      expect((await ask(app, "GET", path)).status).toBe(404);
    }
    for (const [method, path] of [
      ["PATCH", "/api/scenarios/7"],
      ["DELETE", "/api/scenarios/7"],
      ["POST", "/api/scenarios/7/run"],
      ["POST", "/api/scenarios/7/restore"],
      ["POST", "/api/scenarios/7/duplicate"],
    ] as const) {
      const { status, body } = await ask(app, method, path, method === "PATCH" ? { name: "x" } : {});
      expect([path, status, body.error.code]).toEqual([path, 404, "not_found"]);
    }
  });
});

describe("a scenario", () => {
  test("is renamed, also to another case of its own name", async () => {
    await save("A");
    await save("B");
    expect((await ask(app, "PATCH", "/api/scenarios/1", { name: "a" })).body.name).toBe("a");
    const taken = await ask(app, "PATCH", "/api/scenarios/1", { name: "b" });
    expect([taken.status, taken.body.error.field]).toEqual([409, "name"]);
    expect((await actions()).at(-1)).toEqual(["scenario.rename", { scenario: 1, name: "a" }]);
  });

  test("is a favourite as long as somebody says so, and is listed as one", async () => {
    await save("Held");
    await save("Other");
    expect((await ask(app, "PATCH", "/api/scenarios/1", { favourite: true })).body.favourite).toBe(true);
    const names = async () =>
      (await ask(app, "GET", "/api/scenarios?favourite=true")).body.scenarios.map(({ name }: { name: string }) => name);
    expect(await names()).toEqual(["Held"]);
    await ask(app, "PATCH", "/api/scenarios/1", { favourite: false });
    expect(await names()).toEqual([]);
    expect((await actions()).slice(2)).toEqual([
      ["scenario.star", { scenario: 1, name: "Held" }],
      ["scenario.unstar", { scenario: 1, name: "Held" }],
    ]);
  });

  test("is duplicated by a name that is free", async () => {
    const { body: original } = await save("A");
    const copies = [];
    for (let turn = 0; turn < 3; turn++) {
      copies.push((await ask(app, "POST", "/api/scenarios/1/duplicate", {})).body.name);
    }
    expect(copies).toEqual(["A (copy)", "A (copy 2)", "A (copy 3)"]);
    const named = await ask(app, "POST", "/api/scenarios/1/duplicate", { name: "Mine" });
    expect(named.status).toBe(201);
    expect(named.body).toMatchObject({ id: 5, name: "Mine", metrics: original.metrics, equity: original.equity });
    expect((await ask(app, "POST", "/api/scenarios/1/duplicate", { name: "mine" })).status).toBe(409);
  });

  test("is deleted and had back, by another name where its own was given away", async () => {
    await save("A");
    const deleted = await ask(app, "DELETE", "/api/scenarios/1");
    expect(deleted.body).toMatchObject({ id: 1, deletedAt: "2026-03-02T15:00:00.000Z" });
    expect((await ask(app, "GET", "/api/scenarios")).body).toEqual({ total: 0, scenarios: [] });
    expect((await ask(app, "GET", "/api/scenarios?deleted=true")).body.scenarios).toMatchObject([{ id: 1 }]);
    for (const [method, path] of [
      ["DELETE", "/api/scenarios/1"],
      ["POST", "/api/scenarios/1/run"],
      ["POST", "/api/scenarios/1/duplicate"],
    ] as const) {
      expect((await ask(app, method, path)).status).toBe(404);
    }
    await save("a");
    const restored = await ask(app, "POST", "/api/scenarios/1/restore");
    expect(restored.body).toMatchObject({ id: 1, name: "A (restored)", deletedAt: null });
    expect((await ask(app, "POST", "/api/scenarios/1/restore")).status).toBe(409);
    expect((await actions()).map(([kind]) => kind)).toEqual([
      "scenario.create",
      "scenario.delete",
      "scenario.create",
      "scenario.restore",
    ]);
  });

  test("says that a corrected bar would change it, and shows old against new once it is run again", async () => {
    const { sql } = database;
    const { body: before } = await save("A");
    await sql`
      update public.source_polygon_stock_bars_daily set close = 60, high = 61, inserted_at = '2026-03-04T02:00:00Z'
      where ticker = 'STEP' and trade_date = ${days[3] ?? ""}`;
    // Loaded, and not published: a run of now would read the same.
    expect((await ask(app, "GET", "/api/scenarios/1")).body).toMatchObject({ current: true, changes: [] });
    await sql`
      update public.fct_polygon__stock_bars_performance set close_price = 60, high_price = 61
      where ticker = 'STEP' and trade_date = ${days[3] ?? ""}`;
    const stale = await ask(app, "GET", "/api/scenarios/1");
    expect(stale.body).toMatchObject({
      current: false,
      changes: ["A bar of STEP in its range was corrected on 3 Mar 2026."],
      metrics: before.metrics,
    });
    app.clock.now = new Date("2026-03-05T15:00:00Z");
    expect((await ask(app, "GET", "/api/scenarios")).body.scenarios[0].current).toBe(false);
    const { body: after } = await ask(app, "POST", "/api/scenarios/1/run");
    expect(after).toMatchObject({
      current: true,
      changes: [],
      metrics: { totalReturn: 2 },
      ranAt: "2026-03-05T15:00:00.000Z",
      previous: { metrics: before.metrics, dataVersion: before.dataVersion, ranAt: before.ranAt },
    });
    expect(after.equity.at(-1)).toEqual({ date: days[3], equity: 30_000 });
    expect((await actions()).at(-1)?.[0]).toBe("scenario.run");
    await sql`
      update public.fct_polygon__stock_bars_performance set close_price = 30, high_price = 31
      where ticker = 'STEP' and trade_date = ${days[3] ?? ""}`;
    app.clock.now = new Date("2026-03-02T15:00:00Z");
  });

  test("is listed and told while the published tables are gone", async () => {
    const { sql } = database;
    await save("A");
    await sql`alter table public.fct_polygon__stock_bars_performance rename to gone`;
    app.clock.now = new Date("2026-03-06T15:00:00Z");
    expect((await ask(app, "GET", "/api/scenarios")).body.scenarios).toMatchObject([{ name: "A", current: false }]);
    expect((await ask(app, "GET", "/api/scenarios/1")).body.changes[0]).toBe("4 sessions of STEP went from its range.");
    expect((await ask(app, "POST", "/api/scenarios/1/run")).status).toBe(404);
    await sql`alter table public.gone rename to fct_polygon__stock_bars_performance`;
    app.clock.now = new Date("2026-03-02T15:00:00Z");
  });

  test("says that its benchmark's bars have changed", async () => {
    const { sql } = database;
    await save("A", hold("STEP", { benchmark: "FALL" }));
    await sql`update public.fct_polygon__stock_bars_performance set volume = volume + 1 where ticker = 'FALL'`;
    expect((await ask(app, "GET", "/api/scenarios/1")).body.changes).toEqual([
      "The bars of FALL in its range have changed.",
    ]);
  });
});

describe("GET /api/scenarios/compare", () => {
  test("puts one to four beside each other, with the best of each metric and the curves from 1 on", async () => {
    await save("Step");
    await save("Fall", hold("FALL", { to: days[2] }));
    const { body } = await ask(app, "GET", "/api/scenarios/compare?ids=2,1");
    expect(body).toMatchObject({
      rangesDiffer: true,
      isCommon: false,
      common: { from: days[0], to: days[2] },
      scenarios: [
        { id: 2, name: "Fall", to: days[2], metrics: { totalReturn: -0.5 }, problem: null },
        { id: 1, name: "Step", to: days[3], metrics: { totalReturn: 0.5 }, problem: null },
      ],
    });
    expect(body.best).toMatchObject({ totalReturn: [1], maxDrawdown: [1] });
    expect(body.best.trades).toBeUndefined();
    expect(body.curves).toEqual({
      dates: days,
      values: [
        [1, 1, 0.5, null],
        [1, 1, 2, 1.5],
      ],
    });
    expect((await ask(app, "GET", "/api/scenarios/compare?ids=1")).body.best).toEqual({});
  });

  test("runs them over the common range where asked", async () => {
    await save("Step");
    await save("Fall", hold("FALL", { to: days[2] }));
    const { body } = await ask(app, "GET", "/api/scenarios/compare?ids=1,2&common=true");
    expect(body).toMatchObject({
      isCommon: true,
      scenarios: [{ to: days[2], metrics: { totalReturn: 1 } }, { to: days[2] }],
    });
    expect(body.curves.dates).toEqual(days.slice(0, 3));
  });

  test("says of each what cannot be run over the common range", async () => {
    await save("Long", hold("STEP", { to: days[2] }));
    await save("Late", hold("STEP", { from: days[2] }));
    const { body } = await ask(app, "GET", "/api/scenarios/compare?ids=1,2&common=true");
    expect(body.scenarios.map(({ problem }: { problem: string }) => problem)).toEqual([
      expect.stringContaining("1 session of STEP"),
      expect.stringContaining("1 session of STEP"),
    ]);
  });

  test.each(["1,2,3,4,5", "", ",", "x", "1,-2"])("refuses ids %p", async (ids) => {
    const { status, body } = await ask(app, "GET", `/api/scenarios/compare?ids=${ids}`);
    expect([status, body.error.field]).toEqual([422, "ids"]);
  });
});
