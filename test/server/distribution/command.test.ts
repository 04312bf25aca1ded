import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Distribution } from "../../../db/distribution/types.ts";
import { restore } from "../../../server/backup/restore.ts";
import { backUp } from "../../../server/backup/write.ts";
import { readConfig } from "../../../server/config.ts";
import { openDistribution, requireServer } from "../../../server/distribution/open.ts";
import { openTransform, windowsTable } from "../../jobs/transform/support.ts";
import { createCitusDatabase } from "../../support/citus.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

const coordinator = process.env.CITUS_URL;
const rawBars = "source_polygon_stock_bars_daily";
const published = ["fct_polygon__stock_bars_performance", "fct_polygon__latest_session", "dim_securities", "desk"];
const exclude = ["resource_type:test", "resource_type:seed", "resource_type:snapshot"];
const notes = ["breadth_changed_at", "bars_seen_at", "source_inserted_at"];
const settings = { distribute: "citus", distributeShards: null } as const;
const log = { info: () => {}, warn: () => {} };
const bars = 24_000;

/** What only a real coordinator shows: which steps it takes in one transaction, and what a kill leaves of them. */
describe.skipIf(coordinator === undefined)("bun run distribute, on Citus", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createCitusDatabase(coordinator ?? "");
    const { sql } = database;
    await sql`
      insert into source_polygon_stock_bars_daily (ticker, trade_date, open, high, low, close, volume, inserted_at)
      select 'T' || ticker, '2020-01-01'::date + day, 10 + ticker, 12 + ticker, 9 + ticker, 10 + ticker + day % 2, 100, '2021-01-01'
      from generate_series(1, 200) as ticker cross join generate_series(1, ${bars / 200}::int) as day`;
    await openTransform(sql).build({ exclude });
    await sql`create view desk as select ticker, trade_date, return_1d from fct_polygon__stock_bars_performance`;
  }, 120_000);
  afterAll(() => database?.drop());

  /** A digest of a relation's rows, but for what one build notes for the next. */
  async function digestOf(name: string, { sql }: TestDatabase): Promise<string> {
    const rows = await sql<Record<string, unknown>[]>`select * from ${sql(name)}`;
    const told = rows.map((row) => JSON.stringify(Object.entries(row).filter(([column]) => !notes.includes(column))));
    return new Bun.CryptoHasher("sha256").update(told.sort().join("\n")).digest("hex");
  }
  const digests = (names: string[], of = database) => Promise.all(names.map((name) => digestOf(name, of)));

  /** Runs the command; ends it as soon as it has said so many lines, and not at all where that is left out. */
  async function run(
    words: string[],
    linesUntilKill = Number.POSITIVE_INFINITY,
  ): Promise<{ code: number; said: string }> {
    const { PATH = "", HOME = "" } = process.env;
    const child = Bun.spawn([process.execPath, "server/distribute.ts", ...words], {
      ...{ cwd: join(import.meta.dir, "../../.."), stdout: "ignore", stderr: "pipe" },
      env: { PATH, HOME, DATABASE_URL: database.url },
    });
    let said = "";
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) {
      said += decoder.decode(chunk, { stream: true });
      if (said.split("\n").length > linesUntilKill) child.kill("SIGKILL");
    }
    return { code: await child.exited, said };
  }

  /** Whoever reads meanwhile: an error or another number of bars is kept. */
  function readMeanwhile() {
    const wrong: unknown[] = [];
    let isDone = false;
    const reading = (async () => {
      while (!isDone) {
        const [row] = await database.sql<{ raw: number; facts: number }[]>`
          select (select count(*)::int from source_polygon_stock_bars_daily) as raw, (select count(*)::int from desk) as facts
        `.catch((error: Error) => [{ raw: 0, facts: 0, error: error.message }]);
        if (row?.raw !== bars || row.facts !== bars) wrong.push(row);
      }
    })();
    return async () => {
      isDone = true;
      await reading;
      return wrong;
    };
  }

  test("is refused, as a start is, where no worker takes shards", async () => {
    const { sql, url } = database;
    const take = (doesTake: boolean) => sql`
      select citus_set_node_property(nodename, nodeport, 'shouldhaveshards', ${doesTake}::boolean)
      from pg_dist_node where groupid <> 0`;
    await take(false);
    expect(await run([])).toMatchObject({
      code: 1,
      said: expect.stringContaining("Citus has no worker that takes shards"),
    });
    await expect(requireServer(url, settings)).rejects.toThrow("citus_add_node");
    await take(true);
    await expect(openDistribution(url, settings, log)).rejects.toThrow("Run `bun run distribute`");
  }, 60_000);

  test("goes on after every kill, while everybody reads, and leaves what was there", async () => {
    const names = [rawBars, "stg_polygon__stock_bars_casted", ...published];
    const before = await digests(names);
    const read = readMeanwhile();
    for (const lines of [1, 2, 3]) expect((await run([], lines)).code).not.toBe(0);
    const { code, said } = await run([]);
    expect(said).toContain("24,000 bars lie on ");
    expect(code).toBe(0);
    expect(await read()).toEqual([]);
    expect(await digests(names)).toEqual(before);
    const left = await database.sql`
      select nspname::text from pg_namespace where nspname in ('barline_growing', 'barline_outgrown')`;
    expect([...left]).toEqual([]);
    await expect(openDistribution(database.url, { ...settings, distribute: null }, log)).rejects.toThrow(
      "DISTRIBUTE is not set",
    );
  }, 120_000);

  test("has its models on the shards after the next build, beneath other people's views", async () => {
    const before = await digests(published);
    const distribution = await open();
    const { models, published: isPublished } = await openTransform(database.sql, { distribution }).build({ exclude });
    expect(models.flatMap(({ error }) => error ?? [])).toEqual([]);
    expect(isPublished).toBe(true);
    const place = { schema: "public", identifier: windowsTable };
    expect(await distribution.isDistributed((text) => database.sql.unsafe(text), place)).toBe(true);
    expect(await digests(published)).toEqual(before);
  }, 120_000);

  test("has a backup that one server is brought to, equal", async () => {
    const names = [rawBars, ...published];
    const before = await digests(names);
    const folder = await mkdtemp(join(tmpdir(), "barline-distributed-"));
    const one = await createTestDatabase({ empty: true });
    try {
      const configOf = ({ url }: { url: string }) => readConfig({ DATABASE_URL: url, DATA_DIR: folder }, new Date());
      const [file, tell] = [join(folder, "backup"), () => {}];
      await backUp(configOf(database), { file, withLake: false, now: new Date(), tell });
      await restore(configOf(one), { file, tell });
      expect(await digests(names, one)).toEqual(before);
      const [trigger] = await one.sql`select 1 from pg_trigger where tgname = 'keep_restated_bars'`;
      expect(trigger).toBeDefined();
    } finally {
      await one.drop();
      await rm(folder, { recursive: true });
    }
  }, 120_000);

  test("brings all of it back", async () => {
    const names = [rawBars, ...published];
    const before = await digests(names);
    expect(await run(["--undo"])).toMatchObject({ code: 0, said: expect.stringContaining(windowsTable) });
    expect(await digests(names)).toEqual(before);
    const left = await database.sql`select logicalrelid::text from pg_dist_partition`;
    expect([...left]).toEqual([]);
    expect(await openDistribution(database.url, { ...settings, distribute: null }, log)).toBeUndefined();
  }, 120_000);

  async function open(): Promise<Distribution> {
    const distribution = await openDistribution(database.url, settings, log);
    if (!distribution) throw new Error("The warehouse is not distributed.");
    return distribution;
  }
});
