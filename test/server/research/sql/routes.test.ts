import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type Dashboard, openDashboard, openingMs } from "../../dashboard.ts";
import { hostile } from "../../sample.ts";

let dashboard: Dashboard;
const mark = `[barline ${"0".repeat(32)}]`;

beforeAll(async () => {
  dashboard = await openDashboard();
  const { sql } = dashboard;
  await sql`
    create table public.dim_days as
    select day::date, 1.5 * row_number() over () as close, '=1+1' as formula
    from generate_series(date '2020-01-02', date '2020-01-10', '1 day') as day`;
  await sql.unsafe(`comment on table public.dim_days is 'One a day. ${mark}'`);
  await sql`comment on column public.dim_days.close is 'At the end of it.'`;
  await sql`create table public.private_notes as select 'secret' as note`;
}, openingMs);
afterAll(() => dashboard.close());
beforeEach(async () => {
  await dashboard.sql`truncate barline.sql_runs, barline.sql_queries, barline.actions restart identity`;
});

const page = async (path: string) => await (await dashboard.app.request(path)).text();
const run = async (sql: string, more: Record<string, string> = {}) => await dashboard.post("/sql", { sql, ...more });

describe("the page", () => {
  test("shows what can be read, with types and descriptions, and nothing else", async () => {
    const text = await page("/sql");
    expect(text).toContain("One a day.");
    expect(text).not.toContain("[barline");
    expect(text).toContain("At the end of it.");
    expect(text).toContain("source_polygon_stock_bars_daily");
    // As the project's YAML describes it.
    expect(text).toContain("Unadjusted daily bars.");
    expect(text).not.toContain("private_notes");
    expect(text).toContain("One statement that reads, for at most 30 s; up to 10,000 rows here, 1,000,000 as a file.");
  });

  test("runs a query, draws it, and keeps what was typed and that it was run", async () => {
    const ran = await run("select day, close\nfrom dim_days");
    const text = await ran.text();
    expect(ran.status).toBe(200);
    expect(text).toContain("9 rows");
    expect(text).toContain("\nselect day, close\nfrom dim_days</textarea>");
    expect(text).toContain('aria-label="close: close, from 2 Jan 2020 to 10 Jan 2020"');
    const [kept] = await dashboard.sql`select state, rows, actor, text from barline.sql_runs`;
    expect(kept).toEqual({ state: "success", rows: 9, actor: "local user", text: "select day, close\nfrom dim_days" });
    expect(await page("/sql?run=1")).toContain("\nselect day, close\nfrom dim_days</textarea>");
    expect(await page("/sql/history")).toContain("9 rows");
  });

  test("answers the part that a script asks for", async () => {
    const part = await (await dashboard.fragment("/sql", "div#sql-answer", { sql: "select 1" })).text();
    expect(part).toStartWith('<div id="sql-answer"');
    expect(part).toContain("1 row");
  });

  test("tells what is wrong, where, and what the server advises", async () => {
    const wrong = await run("select day,\n  clos from dim_days");
    const text = await wrong.text();
    expect(wrong.status).toBe(422);
    expect(text).toContain("Column &quot;clos&quot; does not exist.");
    expect(text).toContain("Perhaps you meant to reference the column");
    expect(text).toContain("Line 2, character 3:");
    expect(text).toContain("<mark>clos</mark>");
    expect(text).toContain("  clos from dim_days</textarea>");
    expect(await (await run("select 1; select 2")).text()).toContain("One statement is run at a time");
    expect(await (await run("select note from private_notes")).text()).toContain(
      "Permission denied for table private_notes.",
    );
    const [kept] = await dashboard.sql`select state, error from barline.sql_runs order by id limit 1`;
    expect(kept).toEqual({ state: "failed", error: 'Column "clos" does not exist.' });
  });

  test("explains", async () => {
    const plan = await (await run("select * from dim_days", { do: "plan" })).text();
    expect(plan).toContain("Seq Scan on dim_days");
    expect(plan).not.toContain("actual");
    expect(await (await run("select * from dim_days", { do: "analyze" })).text()).toContain("actual");
  });

  test("shows the first rows of many, says that there are more, and repeats nothing as markup", async () => {
    const text = await (
      await run(`select n, '${hostile.replaceAll("'", "''")}' from generate_series(1, 10001) as n`)
    ).text();
    expect(text).toContain("There are more rows than the 10,000 that are read here.");
    expect(text).toContain("the first 200 are shown");
    expect(text).not.toContain("<script>alert");
  });
});

describe("as CSV", () => {
  const csv = (sql: string) => dashboard.post("/sql/result.csv", { sql });

  test("a result is streamed whole, with no formula in it", async () => {
    const response = await csv("select day, close, formula from dim_days where day < '2020-01-04'");
    expect(response.headers.get("Content-Disposition")).toContain("barline-sql.csv");
    expect(await response.text()).toBe("day,close,formula\r\n2020-01-02,1.5,'=1+1\r\n2020-01-03,3.0,'=1+1\r\n");
    expect((await dashboard.sql`select state, purpose, rows from barline.sql_runs`)[0]).toEqual({
      ...{ state: "success", purpose: "csv", rows: 2 },
    });
  });

  test("a faulty statement is a page that says so", async () => {
    const response = await csv("select nothing");
    expect(response.status).toBe(422);
    expect(await response.text()).toContain("Column &quot;nothing&quot; does not exist.");
  });

  test("a result that nobody takes to the end stops", async () => {
    const response = await csv("select n, repeat('x', 1000) from generate_series(1, 900000) as n");
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    expect((await dashboard.sql`select state from barline.sql_runs`)[0]).toEqual({ state: "cancelled" });
  });
});

describe("a saved query", () => {
  const save = (form: Record<string, string>) => dashboard.post("/sql/queries", form);

  test("is saved, opened, changed under its name, deleted and had back, and all of it is told", async () => {
    const saved = await save({ sql: "select 1", name: "One" });
    expect([saved.status, saved.headers.get("Location")]).toEqual([303, "/sql?query=1"]);
    expect(await page("/sql?query=1")).toContain("\nselect 1</textarea>");
    expect((await save({ sql: "select 2", name: "one", query: "1" })).headers.get("Location")).toBe("/sql?query=1");
    expect((await save({ sql: "select 3", name: "Other", query: "1" })).headers.get("Location")).toBe("/sql?query=2");
    expect(await page("/sql?query=1")).toContain("\nselect 2</textarea>");
    expect((await dashboard.post("/sql/queries/1/delete")).headers.get("Location")).toBe("/sql?deleted=1");
    expect(await page("/sql?deleted=1")).toContain("“one” was deleted.");
    expect((await dashboard.post("/sql/queries/1/restore")).headers.get("Location")).toBe("/sql?query=1");
    expect((await dashboard.post("/sql/queries/1/restore")).status).toBe(409);
    const told = await page("/activity");
    for (const words of ["saved the query", "changed the query", "deleted the query", "restored the query"])
      expect(told).toContain(words);
  });

  test("needs a name that is free and a statement, and keeps what was typed", async () => {
    await save({ sql: "select 1", name: "One" });
    const taken = await save({ sql: "select 2", name: "ONE" });
    const text = await taken.text();
    expect(taken.status).toBe(409);
    expect(text).toContain("There is a query called “ONE” already.");
    expect(text).toContain("\nselect 2</textarea>");
    expect((await save({ sql: "select 2", name: " " })).status).toBe(422);
    expect(await (await save({ sql: " ", name: "Two" })).text()).toContain("There is no statement to save.");
  });
});
