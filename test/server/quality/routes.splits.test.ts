import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { addMarketSample, hostile } from "../sample.ts";
import { createTestApp, fakePipeline } from "../support.ts";

let dashboard: Dashboard;

beforeAll(async () => {
  dashboard = await openDashboard();
  await addMarketSample(dashboard.sql);
}, openingMs);
afterAll(() => dashboard.close());
beforeEach(async () => {
  dashboard.asked.length = 0;
  await dashboard.sql`delete from source_polygon_splits where ticker <> 'AAPL' or execution_date <> '2020-01-06'`;
  await dashboard.sql`update source_polygon_splits set set_aside = null, decision = null, decided_by = null, decided_why = null`;
});

const setAside = () => dashboard.sql`
  insert into source_polygon_splits (ticker, execution_date, split_from, split_to, adjustment_type, set_aside, inserted_at)
  values ('AAPL', '2020-01-03', 1, 3, 'forward_split', 'prices', '2020-01-04T01:00Z'),
    (${hostile}, '2020-01-03', 1, 3, ${hostile}, 'type', '2020-01-04T01:00Z')`;
const page = async (path: string) => await (await dashboard.app.request(path)).text();
const words = (body: string) => body.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");
const post = (fields: Record<string, string>) => dashboard.post("/quality/splits", fields);

describe("the quality page", () => {
  test("lists splits that are set aside, with the prices on both sides, and asks whether they count", async () => {
    expect(await page("/quality")).not.toContain("Splits set aside");
    await setAside();
    const body = await page("/quality");
    expect(words(body)).toContain(
      "AAPL 3 Jan 2020 3 for 1 forward split 400.00 400.00 Does not count: the prices around its day deny it",
    );
    expect(body).not.toContain(hostile);
    expect(body).toContain('action="/quality/splits"');
  });

  test("tells who decided, and why", async () => {
    await dashboard.sql`
      update source_polygon_splits set set_aside = 'hand', decision = 'set_aside', decided_by = 'Ada', decided_at = now(),
        decided_why = ${hostile}`;
    const body = await page("/quality");
    expect(words(body)).toContain("Does not count: set aside by hand decided by Ada");
    expect(body).not.toContain(hostile);
    expect(body).toContain("It counts");
    expect(body).not.toContain("It does not");
  });

  test("hands a decision on, and says what is wrong with one", async () => {
    const decided = await post({ ticker: "AAPL", date: "2020-01-03", counts: "false", reason: "A slip." });
    expect([decided.status, decided.headers.get("location")]).toEqual([303, "/quality#splits"]);
    const argument = { ticker: "AAPL", date: "2020-01-03", counts: false, reason: "A slip." };
    expect(dashboard.asked).toEqual([{ call: "decideSplit", argument }]);
    for (const fault of [{ counts: "perhaps" }, { date: "yesterday" }] as Record<string, string>[]) {
      const refused = await post({ ticker: "AAPL", date: "2020-01-03", counts: "true", reason: "x", ...fault });
      expect(refused.status).toBe(422);
      expect(await refused.text()).toContain('role="alert"');
    }
  });
});

test("a ticker's page shows a split that is set aside with a mark and why, and the chart leaves it out", async () => {
  await setAside();
  expect(words(await page("/tickers/AAPL"))).toContain("3 Jan 2020 3 for 1 set aside: the prices deny it");
  const chart = (await (await dashboard.app.request("/tickers/AAPL/bars.json")).json()) as { splits: unknown[] };
  expect(chart.splits).toEqual([{ date: "2020-01-06", from: 1, to: 4 }]);
});

test("a ticker's page shows other kinds and currencies of dividends as such", async () => {
  await dashboard.sql`
    insert into source_polygon_dividends (ticker, ex_dividend_date, cash_amount, currency, distribution_type, inserted_at)
    values ('AAPL', '2020-01-03', 0.5, 'CAD', 'recurring', now()), ('AAPL', '2020-01-03', 0.25, 'USD', 'special', now())`;
  const body = words(await page("/tickers/AAPL"));
  expect(body).toContain("0.5000 CAD not in dollars, and not counted");
  expect(body).toContain("0.2500 USD, special");
});

describe("the API", () => {
  const open = (decide?: (request: unknown) => Promise<void>) =>
    createTestApp({
      read: dashboard.sql,
      pipeline: fakePipeline(decide ? { decideSplit: decide } : {}),
    });

  test("lists splits, and whether each counts", async () => {
    await setAside();
    const all = (await (await open().get("/api/splits?ticker=AAPL")).json()) as { date: string }[];
    expect(all.map(({ date }) => date)).toEqual(["2020-01-03", "2020-01-06"]);
    const aside = await (await open().get("/api/splits?setAside=true&ticker=AAPL")).json();
    expect(aside).toEqual([
      {
        ...{ ticker: "AAPL", date: "2020-01-03", from: 1, to: 3, type: "forward_split", setAside: "prices" },
        ...{ closeBefore: 400, openAfter: 400, decision: null, changedAt: "2020-01-04T01:00:00.000Z" },
      },
    ]);
  });

  test("takes a decision, and answers the split as it stands then", async () => {
    await setAside();
    const asked: unknown[] = [];
    const app = open(async (request) => {
      asked.push(request);
      await dashboard.sql`
        update source_polygon_splits set set_aside = null, decision = 'counts', decided_by = 'Ada', decided_why = 'So.', decided_at = now()
        where ticker = 'AAPL' and execution_date = '2020-01-03'`;
    });
    const answer = await app.send("POST", "/api/splits/AAPL/2020-01-03/decision", { counts: true, reason: "So." });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ setAside: null, decision: { counts: true, by: "Ada", reason: "So." } });
    expect(asked).toEqual([{ ticker: "AAPL", date: "2020-01-03", counts: true, reason: "So." }]);
    const refused = await app.send("POST", "/api/splits/AAPL/2020-01-03/decision", { counts: "yes", reason: "So." });
    expect(refused.status).toBe(422);
  });
});
