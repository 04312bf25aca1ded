import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { createProjectFolder, openTransform, type ProjectFolder } from "../support.ts";

/** Running sums by kind; the note has what the quotes around the query might be. */
const running = (meta: string) => `{{ config(materialized='incremental', unique_key='id', meta=${meta}) }}
select id, kind, '$barline$ ''x''' as note, sum(amount) over (partition by kind order by id) as total
from {{ ref('shop_stock') }}
{% if is_incremental() %}
where coalesce(kind, '') in (select coalesce(kind, '') from {{ ref('shop_stock') }} where id > (select max(id) from {{ this }}))
{% endif %}`;

const byKind = "{'independent_by': {'column': 'kind', 'keys_of': 'shop_stock'}}";
const sources = "sources: [{name: raw, schema: public, tables: [{name: stock}]}]";

describe("a model that is independent by a key", () => {
  let database: TestDatabase;
  let folder: ProjectFolder;
  beforeAll(async () => {
    database = await createTestDatabase({ empty: true });
    await database.sql`create table stock (id int, kind text, amount int)`;
  });
  afterAll(() => database.drop());
  afterEach(async () => {
    folder?.remove();
    await database.sql`truncate stock`;
    await database.sql`drop table if exists shop_plain, shop_by_kind`;
    await database.sql`drop view if exists shop_stock`;
  });

  const open = (meta = byKind) => {
    folder = createProjectFolder({
      "models/sources.yml": sources,
      "models/shop_stock.sql": "select * from {{ source('raw', 'stock') }}",
      "models/shop_by_kind.sql": running(meta),
      "models/shop_plain.sql": running("{}"),
    });
    return openTransform(database.sql, { projectDir: folder.path });
  };
  const insert = (from: number, to: number, kinds: (string | null)[]) => database.sql`
    insert into stock
    select id, ${database.sql.json(kinds)}::jsonb ->> (id % ${kinds.length}::int), id * 7 % 11
    from generate_series(${from}::int, ${to}::int) as id`;
  const compared = async () => {
    const [row] = await database.sql<{ rows: number; different: number }[]>`
      select (select count(*)::int from shop_by_kind) as rows, count(*)::int as different from (
        (select * from shop_plain except all select * from shop_by_kind)
        union all (select * from shop_by_kind except all select * from shop_plain)) as difference`;
    return row;
  };

  test("has the rows that it has without saying so, built whole and then added to", async () => {
    const transform = open();
    await insert(1, 500, ["a", "b", `c'"\\`, "d e", "$$"]);
    expect((await transform.build()).published).toBe(true);
    expect(await compared()).toEqual({ rows: 500, different: 0 });
    await insert(501, 700, ["a", "b", "z"]);
    const { models } = await transform.build();
    expect(models.find(({ name }) => name === "shop_by_kind")?.action).toBe("incremental");
    expect(await compared()).toEqual({ rows: 700, different: 0 });
    const left = await database.sql`select relname from pg_class where relname like 'barline%'`;
    expect([...left]).toEqual([]);
  });

  test("keeps rows whose key is null", async () => {
    const transform = open();
    await insert(1, 60, ["a", null]);
    await transform.build();
    expect(await compared()).toEqual({ rows: 60, different: 0 });
    await insert(61, 90, ["a", null, "b"]);
    await transform.build();
    expect(await compared()).toEqual({ rows: 90, different: 0 });
  });

  test("is refused where its keys are of a model that it does not read", async () => {
    const transform = open("{'independent_by': {'column': 'kind', 'keys_of': 'shop_plain'}}");
    await insert(1, 5, ["a"]);
    await expect(transform.build()).rejects.toThrow(
      "models/shop_by_kind.sql: meta.independent_by: keys_of 'shop_plain' is no model that it reads",
    );
  });
});
