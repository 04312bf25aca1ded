import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPool, type Sql } from "../../db/client.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import { openLake } from "../../jobs/lake/open.ts";
import { restore } from "../../server/backup/restore.ts";
import { backUp } from "../../server/backup/write.ts";
import { type Config, readConfig } from "../../server/config.ts";
import { lakeOf } from "../../server/lake-config.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { lakeContents } from "../support/lake.ts";
import { hasOtherPostgres, type OtherPostgres, startOtherPostgres } from "../support/other-postgres.ts";
import { startTestPipeline } from "../support/pipeline.ts";
import { type S3Server, startS3 } from "../support/s3.ts";
import {
  barsBetween,
  expectCleanState,
  expectFact,
  marketSize,
  openMarket,
  warehouseDigest,
} from "../support/warehouse.ts";

const first = { from: "2018-08-13", to: "2018-08-17" };
const next = "2018-08-20";
const now = new Date("2020-01-02T00:00:00Z");

let market: FaultyMarket;
let s3: S3Server;
let folder: string;

beforeAll(async () => {
  [market, s3] = await Promise.all([startFaultyMarket({ tickers: marketSize }), startS3()]);
  folder = await mkdtemp(join(tmpdir(), "barline-backup-"));
});
afterAll(async () => {
  await Promise.all([market.stop(), s3.stop()]);
  await rm(folder, { recursive: true });
});

const inFolder = (url: string, name: string) => readConfig({ DATABASE_URL: url, DATA_DIR: join(folder, name) }, now);
const inBucket = (url: string, bucket: string, endpoint = s3.endpoint) =>
  readConfig(
    {
      ...{ DATABASE_URL: url, S3_BUCKET: bucket, S3_ENDPOINT: endpoint, S3_REGION: s3.region },
      ...{ S3_ACCESS_KEY_ID: s3.accessKeyId, S3_SECRET_ACCESS_KEY: s3.secretAccessKey },
    },
    now,
  );

/** Fetches and builds a range with what is configured; answers what the warehouse is then. */
async function work(config: Config, from: string, to: string): Promise<string> {
  const sql = openPool(config.databaseUrl ?? "", "work", { max: 2 });
  const database = { url: config.databaseUrl ?? "", sql };
  const pipeline = await startTestPipeline({ market, database, lake: lakeOf(config) });
  try {
    await pipeline.backfill(from, to);
    await pipeline.settle();
    await expectCleanState(sql);
    await expectFact(sql, barsBetween(openMarket(), first.from, to), openMarket());
    return await warehouseDigest(sql);
  } finally {
    await pipeline.stop();
    await sql.end();
  }
}

async function ask<T>(url: string, question: (sql: Sql) => Promise<T>, asReader = false): Promise<T> {
  const sql = openPool(url, asReader ? "read" : "work", { max: 1, asReader });
  try {
    return await question(sql);
  } finally {
    await sql.end();
  }
}

async function objectsOf(config: Config) {
  const lake = openLake(lakeOf(config));
  try {
    return await lakeContents(lake);
  } finally {
    await lake.close();
  }
}

const told: string[] = [];
const tell = (line: string) => void told.push(line);

/** What all of them restore: an embedded database beside a bucket. */
let backedUp: { config: Config; file: string; digest: string };

beforeAll(async () => {
  const { url } = await emptyDatabase();
  await migrateDatabase(url);
  const config = inBucket(url, "from");
  const digest = await work(config, first.from, first.to);
  const file = join(folder, "barline.backup");
  await backUp(config, { file, withLake: true, now, tell });
  backedUp = { config, file, digest };
}, 120_000);

const databases: TestDatabase[] = [];
afterAll(() => Promise.all(databases.map((database) => database.drop())));

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase({ empty: true });
  databases.push(database);
  return database;
}

/** Restores it; asserts that all of it is there. */
async function restoreInto(config: Config): Promise<void> {
  await restore(config, { file: backedUp.file, tell });
  expect(await objectsOf(config)).toEqual(await objectsOf(backedUp.config));
  expect(await ask(config.databaseUrl ?? "", warehouseDigest)).toBe(backedUp.digest);
}

