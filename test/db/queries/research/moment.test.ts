import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { openPool, type Sql } from "../../../../db/client.ts";
import { readAtOneMoment, tablesOfBacktests } from "../../../../db/queries/research/moment.ts";
import { loadProject } from "../../../../jobs/transform/project/load.ts";
import { warehouseDir } from "../../../jobs/transform/support.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { until } from "../../../support/until.ts";

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
  const { sql } = database;
  for (const table of tablesOfBacktests) {
    await sql`create table public.${sql(table)} as select 1 as build`;
  }
}, 60_000);
afterEach(() => database.drop());

/** Which build the tables are of. */
async function buildsOf(sql: Sql): Promise<number[]> {
  const builds: number[] = [];
  for (const table of tablesOfBacktests) {
    const rows = await sql<{ build: number }[]>`select build from public.${sql(table)}`;
    builds.push(...rows.map(({ build }) => build));
  }
  return builds;
}

/** As a build puts its tables in the place of those before. */
const exchange = ({ sql }: TestDatabase) =>
  sql.begin(async (transaction) => {
    for (const table of tablesOfBacktests)
      await transaction`create table public.${sql(`${table}_new`)} as select 2 as build`;
    for (const table of tablesOfBacktests) {
      await transaction`drop table public.${sql(table)}`;
      await transaction`alter table public.${sql(`${table}_new`)} rename to ${sql(table)}`;
    }
  });

const isWaiting = async ({ sql }: TestDatabase) => {
  const [row] = await sql`select exists (
    select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())
  ) as found`;
  return row?.found === true;
};

const builds = (build: number) => tablesOfBacktests.map(() => build);

describe("what is read at one moment", () => {
  test("does not see rows that are written meanwhile, on any of its connections", async () => {
    await readAtOneMoment(
      database.sql,
      async (...moment) => {
        expect(await buildsOf(moment[0])).toEqual(builds(1));
        for (const table of tablesOfBacktests) await database.sql`update public.${database.sql(table)} set build = 2`;
        for (const sql of moment) expect(await buildsOf(sql)).toEqual(builds(1));
        expect(moment).toHaveLength(3);
      },
      3,
    );
    expect(await readAtOneMoment(database.sql, buildsOf)).toEqual(builds(2));
  });

  test("keeps tables that are about to be exchanged until it has ended, also those it has not read yet", async () => {
    let exchanged: Promise<unknown> = Promise.resolve();
    const seen = await readAtOneMoment(database.sql, async (sql) => {
      exchanged = exchange(database);
      await until("the exchange waits", () => isWaiting(database));
      return await buildsOf(sql);
    });
    expect(seen).toEqual(builds(1));
    await exchanged;
    expect(await readAtOneMoment(database.sql, buildsOf)).toEqual(builds(2));
  });

  test("is there where some tables, or all, are not published", async () => {
    await database.sql`drop table public.fct_polygon__month_ends`;
    const bars = (sql: Sql) => sql`select build from public.fct_polygon__stock_bars_performance`;
    expect([...(await readAtOneMoment(database.sql, async (sql) => await bars(sql)))]).toEqual([{ build: 1 }]);
    for (const table of tablesOfBacktests) await database.sql`drop table if exists public.${database.sql(table)}`;
    await expect(readAtOneMoment(database.sql, async (sql) => await bars(sql))).rejects.toThrow("does not exist");
  });

  test("cannot write, and leaves its connections as they were after a failure", async () => {
    const fail = readAtOneMoment(database.sql, (sql) => sql`update public.dim_tickers set build = 3`);
    await expect(fail).rejects.toThrow("read-only");
    expect(await buildsOf(database.sql)).toEqual(builds(1));
  });

  test("is had by many who each want all connections of a pool", async () => {
    const pool = openPool(database.url, "read", { max: 3 });
    const asked = Array.from({ length: 5 }, () =>
      readAtOneMoment(pool, async (...moment) => (await Promise.all(moment.map(buildsOf))).flat().length, 3),
    );
    expect(await Promise.all(asked)).toEqual(Array(5).fill(3 * tablesOfBacktests.length));
    await pool.end();
  });
});

test("tables are locked in the order in which a build exchanges them, so that neither waits for the other", () => {
  const { project } = loadProject({ projectDir: warehouseDir, variables: {}, environment: {} });
  const ordered = project.models.map(({ name }) => name).filter((name) => tablesOfBacktests.includes(name));
  expect(ordered).toEqual([...tablesOfBacktests]);
});
