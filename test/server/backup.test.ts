import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPool, type Sql } from "../../db/client.ts";
import journal from "../../db/migrations/meta/_journal.json";
import { restore } from "../../server/backup/restore.ts";
import { backUp } from "../../server/backup/write.ts";
import { type Config, readConfig } from "../../server/config.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { createDatabaseBefore } from "../support/old-database.ts";
import { startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import {
  barsBetween,
  expectCleanState,
  expectFact,
  expectRawBars,
  marketSize,
  openMarket,
} from "../support/warehouse.ts";

const first = { from: "2018-08-13", to: "2018-08-31" };
const next = "2018-09-04";
const now = new Date("2020-01-02T00:00:00Z");

let market: FaultyMarket;
let pipeline: TestPipeline;
let folder: string;
let file: string;
let lines: string[];
const tell = (line: string) => void lines.push(line);

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
  folder = await mkdtemp(join(tmpdir(), "barline-backup-"));
  pipeline = await startTestPipeline({ market, lake: lakeIn("first") });
  await pipeline.backfill(first.from, first.to);
  await pipeline.settle();
  const { sql } = pipeline;
  await sql`insert into barline.sign_ins (token_hash, name, expires_at) values ('x', 'Ann', now())`;
  await sql`insert into barline.credentials (name, hash) values ('admin', 'x')`;
  await sql`create table people (id int primary key, "a ""name""" text not null, big text generated always as (upper("a ""name""")) stored)`;
  await sql`insert into people values (1, ${"tab\tline\nback\\slash é"})`;
  await sql`create view shouting as select big from people`;
  await sql`create type mood as enum ('up')`;
  await sql`create table moods (mood mood)`;
  lines = [];
  file = join(folder, "backup");
  await backUp(configOf(pipeline.database.url, "first"), { file, withLake: true, now, tell });
}, 90_000);

afterAll(async () => {
  await pipeline.close();
  await market.stop();
  await rm(folder, { recursive: true });
});

const lakeIn = (name: string) => ({ kind: "folder", root: join(folder, name, "lake"), bucket: "test" }) as const;

function configOf(url: string, name: string): Config {
  return readConfig({ DATABASE_URL: url, DATA_DIR: join(folder, name) }, now);
}

/** A digest of every table's rows, and of what indexes and views there are. */
async function digests(sql: Sql): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const tables = await sql<{ name: string }[]>`
    select schemaname || '.' || tablename as name from pg_tables
    where schemaname in ('public', 'barline', 'public_dbt_test__audit') order by name`;
  for (const { name } of tables) {
    const [row] = await sql<{ digest: string }[]>`
      select count(*) || ' ' || coalesce(md5(string_agg(one::text, '|' order by one::text)), '') as digest
      from ${sql(name)} as one`;
    found.set(name, row?.digest ?? "");
  }
  const [schema] = await sql<{ digest: string }[]>`
    select md5(concat(
      (select string_agg(indexdef, '|' order by indexdef) from pg_indexes where schemaname in ('public', 'barline')),
      (select string_agg(viewname || definition, '|' order by viewname) from pg_views where schemaname = 'public'),
      (select string_agg(concat(objoid::regclass, objsubid, description), '|' order by objoid::regclass::text, objsubid)
        from pg_description where classoid = 'pg_class'::regclass
          and objoid in (select oid from pg_class where relnamespace = 'public'::regnamespace)),
      (select string_agg(concat(sequencename, last_value), '|' order by sequencename) from pg_sequences
        where schemaname = 'barline'))) as digest`;
  found.set("what stands around them", schema?.digest ?? "");
  return found;
}

async function restored(name: string, work: (database: TestDatabase, config: Config) => Promise<void>): Promise<void> {
  const database = await createTestDatabase({ empty: true });
  try {
    await work(database, configOf(database.url, name));
  } finally {
    await database.drop();
  }
}

async function isEmpty(sql: Sql): Promise<boolean> {
  const found = await sql`select 1 from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname in ('public', 'barline', 'drizzle')`;
  return found.length === 0;
}

/** With which words it was refused. */
async function refused(work: Promise<void>): Promise<string> {
  return await work.then(
    () => "not refused",
    (error: Error) => error.message,
  );
}