describe("with --lake and an S3 server", () => {
  test("a bucket's objects come back in another one, and the next session goes on", async () => {
    expect(told).toContainEqual(expect.stringMatching(/^the lake: \d\d+ objects, /));
    const { url } = await emptyDatabase();
    await restoreInto(inBucket(url, "another"));
    await work(inBucket(url, "another"), next, next);
  }, 120_000);

  test("they come back in a folder", async () => {
    await restoreInto(inFolder((await emptyDatabase()).url, "plain"));
  });

  test("a bucket that holds something is left alone", async () => {
    const { url } = await emptyDatabase();
    const refused = await restore(inBucket(url, "from"), { file: backedUp.file, tell }).catch((error) => error);
    expect(refused).toMatchObject({ message: expect.stringMatching(/^The lake is not empty: it has s3:\/\/from\//) });
  });
});

// Where only the embedded PostgreSQL is there, there is nowhere else to go.
describe.skipIf(!hasOtherPostgres)("with a server of another major", () => {
  let other: OtherPostgres;
  beforeAll(async () => {
    other = await startOtherPostgres();
  });
  afterAll(() => other.stop());

  test("a backup of the embedded one goes there, and from there back again", async () => {
    const there = inFolder(await other.createDatabase("there", { mayMakeRoles: true }), "there");
    await restoreInto(there);
    const digest = await work(there, next, next);

    const file = join(folder, "back.backup");
    await backUp(there, { file, withLake: true, now, tell });
    const { url } = await emptyDatabase();
    await restore(inFolder(url, "back"), { file, tell });
    expect(await ask(url, warehouseDigest)).toBe(digest);
  }, 120_000);

  test("it goes to a login that may not make roles too", async () => {
    const there = inFolder(await other.createDatabase("plain_there"), "plain-there");
    await restoreInto(there);
    await work(there, next, next);
  }, 120_000);

  test("the README's words with pg_dump bring it to another login's database, and the next start gives the dashboard its role", async () => {
    const [from, to] = [
      await other.createDatabase("dumped", { mayMakeRoles: true }),
      await other.createDatabase("filled", { mayMakeRoles: true }),
    ];
    await migrateDatabase(from);
    const digest = await work(inFolder(from, "dumped"), first.from, first.to);
    await ask(from, async (sql) => {
      await sql`create schema if not exists public_dbt_test__audit`;
      await sql`create table public_dbt_test__audit.failing as select 1 as one`;
    });
    const words = await readmeWords();
    expect(words.map(([program]) => program)).toEqual(["pg_dump", "pg_restore"]);
    const file = join(folder, "barline.dump");
    for (const [program = "", ...rest] of words) {
      const url = program === "pg_dump" ? from : to;
      await other.run(
        program,
        ...rest.map((word) => (word === '"$DATABASE_URL"' ? url : word === "FILE" ? file : word)),
      );
    }
    const { asReader } = await migrateDatabase(to);
    expect(asReader).toBe(true);
    expect(await ask(to, warehouseDigest)).toBe(digest);
    // As the dashboard reads: what was published, and rows that failed a test.
    const found = await ask(
      to,
      (sql) =>
        sql`select one, (select count(*)::int from fct_polygon__stock_bars_performance) as bars from public_dbt_test__audit.failing`,
      true,
    );
    expect([...found]).toEqual([{ one: 1, bars: barsBetween(openMarket(), first.from, first.to).length }]);
    await work(inFolder(to, "dumped"), next, next);
  }, 120_000);
});

/** The commands that README has for a server of one's own. */
async function readmeWords(): Promise<string[][]> {
  const text = await Bun.file(join(import.meta.dir, "../../README.md")).text();
  return [...text.matchAll(/`(pg_\w+ [^`]+)`/g)].map(([, command = ""]) => command.split(/\s+/));
}
