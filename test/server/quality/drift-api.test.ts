import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import type { DriftRequest } from "../../../jobs/drift/types.ts";
import { RequestError } from "../../../jobs/orchestrator/types.ts";
import { createDashboardRoutes } from "../../../server/pages.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { createTestApp, fakePipeline, noDrift } from "../support.ts";

setDefaultTimeout(60_000);

let database: TestDatabase;
let asked: DriftRequest[];
let refusal: Error | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);
afterAll(() => database.drop());
beforeEach(async () => {
  asked = [];
  refusal = undefined;
  await database.sql`truncate barline.drift_checks restart identity`;
});

const open = () =>
  createTestApp({
    read: database.sql,
    pipeline: fakePipeline({ project: () => Promise.reject(new Error("no project")) }),
    drift: {
      ...noDrift,
      begin: async (request) => {
        asked.push(request);
        if (refusal) throw refusal;
        const [row] = await database.sql<{ id: number }[]>`
          insert into barline.drift_checks (trigger) values ('manual') returning id`;
        return row?.id ?? 0;
      },
    },
    dashboard: createDashboardRoutes,
  });

const hostile = `"><script>alert(1)</script>`;
const addDifference = () => database.sql`
  insert into barline.drift_checks (trigger, tickers, rows, differences, models, example, finished_at)
  values ('schedule', ${database.sql.json(["AAPL", hostile])}::jsonb, 5000, 2,
    '[{"name": "fct", "rows": 5000, "differences": 2, "skipped": null},
      {"name": "int", "rows": 0, "differences": 0, "skipped": "it is not published"}]'::jsonb,
    ${database.sql.json({ model: "fct", key: { ticker: hostile }, column: "rsi_14", published: hostile, recomputed: 50 })}::jsonb,
    now())`;

test("GET /api/drift tells each check, the newest first", async () => {
  await addDifference();
  const answer = await (await open().get("/api/drift")).json();
  expect(answer.checks).toMatchObject([
    {
      ...{ id: 1, trigger: "schedule", state: "different", rows: 5000, differences: 2, error: null },
      tickers: ["AAPL", hostile],
      example: { model: "fct", column: "rsi_14", recomputed: 50 },
    },
  ]);
});

test("POST /api/drift begins a check, of a sample or of named tickers", async () => {
  const app = open();
  const begun = await app.send("POST", "/api/drift", { tickers: ["AAPL", "BRK.B"] });
  expect({ status: begun.status, body: await begun.json() }).toMatchObject({
    ...{ status: 201, body: { id: 1, state: "running", finishedAt: null } },
  });
  await app.send("POST", "/api/drift", { sample: 3 });
  await app.send("POST", "/api/drift");
  expect(asked).toEqual([{ tickers: ["AAPL", "BRK.B"] }, { sample: 3 }, {}]);
});

test("POST /api/drift refuses what cannot be asked, and names the field", async () => {
  const app = open();
  for (const body of [{ tickers: [] }, { tickers: ["'; drop"] }, { sample: 0 }, { sample: 1e6 }, { more: 1 }]) {
    const answer = await app.send("POST", "/api/drift", body);
    expect(answer.status).toBe(422);
    expect((await answer.json()).error.message).toContain(Object.keys(body)[0] ?? "");
  }
  refusal = new RequestError("conflict", "A drift check is under way already.");
  expect((await app.send("POST", "/api/drift")).status).toBe(409);
});

test("the page shows each check's first difference, and takes hostile values for text", async () => {
  await addDifference();
  const html = await (await open().get("/quality/drift")).text();
  expect(html).toContain("rsi_14");
  expect(html).toContain("Differs");
  expect(html).toContain("int: left out, it is not published");
  expect(html).not.toContain(hostile);
  expect(html).toContain("&lt;script&gt;");
});

test("the page says what it waits for while there is no check, and checks named tickers when asked", async () => {
  const app = open();
  expect(await (await app.get("/quality/drift")).text()).toContain("None yet.");
  const post = (tickers: string) =>
    app.app.request("http://localhost:3000/quality/drift", {
      ...{ method: "POST", body: new URLSearchParams({ tickers }) },
      headers: { origin: "http://localhost:3000" },
    });
  const done = await post("AAPL, BRK.B");
  expect({ status: done.status, to: done.headers.get("location") }).toEqual({ status: 303, to: "/quality/drift" });
  expect(asked).toEqual([{ tickers: ["AAPL", "BRK.B"] }]);
  refusal = new RequestError("conflict", "A drift check is under way already.");
  const refused = await post("AAPL");
  expect(refused.status).toBe(409);
  expect(await refused.text()).toContain("A drift check is under way already.");
});

test("the checks refresh themselves while one runs, and stop once it ended", async () => {
  await database.sql`insert into barline.drift_checks (trigger) values ('manual')`;
  const app = open();
  const polls = 'id="drift-checks" hx-get="/quality/drift" hx-trigger="every 1s"';
  expect(await (await app.get("/quality/drift")).text()).toContain(polls);
  const fragment = () => app.get("/quality/drift", { "HX-Request": "true", "HX-Target": "div#drift-checks" });
  const running = await (await fragment()).text();
  expect(running).toStartWith(`<div ${polls}`);
  expect(running).toContain("A check is under way.");
  await database.sql`update barline.drift_checks set finished_at = now(), rows = 12`;
  const ended = await (await fragment()).text();
  expect(ended).toStartWith('<div id="drift-checks">');
  expect(ended).toContain("The last compared 12 rows.");
});