describe("a backup of a database at work", () => {
  test("tells each table, what it leaves out, and how large it is", () => {
    expect(lines).toContain("left out, as a column is of a type of your own: public.moods");
    expect(lines).toContainEqual(expect.stringMatching(/^table \d+ of \d+: barline\.runs, [\d.]+ kB$/));
    expect(lines.at(-1)).toMatch(/backup is written: [\d.]+ kB\.$/);
    expect(existsSync(`${file}.partial`)).toBe(false);
  });

  test("is not written over a file that is there", async () => {
    const again = backUp(configOf(pipeline.database.url, "first"), { file, withLake: false, now, tell });
    expect(await refused(again)).toContain("is there already");
  });

  test("is of one that Barline was at work on", async () => {
    await restored("nothing", async (_, config) => {
      const nothing = join(folder, "nothing-there");
      const wrong = backUp(config, { file: nothing, withLake: false, now, tell });
      expect(await refused(wrong)).toBe("There is nothing of Barline in this database.");
      expect(existsSync(nothing) || existsSync(`${nothing}.partial`)).toBe(false);
    });
  });

  test("restores to the same tables by digest, and the next session goes on", async () => {
    await restored("second", async (database, config) => {
      await restore(config, { file, tell });
      const [was, is] = [await digests(pipeline.sql), await digests(database.sql)];
      expect(was.size).toBeGreaterThan(40);
      const left = ["barline.sign_ins", "barline.credentials"];
      for (const name of left) expect(is.get(name)).toBe("0 ");
      // The pipeline that was backed up is still alive, and says so.
      for (const name of [...left, "public.moods", "barline.processes"]) {
        was.delete(name);
        is.delete(name);
      }
      expect(Object.fromEntries(is)).toEqual(Object.fromEntries(was));

      const continued = await startTestPipeline({ market, database, lake: lakeIn("second") });
      try {
        await continued.backfill(next, next);
        await continued.settle();
        await expectCleanState(database.sql);
        const bars = barsBetween(openMarket(), first.from, next);
        await expectRawBars(database.sql, bars);
        await expectFact(database.sql, bars, openMarket());
        const built = await database.sql`
          select name, action from barline.model_results
          where run_id = (select max(run_id) from barline.model_results) and action in ('created', 'full_refresh')`;
        expect([...built]).toEqual([]);
      } finally {
        await continued.stop();
      }
    });
  }, 90_000);

  test("is readable by the dashboard's role after a restore", async () => {
    await restored("read", async (database, config) => {
      await restore(config, { file, tell });
      const reader = openPool(database.url, "read", { asReader: true });
      await reader`select count(*) from fct_polygon__stock_bars_performance`;
      expect(await refused(reader`select * from barline.credentials`.then(() => {}))).toContain("permission denied");
      await reader.end();
    });
  });
});

describe("a restore is refused, and changes nothing,", () => {
  test("into a database that has tables", async () => {
    // But for what the pipeline that is alive in it says.
    const kept = async () => [...(await digests(pipeline.sql))].filter(([name]) => name !== "barline.processes");
    const before = await kept();
    expect(await refused(restore(configOf(pipeline.database.url, "other"), { file, tell }))).toContain("is not empty");
    expect(await kept()).toEqual(before);
  });

  test("beside a lake that has objects", async () => {
    await restored("first", async (database, config) => {
      expect(await refused(restore(config, { file, tell }))).toStartWith("The lake is not empty");
      expect(await isEmpty(database.sql)).toBe(true);
    });
  });

  test("where the file is cut off", async () => {
    const cut = join(folder, "cut");
    const whole = await readFile(file);
    await writeFile(cut, whole.subarray(0, whole.byteLength - 100));
    await restored("cut-off", async (database, config) => {
      expect(await refused(restore(config, { file: cut, tell }))).toContain("cut off");
      expect(await isEmpty(database.sql)).toBe(true);
      expect(existsSync(config.dataDir)).toBe(false);
    });
  });

  test("where a newer version wrote it", async () => {
    const newer = join(folder, "newer");
    const { sql } = pipeline;
    await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('newer', 9999999999999)`;
    await backUp(configOf(pipeline.database.url, "first"), { file: newer, withLake: false, now, tell });
    await sql`delete from drizzle.__drizzle_migrations where hash = 'newer'`;
    await restored("newer-version", async (database, config) => {
      const known = journal.entries.length;
      expect(await refused(restore(config, { file: newer, tell }))).toContain(
        `it has ${known + 1} migrations, this version knows ${known}. Use that version, or a newer one`,
      );
      expect(await isEmpty(database.sql)).toBe(true);
    });
  });

  test("where the server refuses a row in the middle of it", async () => {
    const faulty = join(folder, "faulty");
    // A check that looks at who asks, as one of somebody's own may.
    const { sql } = pipeline;
    await sql`create table unlike (x int constraint never check (current_setting('application_name') <> 'barline restore'))`;
    await sql`insert into unlike values (1)`;
    await backUp(configOf(pipeline.database.url, "first"), { file: faulty, withLake: true, now, tell });
    await sql`drop table unlike`;
    await restored("faulty-row", async (database, config) => {
      expect(await refused(restore(config, { file: faulty, tell }))).toContain('"never"');
      expect(await isEmpty(database.sql)).toBe(true);
    });
  });
});

test("a backup of an older version is restored at its migrations, and brought up to this version's", async () => {
  const old = await createDatabaseBefore("sign_in_attempts");
  const oldFile = join(folder, "old");
  try {
    await old.sql`insert into source_polygon_tickers (ticker, name, active, inserted_at)
      values ('AAPL', 'Apple', true, now())`;
    await backUp(configOf(old.url, "old"), { file: oldFile, withLake: false, now, tell });
    await restored("from-old", async (database, config) => {
      await restore(config, { file: oldFile, tell });
      const [row] =
        await database.sql`select name, (select count(*)::int from drizzle.__drizzle_migrations) as migrations
        from source_polygon_tickers`;
      expect(row).toEqual({ name: "Apple", migrations: journal.entries.length });
      expect(lines.at(-1)).toStartWith("The raw answers are not in this file: bring those of ");
    });
  } finally {
    await old.drop();
  }
});
