import { afterAll, beforeAll, expect, test } from "bun:test";
import pino from "pino";
import { openPool } from "../../../../db/client.ts";
import { selectSqlRuns } from "../../../../db/queries/research/sql-runs.ts";
import { createSqlConsole, type SqlConsole } from "../../../../server/research/sql/console.ts";
import { sqlLimits } from "../../../../server/research/sql/limits.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { until } from "../../../support/until.ts";

let database: TestDatabase;
const by = { name: "Ada", via: "dashboard" } as const;
const log = pino({ level: "silent" });
const now = () => new Date("2026-03-02T15:00:00Z");

const open = (more: { url?: string; sql?: TestDatabase["sql"] } = {}): SqlConsole =>
  createSqlConsole({ url: database.url, sql: database.sql, log, now, ...more });
const asked = (text: string, key: string | null = null) => ({ text, purpose: "rows" as const, key, limit: 1000 });
const runs = () => selectSqlRuns(database.sql, { before: null, limit: 10, now: now() });

beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);
afterAll(() => database.drop());

test("a statement is cancelled by its key in another process, and few run at once", async () => {
  const console = open();
  const waiting = Array.from({ length: sqlLimits.atOnce }, (_, index) =>
    console.run(asked("select pg_sleep(60)", `k${index}`), by),
  );
  await until(
    "all of them run",
    async () =>
      (
        await database.sql`select 1 from pg_stat_activity where datname = current_database() and application_name like 'barline console %' and query like '%pg_sleep%'`
      ).length === sqlLimits.atOnce,
  );
  expect(console.run(asked("select 1"), by)).rejects.toMatchObject({ status: 429, code: "busy" });
  for (let index = 0; index < waiting.length; index++) expect(await open().cancel({ key: `k${index}` })).toBe(true);
  for (const { problem } of await Promise.all(waiting)) expect(problem).toMatchObject({ message: "It was cancelled." });
  expect((await runs()).map(({ state }) => state)).toEqual(["cancelled", "cancelled", "cancelled"]);
  expect((await console.run(asked("select 1"), by)).rows).toEqual([["1"]]);
});

test("values and results too large are cut and say so", async () => {
  const wide = await open().run(asked("select repeat('é', 20000)"), by);
  expect([wide.rows[0]?.[0]?.length, wide.hasCutValues, wide.cut]).toEqual([sqlLimits.widest + 1, true, null]);
  const large = await open().run(
    asked("select repeat('x', 10000), repeat('y', 10000) from generate_series(1, 999)"),
    by,
  );
  expect([large.rows.length, large.cut]).toEqual([400, "size"]);
  const many = await open().run(asked("select generate_series(1, 100000000)"), by);
  expect([many.rows.length, many.cut]).toEqual([1000, "rows"]);
});

test("a stream of more rows than are given fails rather than ends", async () => {
  const stream = await open().stream({ ...asked("select n from generate_series(1, 5000) as n"), limit: 4000 }, by);
  const read = async () => {
    for await (const _ of stream.batches);
  };
  expect(read()).rejects.toThrow("There are more than 4000 rows");
});

test("processes that start at once sign in by the same password", async () => {
  const results = await Promise.all([1, 2, 3].map(() => open().run(asked("select current_user, session_user"), by)));
  const name = new URL(database.url).pathname.slice(1);
  for (const { rows } of results) expect(rows).toEqual([[`barline_console_${name}`, `barline_console_${name}`]]);
});

test("without the right to make roles it says what to run, falls back to nothing, and works once that was run", async () => {
  const own = await createTestDatabase();
  const owner = "console_plain_owner";
  await own.sql`create role ${own.sql(owner)} login password 'a long password'`;
  await own.sql`grant usage on schema barline to ${own.sql(owner)}`;
  await own.sql`grant all on all tables in schema barline to ${own.sql(owner)}`;
  const url = new URL(own.url);
  url.username = owner;
  url.password = "a long password";
  const sql = openPool(url.href, "work", { max: 2 });
  const console = open({ url: url.href, sql });
  const access = await console.access();
  if ("password" in access) throw new Error("it has a login");
  expect(access.statements.join("\n")).toContain("login password 'SCRAM-SHA-256$4096:");
  expect(console.run(asked("select 1"), by)).rejects.toMatchObject({ status: 503, code: "console_unavailable" });
  for (const statement of access.statements) await own.sql.unsafe(statement);
  expect((await console.run(asked("select 1"), by)).rows).toEqual([["1"]]);
  await sql.end();
  await own.sql`grant ${own.sql(owner)} to current_user`;
  await own.sql`drop owned by ${own.sql(owner)}`;
  await own.sql`drop role ${own.sql(owner)}`;
  await own.drop();
}, 30_000);

test("a password that the server has another of is told, with the statement that sets it", async () => {
  const name = new URL(database.url).pathname.slice(1);
  await open().access();
  await database.sql`update barline.database_logins set password = 'another one' where role = ${`barline_console_${name}`}`;
  // Who may set it does so.
  expect(await open().access()).toMatchObject({ password: "another one" });
});
