import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openPool } from "../../db/client.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import { requireSessionPooling } from "../../db/session-pooling.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { hasPgBouncer, type PgBouncer, startPgBouncer } from "../support/pgbouncer.ts";
import { until } from "../support/until.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test("a server without a pooler is let pass", async () => {
  await requireSessionPooling(database.url);
});

test("migrating says for whom it waits, once", async () => {
  const told: string[] = [];
  let migrating: Promise<unknown> = Promise.resolve();
  await database.sql.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(4207001)`;
    migrating = migrateDatabase(database.url, { onWait: (holder) => told.push(holder) });
    await until("it says so", () => told.length > 0);
  });
  await migrating;
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/^process \d+ of barline_owner \(barline work\), since 2\d{3}-/);
});

// Debian's `pgbouncer`, which `.ci/run` installs; where it is not there is nothing to speak to.
describe.skipIf(!hasPgBouncer)("PgBouncer", () => {
  const bouncers: PgBouncer[] = [];
  afterAll(() => Promise.all(bouncers.map((bouncer) => bouncer.stop())));

  async function startBouncer(settings: string[]): Promise<string> {
    const bouncer = await startPgBouncer(database.url, settings);
    bouncers.push(bouncer);
    return bouncer.url;
  }

  test.each([
    ["as it comes", []],
    ["that ignores startup parameters", ["ignore_startup_parameters = search_path,extra_float_digits,options"]],
  ])("in session mode, %s, is let pass, and connections have their settings", async (_, more) => {
    const url = await startBouncer(["pool_mode = session", "default_pool_size = 20", ...more]);
    await requireSessionPooling(url);
    await migrateDatabase(url);
    const sql = openPool(url, "read", { max: 1, asReader: true });
    const [row] = await sql`
      select current_setting('datestyle') as datestyle, current_setting('statement_timeout') as limit, current_user::text as role`;
    expect(row).toEqual({ datestyle: "ISO, YMD", limit: "10s", role: "barline_reader" });
    await sql.end();
  });

  test.each([1, 2, 20])("in transaction mode, with %d connections, is refused in words", async (size) => {
    const url = await startBouncer(["pool_mode = transaction", `default_pool_size = ${size}`]);
    await expect(requireSessionPooling(url)).rejects.toThrow("a pooler in transaction mode");
  });

  test("in statement mode is refused as well", async () => {
    const url = await startBouncer(["pool_mode = statement", "default_pool_size = 20"]);
    await expect(requireSessionPooling(url)).rejects.toThrow("a pooler in transaction mode");
  });

  test("in session mode with fewer connections than that takes is refused in words", async () => {
    const url = await startBouncer(["pool_mode = session", "default_pool_size = 2"]);
    await expect(requireSessionPooling(url)).rejects.toThrow("does not give 3 connections");
  });
});
