import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeBars } from "../../../db/queries/market/removed-bars.ts";
import {
  type ExportManifest,
  type NewManifest,
  publishManifest,
  readCurrent,
  removeRetired,
  removeUnneeded,
} from "../../../jobs/export/manifest.ts";
import { tablesOf } from "../../../jobs/export/tables.ts";
import type { ExportWork } from "../../../jobs/export/types.ts";
import { writeExport } from "../../../jobs/export/write-export.ts";
import { openLake } from "../../../jobs/lake/open.ts";
import type { ObjectStore } from "../../../jobs/lake/store.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { bar, openTransform, weekday, writeBars, writeSplits } from "../transform/support.ts";
import { expectSameRows } from "./same-rows.ts";

setDefaultTimeout(120_000);

const now = new Date("2020-03-02T22:00:00Z");
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const hours = (count: number) => at(count * 3600);
/** The first weekday of 2019 is the 261st. */
const sessions = { from: 200, to: 330 };
const tickers = ["AAA", "BBB", "CCC"];
const fact = "fct_polygon__stock_bars_performance";

let database: TestDatabase;
let root: string;
let lake: ObjectStore;

const build = async () => {
  const result = await openTransform(database.sql, { now: () => now }).build();
  expect(result.published).toBe(true);
};

const write = (more: Partial<ExportWork> = {}) =>
  writeExport({
    ...{ sql: database.sql, lake, tables: tablesOf("all"), signal: new AbortController().signal },
    ...{ log: { info: () => {} }, progress: () => {}, fileRows: 64 },
    ...more,
  });

/** Exports, and answers which years of the facts have new files; null where nothing differs. */
async function exportAll(when = now): Promise<(number | null)[] | null> {
  const known = new Set(await keys());
  const before = await readCurrent(lake);
  const made = await write();
  if (made === null) return null;
  await publishManifest(lake, made, when);
  return made.build === before?.build ? null : newYears(made, known);
}

const newYears = (made: NewManifest, known: Set<string>) =>
  (made.tables[fact]?.partitions ?? [])
    .filter(({ files }) => files.some(({ key }) => !known.has(key)))
    .map(({ year }) => year);

async function keys(): Promise<string[]> {
  const list: string[] = [];
  for await (const { key } of lake.list("marts/")) list.push(key);
  return list;
}

const same = () => expectSameRows(database.sql, { root, bucket: "test" });

beforeAll(async () => {
  database = await createTestDatabase();
  root = await mkdtemp(join(tmpdir(), "barline-export-"));
  lake = openLake({ kind: "folder", root, bucket: "test" });
  await lake.ensureReady();
  const bars = tickers.flatMap((ticker) =>
    Array.from({ length: sessions.to - sessions.from }, (_, step) => bar(ticker, sessions.from + step)),
  );
  await writeBars(database.sql, bars, at(0));
  await build();
});

afterAll(async () => {
  await database.drop();
  await rm(root, { recursive: true, force: true });
});

