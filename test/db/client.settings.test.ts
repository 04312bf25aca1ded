import { afterAll, beforeAll, expect, test } from "bun:test";
import { openPool, type PoolRole } from "../../db/client.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  const name = database.sql(new URL(database.url).pathname.slice(1));
  const { sql } = database;
  // A server as somebody in another country has it, with limits made for people.
  await sql`alter database ${name} set datestyle = 'German, DMY'`;
  await sql`alter database ${name} set intervalstyle = 'sql_standard'`;
  await sql`alter database ${name} set timezone = 'Asia/Tokyo'`;
  await sql`alter database ${name} set extra_float_digits = -10`;
  await sql`alter database ${name} set bytea_output = 'escape'`;
  await sql`alter database ${name} set default_transaction_isolation = 'serializable'`;
  await sql`alter database ${name} set idle_in_transaction_session_timeout = '100ms'`;
  await sql`alter database ${name} set idle_session_timeout = '100ms'`;
  await sql`alter database ${name} set statement_timeout = '100ms'`;
  await sql`alter database ${name} set lock_timeout = '100ms'`;
  const [row] = await sql`select current_setting('server_version_num')::int >= 170000 as has_it`;
  if (row?.has_it) await sql`alter database ${name} set transaction_timeout = '100ms'`;
});
afterAll(() => database.drop());

const roles: PoolRole[] = ["state", "lock", "work", "read"];

test.each(roles)("a connection of %s reads dates, times, numbers and bytes as they are meant", async (role) => {
  const sql = openPool(database.url, role, { max: 1 });
  const [row] = await sql`
    select '2025-01-02'::date as day, '2025-01-02T03:04:05.678Z'::timestamptz as instant, '1 day 02:00'::interval::text as span,
      (1.0::float8 / 3)::text as third, '\\x01ff'::bytea as bytes, date_trunc('day', '2025-01-02T20:00Z'::timestamptz) as midnight`;
  expect(row).toEqual({
    day: "2025-01-02",
    instant: new Date("2025-01-02T03:04:05.678Z"),
    span: "1 day 02:00:00",
    third: "0.3333333333333333",
    bytes: Buffer.from([1, 255]),
    midnight: new Date("2025-01-02T00:00:00Z"),
  });
  expect([...(await sql`show transaction_isolation`)]).toEqual([{ transaction_isolation: "read committed" }]);
  await sql.end();
});

test("limits of the server do not end work that takes its time", async () => {
  const sql = openPool(database.url, "work", { max: 2 });
  await sql.begin(async (transaction) => {
    await transaction`select pg_sleep(0.3)`;
    // Another connection waits, so that this one is idle in its transaction for as long.
    await sql`select pg_sleep(0.3)`;
    await transaction`select 1`;
  });
  await sql.end();
});

test("a pool has limits of its own where it is meant to", async () => {
  const read = openPool(database.url, "read", { max: 1 });
  const [row] = await read`
    select current_setting('statement_timeout') as statement, current_setting('default_transaction_read_only') as read_only`;
  expect(row).toEqual({ statement: "10s", read_only: "on" });
  await read.end();
});

test("migrations are not ended by them either", async () => {
  await migrateDatabase(database.url);
});

test("a connection whose settings are refused serves nobody, and each query is told why", async () => {
  const { sql } = database;
  await sql`create role settings_stranger login password 'a long password'`;
  const url = new URL(database.url);
  url.username = "settings_stranger";
  url.password = "a long password";
  const pool = openPool(url.href, "read", { max: 1, asReader: true });
  for (let query = 0; query < 3; query += 1) {
    const error = await pool`select 1`.catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "42501", message: 'permission denied to set role "barline_reader"' });
  }
  await pool.end();
  await sql`drop role settings_stranger`;
});
