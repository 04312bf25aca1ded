import { afterEach, describe, expect, test } from "bun:test";
import { openPool } from "../../db/client.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import journal from "../../db/migrations/meta/_journal.json";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
afterEach(() => database.drop());

describe("migrateDatabase", () => {
  test("gives the same database to eight processes that start at once", async () => {
    database = await createTestDatabase({ empty: true });
    await Promise.all(Array.from({ length: 8 }, () => migrateDatabase(database.url)));
    const [row] = await database.sql<
      { applied: number }[]
    >`select count(*)::int as applied from drizzle.__drizzle_migrations`;
    expect(row?.applied).toBe(journal.entries.length);
  });

  test("refuses a database that a newer version migrated", async () => {
    database = await createTestDatabase();
    await database.sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', ${Date.now()})`;
    expect(migrateDatabase(database.url)).rejects.toThrow("newer Barline");
  });

  test("makes what loads work with unlogged, and nothing else", async () => {
    database = await createTestDatabase();
    const tables = await database.sql<{ relname: string }[]>`
      select relname from pg_class where relkind = 'r' and relpersistence = 'u' order by relname`;
    expect(tables.map((table) => table.relname)).toEqual(["compared_bars", "staging_stock_bars"]);
  });
});

describe("the read pool", () => {
  test("reads every table and writes none, as a role of its own", async () => {
    database = await createTestDatabase();
    const { asReader } = await migrateDatabase(database.url);
    expect(asReader).toBe(true);
    const reader = openPool(database.url, "read", { asReader });
    const [row] = await reader<
      { role: string }[]
    >`select current_user as role, count(*) from source_polygon_stock_bars_daily`;
    expect(row?.role).toBe("barline_reader");
    expect(reader`insert into barline.jobs (id) values ('x')`).rejects.toThrow("read-only transaction");
    const sneaky = reader.begin("read write", (transaction) => transaction`insert into barline.jobs (id) values ('x')`);
    expect(sneaky).rejects.toThrow("permission denied");
    await reader.end();
  });

  test("sees no hash of a password or token, nor who is signed in or tried to", async () => {
    database = await createTestDatabase();
    const { asReader } = await migrateDatabase(database.url);
    const reader = openPool(database.url, "read", { asReader });
    for (const table of ["credentials", "sign_ins", "sign_in_attempts", "api_tokens", "database_logins"]) {
      const looked = reader`select * from barline.${reader(table)}`.catch((error: Error) => error.message);
      expect(await looked).toBe(`permission denied for table ${table}`);
    }
    await reader.end();
  });

  test("reads tables that are made later, as the transform makes them", async () => {
    database = await createTestDatabase();
    await database.sql`create table public.made_later as select 1 as x`;
    const reader = openPool(database.url, "read", { asReader: true });
    expect(await reader`select x from public.made_later`).toHaveLength(1);
    await reader.end();
  });
});