describe("an export", () => {
  test("of a first build has every table by year or whole, each value as in the database", async () => {
    expect(await exportAll()).toEqual([2018, 2019]);
    const { tables, build: name } = await same();
    expect(Object.keys(tables)).toEqual(tablesOf("all").map(({ name }) => name));
    const facts = tables[fact];
    expect(facts?.partitions.map(({ year, rows }) => [year, rows])).toEqual([
      [2018, 183],
      [2019, 207],
    ]);
    expect(facts?.partitions[0]?.files.map(({ rows }) => rows)).toEqual([64, 64, 55]);
    expect(facts?.partitions[0]?.files[0]?.key).toMatch(
      /^marts\/fct_polygon__stock_bars_performance\/year=2018\/part-\w+-0000\.parquet$/,
    );
    const own = JSON.parse(new TextDecoder().decode(await lake.get(`marts/${fact}/_current.json`)));
    expect(own).toMatchObject({ build: name, table: fact, rows: 390, publishedAt: now.toISOString() });
    expect(own.schema.find((column: { name: string }) => column.name === "return_1d")).toMatchObject({
      type: "decimal(18,10)",
      description: "Close over the close before, less one; a fraction, to ten decimals.",
    });
  });

  test("of the same rows writes nothing, also where they were all built anew", async () => {
    const before = await keys();
    expect(await exportAll()).toBeNull();
    await openTransform(database.sql, { now: () => now }).build({ fullRefresh: true });
    expect(await exportAll()).toBeNull();
    expect(await keys()).toEqual(before);
    // And knows from then on that nothing was.
    expect(await write()).toBeNull();
  });

  test("of a next session, and of a correction, writes the years that they change, and no other", async () => {
    await writeBars(
      database.sql,
      tickers.map((ticker) => bar(ticker, sessions.to)),
      at(1),
    );
    await build();
    expect(await exportAll()).toEqual([2019]);
    await writeBars(database.sql, [bar("AAA", sessions.from + 1, 1)], at(2));
    await build();
    // A close goes into the averages and returns of the year after it.
    expect(await exportAll()).toEqual([2018, 2019]);
    await same();
  });

  test("of a bar that was taken back has it no more, though no other row of its year was written", async () => {
    await database.sql.begin((transaction) =>
      removeBars(transaction, [{ ticker: "BBB", tradeDate: weekday(sessions.to) }], at(3)),
    );
    await build();
    expect(await exportAll()).toEqual([2019]);
    const { tables } = await same();
    expect(tables[fact]?.rows).toBe(392);
  });

  test("of a split has all years of the security anew, in wider decimals where its ratio asks for them", async () => {
    await writeSplits(
      database.sql,
      [{ ticker: "CCC", date: weekday(sessions.to - 5), from: 1, to: 7, active: true }],
      at(4),
    );
    await build();
    expect(await exportAll()).toEqual([2018, 2019]);
    await same();
  });

  test("that is given up leaves the build that stands, and nothing behind once another has ended", async () => {
    const before = await same();
    await writeBars(database.sql, [bar("AAA", sessions.to - 3, 2)], at(5));
    await build();
    for (const rows of [1, 100, 300]) {
      const controller = new AbortController();
      let written = 0;
      const progress = (more: number) => {
        written += more;
        if (written >= rows) controller.abort();
      };
      expect(await write({ signal: controller.signal, progress }).catch((error: unknown) => error)).toBeInstanceOf(
        Error,
      );
      expect((await readCurrent(lake))?.build).toBe(before.build);
    }
    expect(await exportAll(hours(1))).toEqual([2019]);
    await removeUnneeded(lake, hours(1));
    const after = await same();
    expect(after.build).not.toBe(before.build);
    // Those of builds before stay for who reads them, and those of no build are gone.
    const lists = ["marts", ...Object.keys(after.tables).map((table) => `marts/${table}`)];
    const known = [...filesOf(after), ...(await retired()), ...lists.map((folder) => `${folder}/_current.json`)];
    expect(known).toContain(filesOf(before)[0] ?? "");
    expect(await keys()).toEqual([...new Set([...known, "marts/_retired.json"])].sort());
  });

  test("keeps what it superseded for a day, and then no longer", async () => {
    const { signal } = new AbortController();
    const before = await retired();
    // All but those of the last test were superseded an hour before them.
    const { objects: first } = await removeRetired(lake, hours(24), signal);
    expect(first).toBeGreaterThan(0);
    expect((await keys()).filter((key) => before.includes(key)).length).toBe(before.length - first);
    await removeRetired(lake, hours(25), signal);
    expect((await keys()).filter((key) => before.includes(key))).toEqual([]);
    await same();
    await removeUnneeded(lake, hours(26));
    expect(await retired()).toEqual([]);
  });
});

const filesOf = ({ tables }: ExportManifest) =>
  Object.values(tables).flatMap(({ partitions }) => partitions.flatMap(({ files }) => files.map(({ key }) => key)));

async function retired(): Promise<string[]> {
  const { files } = JSON.parse(new TextDecoder().decode(await lake.get("marts/_retired.json")));
  return files.map(({ key }: { key: string }) => key);
}
