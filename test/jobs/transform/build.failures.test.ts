import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { FailureVerdict, TestFailure } from "../../../jobs/transform/transform.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { createProjectFolder, openTransform, type ProjectFolder } from "./support.ts";

const sources = "sources: [{name: raw, schema: public, tables: [{name: items}]}]";
const items =
  "{{ config(materialized='table') }}\nselect id, shop, 10 / amount as share from {{ source('raw', 'items') }}";
const tests = `
models:
  - name: shop_items
    columns:
      - name: share
        data_tests: [{accepted_values: {values: [1, 2], quote: false}}]`;
const dear = "select id, shop from {{ ref('shop_items') }} where share > 5";

describe("a build that fails", () => {
  let database: TestDatabase;
  let folder: ProjectFolder;
  beforeAll(async () => {
    database = await createTestDatabase({ empty: true });
    await database.sql`create table items (id int, shop text, amount int)`;
  });
  afterAll(() => database.drop());
  afterEach(async () => {
    folder?.remove();
    await database.sql`truncate items`;
    await database.sql`drop table if exists shop_items`;
  });

  const open = (more: Record<string, string>) => {
    folder = createProjectFolder({ "models/sources.yml": sources, "models/shop_items.sql": items, ...more });
    return openTransform(database.sql, { projectDir: folder.path });
  };
  const insert = (...rows: [number, string, number][]) =>
    database.sql`insert into items select * from jsonb_to_recordset(${database.sql.json(
      rows.map(([id, shop, amount]) => ({ id, shop, amount })),
    )}::jsonb) as item (id int, shop text, amount int)`;

  test("is asked about each failing test, whose rows can be read, and goes on where they are accepted", async () => {
    const transform = open({ "tests/dear.sql": dear });
    await insert([1, "a", 1], [2, "a", 1], [3, "b", 1], [4, "c", 10]);
    const asked: unknown[] = [];
    const ask = (verdict: FailureVerdict) => async (failure: TestFailure) => {
      const { name, failures, columns } = failure;
      asked.push({ name, failures, columns, shops: await failure.distinct(["shop"], 10) });
      return verdict;
    };
    const refused = await transform.build({ onTestFailure: ask("fail") });
    expect(refused.published).toBe(false);
    expect(asked).toEqual([
      { name: "dear", failures: 3, columns: ["id", "shop"], shops: [{ shop: "a" }, { shop: "b" }] },
    ]);
    const accepted = await transform.build({ onTestFailure: ask("accept") });
    expect(accepted.published).toBe(true);
    expect(accepted.tests.map(({ name, status, message }) => ({ name, status, message }))).toEqual([
      { name: "dear", status: "warn", message: "Got 3 results, all of them believed" },
    ]);
  });

  test("is not asked about a test that only warns, and says what it would have said without being asked", async () => {
    const transform = open({ "tests/dear.sql": `{{ config(severity='warn') }}\n${dear}` });
    await insert([1, "a", 1]);
    const result = await transform.build({ onTestFailure: () => Promise.reject(new Error("Nobody asks.")) });
    expect(result.tests[0]).toMatchObject({ status: "warn", message: "Got 1 result, configured to warn if != 0" });
  });

  test("says which statement PostgreSQL refused, of a model and of a test", async () => {
    const model = open({ "models/p.yml": tests });
    await insert([1, "a", 0]);
    expect(await model.build()).toMatchObject({
      published: false,
      fault: { node: "shop_items", code: "22012", message: "division by zero" },
    });
    folder.remove();
    await database.sql`update items set amount = 5`;
    const ofTest = open({ "tests/dear.sql": "select 1 / (share - 2) as nothing from {{ ref('shop_items') }}" });
    expect((await ofTest.build()).fault).toEqual({ node: "dear", code: "22012", message: "division by zero" });
    folder.remove();
    expect((await open({}).build()).fault).toBeUndefined();
  });

  test("is rehearsed on a changed database, of which nothing stays", async () => {
    const transform = open({});
    await insert([1, "a", 5], [2, "b", 0]);
    const rehearsed = await transform.build({
      rehearse: async (transaction) => {
        await transaction`delete from items where shop = 'b'`;
      },
    });
    expect(rehearsed).toMatchObject({ published: false, models: [{ action: "created", rows: 1 }] });
    expect(rehearsed.fault).toBeUndefined();
    const [left] = await database.sql`select count(*)::int as items, to_regclass('shop_items') as built from items`;
    expect({ ...left }).toEqual({ items: 2, built: null });
    expect((await transform.build()).fault?.code).toBe("22012");
  });
});
