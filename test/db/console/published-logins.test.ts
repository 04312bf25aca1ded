import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { openPool } from "../../../db/client.ts";
import { type Connection, connectionFor } from "../../../db/console/connection-string.ts";
import {
  createPublishedLogin,
  dropPublishedLogin,
  makePublishedLogin,
  publishedLoginStatements,
  selectLogins,
} from "../../../db/console/published-logins.ts";
import { ensurePublishedRole } from "../../../db/published-role.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

let database: TestDatabase;
const mark = `[barline ${"0".repeat(32)}]`;

beforeAll(async () => {
  database = await createTestDatabase();
  const { sql } = database;
  await sql`create table public.dim_tickers as select 'AAPL' as ticker`;
  await sql`comment on table public.dim_tickers is ${sql.unsafe(`'One a ticker. ${mark}'`)}`;
  await sql`create table public.private_notes as select 'secret' as note`;
  await ensurePublishedRole(sql);
}, 60_000);
afterAll(() => database.drop());

const open = ({ url }: Pick<Connection, "url">) => postgres(url, { max: 1, onnotice: () => {} });

async function make(name: string) {
  const login = makePublishedLogin(name);
  expect(await createPublishedLogin(database.sql, login)).toBe(true);
  return { ...login, ...connectionFor(database.url, login) };
}

test("a name becomes one that says what it is for, and is nobody else's", () => {
  expect(makePublishedLogin("Metabase of the desk").role).toMatch(/^barline_metabase_of_the_desk_[0-9a-f]{8}$/);
  expect(makePublishedLogin("дом'; drop").role).toMatch(/^barline_drop_[0-9a-f]{8}$/);
  expect(makePublishedLogin("—").role).toMatch(/^barline_[0-9a-f]{8}$/);
  expect(makePublishedLogin("one").role).not.toBe(makePublishedLogin("one").role);
});

describe("a login", () => {
  test("reads what is published and nothing else, within limits, until it is dropped in the middle of its session", async () => {
    const login = await make("metabase");
    const sql = open(login);
    expect([...(await sql`select ticker from dim_tickers`)]).toEqual([{ ticker: "AAPL" }]);
    const said = (query: Promise<unknown>) => query.then(String, (error: Error) => error.message);
    expect(await said(sql`select note from private_notes`)).toBe("permission denied for table private_notes");
    expect(await said(sql`select hash from barline.credentials`)).toBe("permission denied for schema barline");
    expect(await said(sql`create table public.mine (x int)`)).toMatch(/read-only transaction/);
    await sql`set default_transaction_read_only = off`;
    expect(await said(sql`create table public.mine (x int)`)).toBe("permission denied for schema public");
    expect(await said(sql`insert into dim_tickers values ('MINE')`)).toBe("permission denied for table dim_tickers");
    const [limits] = await sql`
      select current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle,
        rolconnlimit as connections from pg_roles where rolname = current_user`;
    expect(limits).toEqual({ statement: "50s", idle: "20s", connections: 10 });
    await sql`create temporary table mine as select 1 as x`;

    expect(await dropPublishedLogin(database.sql, login.role)).toBe(true);
    expect(await said(sql`select 1`)).not.toBe("1");
    await sql.end();
    expect(await selectLogins(database.sql, [login.role])).toEqual(new Set());
    const again = open(login);
    expect(await said(again`select 1`)).toContain("password authentication failed");
    await again.end();
    // A second time finds nothing to do.
    expect(await dropPublishedLogin(database.sql, login.role)).toBe(true);
  });

  test("goes with what it was given in this database besides", async () => {
    const login = await make("generous");
    await database.sql`grant select on public.private_notes to ${database.sql(login.role)}`;
    expect(await dropPublishedLogin(database.sql, login.role)).toBe(true);
  });

  test("that may not be made here is made by the statements that are told, and dropped by nobody else", async () => {
    const { sql } = database;
    await sql`create role barline_poor_owner login password 'poor'`;
    const poor = openPool(connectionFor(database.url, { role: "barline_poor_owner", password: "poor" }).url, "work");
    const login = makePublishedLogin("excel");
    expect(await createPublishedLogin(poor, login)).toBe(false);
    const statements = await publishedLoginStatements(poor, login);
    expect(statements.join(" ")).not.toContain(login.password);
    for (const statement of statements) await sql.unsafe(statement);
    const excel = open(connectionFor(database.url, login));
    expect([...(await excel`select ticker from dim_tickers`)]).toEqual([{ ticker: "AAPL" }]);
    const [limits] = await excel`select current_setting('statement_timeout') as statement`;
    expect(limits).toEqual({ statement: "50s" });
    expect(await dropPublishedLogin(poor, login.role)).toBe(false);
    await Promise.all([excel.end(), poor.end()]);
    expect(await dropPublishedLogin(sql, login.role)).toBe(true);
    await sql`revoke barline_published from barline_poor_owner`;
    await sql`drop role barline_poor_owner`;
  });
});

test.each([
  ["postgres://me:secret@db.example:6543/dwh", "postgresql://r:p@db.example:6543/dwh", "db.example", 6543],
  [
    "postgres://me:s@a.example,b.example:5433/dwh?sslmode=require&user=me&password=s&target_session_attrs=read-write",
    "postgresql://r:p@a.example,b.example:5433/dwh?sslmode=require&target_session_attrs=read-write",
    "a.example",
    5432,
  ],
  [
    "postgres:///dwh?host=/var/run/postgresql&user=me",
    "postgresql://r:p@/dwh?host=/var/run/postgresql",
    "/var/run/postgresql",
    5432,
  ],
])("an address for another login is %s without who signs in", (url, expected, host, port) => {
  const found = connectionFor(url, { role: "r", password: "p" });
  expect(found).toMatchObject({ url: expected, database: "dwh", port });
  expect(found.host).toContain(host);
});
