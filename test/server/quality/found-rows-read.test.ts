import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createDashboardRoutes } from "../../../server/pages.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { ask } from "../api-support.ts";
import { fakeProject } from "../fake-project.ts";
import { hostile } from "../sample.ts";
import { createTestApp, fakePipeline, type TestApp } from "../support.ts";

const name = "no_jumps";
let database: TestDatabase;
let app: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  app = createTestApp({
    read: database.sql,
    pipeline: fakePipeline({ project: async () => fakeProject }),
    dashboard: createDashboardRoutes,
  });
}, 60_000);
afterAll(() => database.drop());

const page = async (path: string) => {
  const response = await app.get(path);
  return { status: response.status, text: await response.text() };
};

describe("the rows that a test finds now", () => {
  test("are none to be asked for before anything is published, and of no test that is not in the project", async () => {
    for (const path of [
      `/quality/tests/${name}/rows`,
      "/quality/tests/nobody/rows",
      "/quality/tests/nobody/rows.csv",
    ]) {
      expect((await page(path)).status).toBe(404);
    }
    expect((await ask(app, "GET", `/api/quality/tests/${name}/rows`)).status).toBe(404);
  });

  test("are shown a page at a time, and given whole as a file and by the API", async () => {
    const { sql } = database;
    await sql`
      create table public.fct_performance as
      select case number when 7 then ${hostile} else 'T' || lpad(number::text, 3, '0') end as ticker,
        date '2020-01-02' as trade_date, 0.5 + number / 1000.0 as jump
      from generate_series(0, 60) as number`;
    const first = await page(`/quality/tests/${name}/rows`);
    expect(first.text).toContain("1 to 50 of 60 rows");
    expect(first.text).not.toContain("<script>alert");
    expect(first.text).toContain('href="/tickers/T001?on=2020-01-02"');
    const older = /href="([^"]+)">\s*Next/.exec(first.text)?.[1] ?? "";
    const second = await page(older);
    expect(second.text).toContain("51 to 60 of 60 rows");
    const shown = [first, second].flatMap(({ text }) =>
      [...text.matchAll(/href="\/tickers\/(T\d+)\?on=2020-01-02"/g)].map(([, one]) => one),
    );
    expect(new Set(shown).size).toBe(59);
    const csv = await (await app.get(`/quality/tests/${name}/rows.csv`)).text();
    expect(csv.trim().split("\r\n")).toHaveLength(61);
    expect(csv).toStartWith("ticker,trade_date,jump\r\n");
    const { body } = await ask(app, "GET", `/api/quality/tests/${name}/rows?limit=2&offset=58`);
    expect(body.total).toBe(60);
    expect(body.rows).toHaveLength(2);
    expect(body.rows[0]).toMatchObject({ trade_date: "2020-01-02" });
  });

  test("are none where what is published passes", async () => {
    await database.sql`update public.fct_performance set jump = 0`;
    expect((await page(`/quality/tests/${name}/rows`)).text).toContain("It finds nothing: what is published passes.");
    expect((await page(`/quality/tests/${name}`)).text).toContain(`href="/quality/tests/${name}/rows"`);
  });

  test("are asked for without a way to change anything", async () => {
    const asked = { ...fakeProject, nodes: fakeProject.nodes.map((node) => ({ ...node, compiledSql: writing })) };
    const writer = createTestApp({
      read: database.sql,
      pipeline: fakePipeline({ project: async () => asked }),
      dashboard: createDashboardRoutes,
    });
    expect((await writer.get(`/quality/tests/${name}/rows`)).status).toBe(500);
    const [row] = await database.sql<[{ count: number }]>`select count(*)::int as count from public.fct_performance`;
    expect(row.count).toBe(61);
  });
});

const writing = `select 1) as x; delete from public.fct_performance; select * from (select 1`;
