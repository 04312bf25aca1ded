import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openPool } from "../../db/client.ts";
import { startBarline } from "../support/barline.ts";
import { createTestDatabase } from "../support/database.ts";
import { startFaultyMarket } from "../support/faulty-market.ts";
import { startGateway } from "../support/gateway.ts";
import { hasOtherPostgres, startOtherPostgres } from "../support/other-postgres.ts";
import { hasPgBouncer, startPgBouncer } from "../support/pgbouncer.ts";
import { settle } from "../support/pipeline.ts";
import { startS3 } from "../support/s3.ts";
import {
  barsBetween,
  expectCleanState,
  expectFact,
  expectRawBars,
  marketSize,
  openMarket,
  season,
} from "../support/warehouse.ts";
import { backfillByApi, fetchingFrom, refusedStart } from "./support.ts";

test("with a database and a bucket of one's own it starts neither, makes the bucket and fills both", async () => {
  const database = await createTestDatabase({ empty: true });
  const s3 = await startS3();
  const market = await startFaultyMarket({ tickers: marketSize });
  const barline = await startBarline({
    ...fetchingFrom(market),
    DATABASE_URL: database.url,
    S3_BUCKET: "bars",
    S3_ENDPOINT: s3.endpoint,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
  });
  await backfillByApi(barline.url, season.from, "2018-08-31");
  await settle(database.sql);
  await expectCleanState(database.sql);
  const demo = openMarket();
  const bars = barsBetween(demo, season.from, "2018-08-31");
  await expectRawBars(database.sql, bars);
  await expectFact(database.sql, bars, demo);
  const datasets = await database.sql<{ dataset: string }[]>`
    select distinct dataset from barline.dataset_events order by 1`;
  expect(datasets.map((row) => row.dataset)).toEqual([
    "postgres_dwh://public/fct_polygon__stock_bars_performance",
    "postgres_dwh://public/source_polygon_stock_bars_daily",
    "s3://bars/manifests",
    "s3://bars/marts",
  ]);
  expect(existsSync(join(barline.dataDir, "postgres"))).toBe(false);
  expect(existsSync(join(barline.dataDir, "lake"))).toBe(false);
  expect(await barline.end("SIGTERM")).toMatchObject({ code: 0 });
  await barline.stop();
  await Promise.all([market.stop(), s3.stop(), database.drop()]);
});

// Where Debian's `pgbouncer` is not installed there is nothing to speak to.
test.skipIf(!hasPgBouncer)(
  "through PgBouncer in session mode it works, and in transaction mode it says what to do",
  async () => {
    const database = await createTestDatabase({ empty: true });
    const market = await startFaultyMarket({ tickers: marketSize });
    const session = await startPgBouncer(database.url, ["pool_mode = session", "default_pool_size = 60"]);
    const barline = await startBarline({ ...fetchingFrom(market), DATABASE_URL: session.url });
    await backfillByApi(barline.url, season.from, "2018-08-31");
    await settle(database.sql);
    await expectCleanState(database.sql);
    const demo = openMarket();
    await expectFact(database.sql, barsBetween(demo, season.from, "2018-08-31"), demo);
    await barline.stop();

    const transaction = await startPgBouncer(database.url, ["pool_mode = transaction", "default_pool_size = 60"]);
    const { code, output } = await refusedStart("/nonexistent", {
      ...fetchingFrom(market),
      DATABASE_URL: transaction.url,
    });
    expect(code).toBe(2);
    expect(output).toStartWith("DATABASE_URL leads to a pooler in transaction mode");
    expect(output.trim()).not.toContain("\n");
    await Promise.all([session.stop(), transaction.stop(), market.stop()]);
    await database.drop();
  },
);

/** What somebody in another country, who makes limits for people, has set for the login. */
const set: Record<string, string> = {
  ...{ datestyle: "German, DMY", timezone: "Asia/Kolkata", intervalstyle: "sql_standard", extra_float_digits: "-15" },
  ...{ bytea_output: "escape", standard_conforming_strings: "off", escape_string_warning: "off", array_nulls: "off" },
  ...{ client_encoding: "LATIN1", quote_all_identifiers: "on", default_transaction_isolation: "serializable" },
  ...{ search_path: "pg_catalog", idle_in_transaction_session_timeout: "20ms", idle_session_timeout: "100ms" },
  ...{ statement_timeout: "100ms", lock_timeout: "10ms", row_security: "off", transform_null_equals: "on" },
};

// Where Debian's `postgresql` is not installed there is no other server.
test.skipIf(!hasOtherPostgres)(
  "on a server of another major that has settings of its own it fetches and builds the same",
  async () => {
    const other = await startOtherPostgres();
    const url = await other.createDatabase("theirs");
    const sql = openPool(url, "work", { max: 1 });
    for (const [name, value] of Object.entries(set))
      await sql`alter role theirs_login set ${sql(name)} = ${sql.unsafe(`'${value}'`)}`;
    const market = await startFaultyMarket({ tickers: marketSize });
    const barline = await startBarline({ ...fetchingFrom(market), DATABASE_URL: url });
    await backfillByApi(barline.url, season.from, "2018-08-31");
    await settle(sql);
    await expectCleanState(sql);
    const demo = openMarket();
    const bars = barsBetween(demo, season.from, "2018-08-31");
    await expectRawBars(sql, bars);
    await expectFact(sql, bars, demo);
    const pages = [
      "/",
      "/grid",
      "/calendar",
      "/market",
      "/tickers",
      "/screener",
      "/quality",
      "/system",
      "/api/status",
      "/api/screener",
    ];
    for (const path of pages)
      expect({ path, status: (await fetch(`${barline.url}${path}`)).status }).toEqual({ path, status: 200 });
    await Promise.all([barline.stop(), market.stop(), sql.end()]);
    await other.stop();
  },
  120_000,
);

test("a lake that is away when it starts ends nothing: it serves, and says what runs wait for", async () => {
  const database = await createTestDatabase({ empty: true });
  const s3 = await startS3();
  const gateway = await startGateway(Number(new URL(s3.endpoint).port));
  await gateway.close();
  const endpoint = `http://127.0.0.1:${gateway.port}`;
  const barline = await startBarline({
    ...{ DATABASE_URL: database.url, CATCHUP: "none", WORKERS: "1", S3_BUCKET: "bars", S3_ENDPOINT: endpoint },
    ...{ S3_ACCESS_KEY_ID: s3.accessKeyId, S3_SECRET_ACCESS_KEY: s3.secretAccessKey },
  });
  expect((await fetch(`${barline.url}/readyz`)).status).toBe(200);
  expect(barline.output()).toContain("the lake is away; runs wait for it");
  expect(barline.output()).toContain("S3_ENDPOINT");
  await barline.stop();
  await Promise.all([gateway.stop(), s3.stop(), database.drop()]);
});
