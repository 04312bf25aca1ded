import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPool, type Sql } from "../../db/client.ts";
import { distributeRawTables } from "../../db/distribution/distribute.ts";
import { partitionRawTables } from "../../db/distribution/partitions.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../db/embedded.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import { citusUrl, createCitusDatabase } from "./citus.ts";
import { endWithThisProcess } from "./server-guard.ts";

/** One database of the shared test server: its URL, a pool on it, whether its raw tables are distributed, and the call that drops it. */
export type TestDatabase = { url: string; sql: Sql; distributed: boolean; drop(): Promise<void> };

/** How the raw tables are kept: whole, in partitions that stand for shards, or on Citus, on the coordinator that CITUS_URL names. */
export type RawForm = "whole" | "partitions" | "citus";

/** RAW_TABLES has any test files run with another form, but where a test asks for one. */
const usualForm = (process.env.RAW_TABLES ?? "whole") as RawForm;

let server: Promise<EmbeddedPostgres> | undefined;
let stopServer: () => void = () => {};
let serial = 0;

/** Durability is for people's data; tests that need it start a server of their own. */
const settings = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "200" };

/** The one real PostgreSQL that all tests of this process share, with a migrated template database. */
async function testServer(): Promise<EmbeddedPostgres> {
  const dataDir = mkdtempSync(join(tmpdir(), "barline-test-"));
  chmodSync(dataDir, 0o755);
  endWithThisProcess(dataDir);
  const started = await startEmbeddedPostgres({ dataDir, settings });
  stopServer = () => {
    process.kill(started.pid, "SIGQUIT");
    rmSync(dataDir, { recursive: true, force: true });
  };
  await migrateDatabase(started.url);
  return started;
}

/** Ends the shared server at once: nothing in it is kept. Scripts call it; after a run of tests it ends with their process. */
export function stopTestServer(): void {
  stopServer();
}

/** Few enough for quick tests, and more than two workers have with one each. */
const shards = 4;

async function createDistributedDatabase(): Promise<TestDatabase> {
  if (citusUrl === undefined) throw new Error("CITUS_URL names no coordinator.");
  const database = await createCitusDatabase(citusUrl);
  await distributeRawTables(database.sql, shards);
  return { ...database, distributed: true };
}

/** A migrated database of one's own, cloned from the template in some 30 ms. */
export async function createTestDatabase(options: { empty?: boolean; raw?: RawForm } = {}): Promise<TestDatabase> {
  const { empty = false, raw = empty ? "whole" : usualForm } = options;
  if (raw === "citus") return await createDistributedDatabase();
  server ??= testServer();
  const { url } = await server;
  const name = `test_${++serial}`;
  const admin = openPool(new URL("/postgres", url).href, "work", { max: 1 });
  const template = empty ? "template1" : "barline";
  await admin`create database ${admin(name)} template ${admin(template)}`;
  const own = new URL(`/${name}`, url).href;
  const sql = openPool(own, "work", { max: 10, distributed: raw === "partitions" });
  if (raw === "partitions") await partitionRawTables(sql, shards);
  return {
    url: own,
    sql,
    distributed: raw === "partitions",
    drop: async () => {
      await sql.end();
      await admin`drop database ${admin(name)} with (force)`;
      await admin.end();
    },
  };
}
