import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { RequestError } from "../../../jobs/orchestrator/types.ts";
import type { QuarantineDesk } from "../../../jobs/quarantine/types.ts";
import { createDashboardRoutes } from "../../../server/pages.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { createTestApp, fakePipeline } from "../support.ts";

setDefaultTimeout(60_000);

const hostile = `"><script>alert(1)</script>`;
const lakeKey = "raw/daily/2020-01-09/abc.json.gz";

let database: TestDatabase;
let asked: unknown[];
let runId: number;
beforeAll(async () => {
  database = await createTestDatabase();
  const { sql } = database;
  await sql`insert into barline.jobs (id) values ('stocks_polygon_dbt_transform') on conflict do nothing`;
  const [run] = await sql<[{ id: number }]>`
    insert into barline.runs (job_id, trigger, state) values ('stocks_polygon_dbt_transform', 'manual', 'success')
    returning id`;
  runId = run.id;
  await sql`insert into source_polygon_tickers (ticker, name, active, inserted_at)
    values ('AAPL', 'Apple', true, now()), ('MSFT', 'Microsoft', true, now())`;
}, 60_000);
afterAll(() => database.drop());
beforeEach(async () => {
  asked = [];
  await database.sql`truncate barline.quarantines, barline.quarantined_bars restart identity`;
});

const desk: QuarantineDesk = {
  async release(id, reason, by) {
    asked.push({ call: "release", id, reason, via: by.via });
    if (reason === "") throw new RequestError("invalid", "Say why, for whoever looks at it later.", "reason");
  },
  async drop(id, reason) {
    asked.push({ call: "drop", id, reason });
    throw new RequestError("conflict", `Quarantine ${id} is dropped already.`, "id");
  },
};
const open = () =>
  createTestApp({
    read: database.sql,
    pipeline: fakePipeline({ quarantine: desk }),
    dashboard: createDashboardRoutes,
  });

async function hold(ticker: string, reason: string, state = "held"): Promise<void> {
  const { sql } = database;
  const [row] = await sql<[{ id: number }]>`
    insert into barline.quarantines (ticker, since, test, reason, run_id, state, decided_at, decided_by, decision)
    values (${ticker}, '2020-01-10T02:00:00Z', 'a_test', ${reason}, ${runId}, ${state},
      ${state === "held" ? null : new Date("2020-01-11T00:00:00Z")}, ${state === "held" ? null : "Ada"},
      ${state === "held" ? null : hostile})
    returning id`;
  await sql`
    insert into barline.quarantined_bars (quarantine_id, ticker, trade_date, open, high, low, close, volume, vwap, test,
      reason, lake_key, run_id, held_at)
    values (${row.id}, ${ticker}, '2020-01-09', 1.5, 2, 1, 1.75, -1, 1.6, 'a_test', ${reason}, ${lakeKey}, ${runId},
      '2020-01-10T02:00:00Z')`;
}

const quarantined = { since: "2020-01-10T02:00:00.000Z", test: "a_test", reason: "volume is negative" };

describe("the API", () => {
  test("lists quarantines with their rows, the newest first", async () => {
    await hold("MSFT", "price", "dropped");
    await hold("AAPL", "volume is negative");
    const list = await (await open().get("/api/quarantine?state=held")).json();
    expect(list).toEqual([
      {
        ...{ id: 2, ticker: "AAPL", state: "held", runId, ...quarantined },
        ...{ decidedAt: null, decidedBy: null, decision: null },
        bars: [
          {
            ...{
              date: "2020-01-09",
              open: 1.5,
              high: 2,
              low: 1,
              close: 1.75,
              volume: -1,
              vwap: 1.6,
              transactions: null,
            },
            ...{ test: "a_test", reason: "volume is negative", lakeKey, runId, replaced: false },
          },
        ],
      },
    ]);
    const all = await (await open().get("/api/quarantine")).json();
    expect(all.map(({ ticker }: { ticker: string }) => ticker)).toEqual(["AAPL", "MSFT"]);
    expect(all[1]).toMatchObject({ state: "dropped", decidedBy: "Ada", decision: hostile });
    expect(await (await open().get("/api/quarantine?ticker=TSLA")).json()).toEqual([]);
  });

  test("says of a ticker that it is in quarantine", async () => {
    await hold("AAPL", "volume is negative");
    await hold("MSFT", "volume is negative", "released");
    const found = await (await open().get("/api/tickers?search=")).json();
    expect(found).toMatchObject([
      { ticker: "AAPL", quarantined },
      { ticker: "MSFT", quarantined: null },
    ]);
  });

  test("releases and drops with a reason", async () => {
    await hold("AAPL", "volume is negative");
    const post = (path: string, body: object) => open().send("POST", path, body);
    const released = await post("/api/quarantine/1/release", { reason: "It is right." });
    expect([released.status, (await released.json()).ticker]).toEqual([200, "AAPL"]);
    expect((await post("/api/quarantine/1/drop", { reason: "No." })).status).toBe(409);
    expect((await post("/api/quarantine/1/release", {})).status).toBe(422);
    expect(asked).toEqual([
      { call: "release", id: 1, reason: "It is right.", via: "api" },
      { call: "drop", id: 1, reason: "No." },
    ]);
  });
});

describe("the pages", () => {
  const page = async (path: string) => await (await open().get(path)).text();

  test("show what is held back with its reason and raw object, and escape what comes from outside", async () => {
    expect(await page("/quality/quarantine")).toContain("Nothing is held back");
    await hold(hostile, hostile);
    await hold("AAPL", "volume is negative", "dropped");
    const html = await page("/quality/quarantine");
    expect(html).toContain(`/lake?key=${encodeURIComponent(lakeKey)}`);
    expect(html).toContain('formaction="/quality/quarantine/1/drop"');
    expect(html).toContain("Dropped by Ada");
    expect(html).not.toContain("<script>alert");
    expect(await page("/quality/quarantine?ticker=TSLA")).toContain("No quarantine is like that");
    expect(await page("/quality/quarantine?state=held")).not.toContain("Dropped by Ada");
  });

  test("put a badge on the ticker's page, and the rows on the run's", async () => {
    await hold("AAPL", "volume is negative");
    expect(await page("/tickers/AAPL")).toContain("in quarantine since 2020-01-10");
    expect(await page("/tickers/MSFT")).not.toContain("in quarantine");
    const run = await page(`/runs/${runId}`);
    expect(run).toContain("1 ticker, so that the rest of the market is published");
    expect(run).toContain("1 row of 2020-01-09");
  });

  test("decide by a form, and say why that could not be done beside it", async () => {
    await hold("AAPL", "volume is negative");
    const post = (path: string, reason: string) =>
      open().app.request(`http://localhost:3000${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin" },
        body: new URLSearchParams({ reason }).toString(),
      });
    const done = await post("/quality/quarantine/1/release", "It is right.");
    expect([done.status, done.headers.get("Location")]).toEqual([303, "/quality/quarantine#quarantine-1"]);
    const refused = await post("/quality/quarantine/1/drop", "No.");
    expect([refused.status, await refused.text()]).toEqual([409, expect.stringContaining("is dropped already")]);
    expect((await post("/quality/quarantine/1/release", "")).status).toBe(422);
  });
});
