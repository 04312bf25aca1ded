import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TransformOptions } from "../../../jobs/transform/transform.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { createProjectFolder, openTransform, type ProjectFolder } from "./support.ts";

setDefaultTimeout(60_000);

const sources = "sources: [{name: raw, schema: public, tables: [{name: items}]}]";
const rows = "select id, amount from {{ source('raw', 'items') }}";

let database: TestDatabase;
let folder: ProjectFolder | undefined;
beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
}, 60_000);
afterAll(() => database.drop());
afterEach(async () => {
  folder?.remove();
  await database.sql`drop schema public cascade`;
  await database.sql`drop schema if exists public_dbt_test__audit cascade`;
  await database.sql`create schema public`;
});

async function open(files: Record<string, string>, options: Partial<TransformOptions> = {}) {
  await database.sql`create table items (id int, amount int, updated_at timestamp)`;
  folder = createProjectFolder({ "models/sources.yml": sources, ...files });
  return openTransform(database.sql, { projectDir: folder.path, ...options });
}
const run = (text: string) => database.sql.unsafe(text);
const read = async (text: string) => (await database.sql.unsafe(text)).map((row) => Object.values(row));
const today = async () => String((await read("select now()::date::text"))[0]?.[0]);
const statuses = (result: { tests: { name: string; status: string; failures: number }[] }) =>
  Object.fromEntries(result.tests.map(({ name, status, failures }) => [name, `${status} ${failures}`]));

describe("a seed", () => {
  const csv = `code,Name,amount,ratio,since,at,flag,empty,money,note
01,Germany,1,1.5,2024-01-05,2024-01-05 10:00:00,true,,"$1,000",'quoted'
02,"Fr, ance",2,2.0,2024-02-05,2024-01-05T11:30:00,false,,20,"say ""hi"""
03,NULL,,3,,,,,3,x
`;
  test("takes dbt's types from its values, and its own where they are given", async () => {
    const transform = await open({
      "seeds/countries.csv": csv.replace("T11", " 11"),
      "dbt_project.yml": "name: shop\nseeds: {shop: {+column_types: {code: text}}}",
    });
    expect((await transform.build()).models).toMatchObject([{ name: "countries", action: "created", rows: 3 }]);
    expect(
      await read(`select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
        from pg_attribute where attrelid = 'countries'::regclass and attnum > 0`),
    ).toEqual([
      [
        "code text, Name text, amount integer, ratio double precision, since date, at timestamp without time zone, flag boolean, empty integer, money integer, note text",
      ],
    ]);
    expect(await read(`select code, "Name", amount, money, note from countries order by 1`)).toEqual([
      ["01", "Germany", 1, 1000, "'quoted'"],
      ["02", "Fr, ance", 2, 20, 'say "hi"'],
      ["03", null, null, 3, "x"],
    ]);
    expect((await transform.build()).models).toMatchObject([{ action: "unchanged" }]);
  });

  test("is rolled back with the build whose test fails", async () => {
    const transform = await open({
      "seeds/s.csv": "a\n1\n",
      "tests/none.sql": "select * from {{ ref('s') }} where a > 1",
    });
    await transform.build();
    folder?.write({ "seeds/s.csv": "a\n2\n" });
    expect((await transform.build()).published).toBe(false);
    expect(await read("select a from s")).toEqual([[1]]);
  });

  test("refuses a row with more values than columns, by its line", async () => {
    const transform = await open({ "seeds/s.csv": "a,b\n1,2\n1,2,3\n" });
    expect(transform.build()).rejects.toThrow("seeds/s.csv:3: has 3 values, where there are 2 columns");
  });
});

describe("a snapshot", () => {
  const snapshot = (config: string) =>
    `{% snapshot s %}{{ config(unique_key='id', ${config}) }}select id, amount, updated_at from {{ source('raw', 'items') }}{% endsnapshot %}`;
  const history =
    "select id, amount, dbt_valid_from::date::text, coalesce(dbt_valid_to::date::text, 'now') from s order by 1, 3";

  test("by timestamp keeps each version, with dbt's hashes, and ends what is deleted", async () => {
    const transform = await open({
      "snapshots/s.sql": snapshot("strategy='timestamp', updated_at='updated_at', hard_deletes='invalidate'"),
    });
    await run("insert into items values (1, 1, '2024-01-01'), (2, 2, '2024-01-01')");
    await transform.build();
    // md5 of '1|2024-01-01 00:00:00', as dbt-postgres has it.
    expect(await read("select dbt_scd_id, dbt_updated_at::date::text from s where id = 1")).toEqual([
      [new Bun.CryptoHasher("md5").update("1|2024-01-01 00:00:00").digest("hex"), "2024-01-01"],
    ]);
    await run("update items set amount = 9, updated_at = '2024-02-01' where id = 1; delete from items where id = 2");
    const before = await today();
    expect((await transform.build()).models).toMatchObject([{ name: "s", action: "incremental", rows: 2 }]);
    const after = await today();
    expect(await read(history)).toEqual([
      [1, 1, "2024-01-01", "2024-02-01"],
      [1, 9, "2024-02-01", "now"],
      // On the day of the build, which may be the first or the last minute of one.
      [2, 2, "2024-01-01", expect.stringMatching(new RegExp(`^(${before}|${after})$`))],
    ]);
    expect((await transform.build()).models).toMatchObject([{ name: "s", action: "unchanged", rows: 0 }]);
  });

  test("by check sees nulls and only the columns it is told of, and is defined in YAML alone", async () => {
    const transform = await open({
      "snapshots/s.yml": `
snapshots:
  - name: s
    relation: source('raw', 'items')
    config:
      {unique_key: [id], strategy: check, check_cols: [amount], updated_at: updated_at, dbt_valid_to_current: "'9999-12-31'::timestamp"}`,
    });
    await run("insert into items values (1, null, '2024-01-01'), (2, 2, '2024-01-01')");
    await transform.build();
    await run("update items set updated_at = '2024-02-01'; update items set amount = 5 where id = 1");
    await transform.build();
    expect(await read(history)).toEqual([
      [1, null, "2024-01-01", "2024-02-01"],
      [1, 5, "2024-02-01", "9999-12-31"],
      [2, 2, "2024-01-01", "9999-12-31"],
    ]);
  });

  test("is rolled back with the build whose test fails, and takes on new columns", async () => {
    const transform = await open({
      "snapshots/s.sql": snapshot("strategy='check', check_cols='all'"),
      "tests/small.sql": "select * from {{ ref('s') }} where amount > 5",
    });
    await run("insert into items values (1, 1, '2024-01-01')");
    await transform.build();
    await run("update items set amount = 9");
    expect((await transform.build()).published).toBe(false);
    expect(await read("select amount, dbt_valid_to from s")).toEqual([[1, null]]);
    folder?.write({
      "snapshots/s.sql": snapshot("strategy='check', check_cols='all'").replace("select id", "select 7 as extra, id"),
    });
    await run("update items set amount = 3");
    expect((await transform.build()).published).toBe(true);
    expect(await read("select amount, extra from s order by 1")).toEqual([
      [1, null],
      [3, 7],
    ]);
  });
});

describe("an incremental model", () => {
  const model = (config: string) =>
    `{{ config(materialized='incremental', ${config}) }}select id, amount, amount as first from {{ source('raw', 'items') }}`;

  test("merges or appends as its strategy says", async () => {
    const transform = await open({
      "models/merged.sql": model("incremental_strategy='merge', unique_key='id', merge_exclude_columns=['first']"),
      "models/appended.sql": model("incremental_strategy='append', unique_key='id'"),
    });
    await run("insert into items values (1, 1)");
    await transform.build();
    await run("update items set amount = 2; insert into items values (2, 5)");
    await transform.build();
    expect(await read("select id, amount, first from merged order by 1")).toEqual([
      [1, 2, 1],
      [2, 5, 5],
    ]);
    expect(await read("select id, amount from appended order by 1, 2")).toEqual([
      [1, 1],
      [1, 2],
      [2, 5],
    ]);
  });
});

describe("data tests", () => {
  const declared = (tests: string) => ({
    "models/a.sql": rows,
    "models/a.yml": `models: [{name: a, columns: [{name: amount, data_tests: [${tests}]}]}]`,
    "tests/generic/positive.sql":
      "{% test positive(model, column_name, above=0, other=none) %}select * from {{ model }} where {{ column_name }} <= {{ above }}{% if other %} and id in (select id from {{ other }}){% endif %}{% endtest %}",
  });
  const build = async (tests: string) => {
    const transform = await open(declared(tests));
    await run("insert into items values (1, 1), (2, 2), (3, null), (4, null), (5, 3)");
    return { transform, result: await transform.build() };
  };

  test("judge by their thresholds, limits and aggregates", async () => {
    const { result } = await build(
      [
        "{not_null: {name: more, config: {error_if: '> 2', warn_if: '> 5'}}}",
        "{not_null: {name: warned, config: {error_if: '> 2'}}}",
        "{not_null: {name: limited, config: {limit: 1, severity: warn}}}",
        "{accepted_values: {name: summed, arguments: {values: [1], quote: false}, config: {fail_calc: 'sum(n_records)', severity: warn}}}",
        "{not_null: {name: some, config: {where: 'id < 3'}}}",
        "{not_null: {name: off, config: {enabled: false}}}",
      ].join(", "),
    );
    expect(statuses(result)).toEqual({
      more: "pass 2",
      warned: "warn 2",
      limited: "warn 1",
      summed: "warn 2",
      some: "pass 0",
    });
    expect(result.tests.find(({ name }) => name === "warned")?.message).toBe(
      "Got 2 results, configured to warn if != 0",
    );
  });

  test("may be of the project's own, with arguments and a where", async () => {
    const { result } = await build(
      "{positive: {arguments: {above: 1, other: ref('a')}, config: {severity: warn, where: 'id > 0'}}}, positive",
    );
    expect(statuses(result)).toEqual({ positive_a_1__amount__ref_a_: "warn 1", positive_a_amount: "pass 0" });
    const [first] = result.tests;
    expect(first?.compiledSql).toContain('(select * from "public"."a" where id > 0) as dbt_subquery');
  });

  test("have names of dbt's, with a hash where they are long", async () => {
    const values = Array.from({ length: 20 }, (_, index) => index).join(", ");
    const { transform, result } = await build(
      `{accepted_values: {arguments: {values: [${values}], quote: false}, config: {store_failures: true, severity: warn}}}`,
    );
    const name = `accepted_values_a_amount__False__${values.replaceAll(", ", "__")}`;
    const hash = new Bun.CryptoHasher("md5").update(name).digest("hex");
    expect(result.tests).toMatchObject([{ name, storedIn: `public_dbt_test__audit.accepted_values_a_${hash}` }]);
    expect(await transform.failingRows(name, 5)).toMatchObject({ total: 0, rows: [] });
  });

  test("keep failing rows as a table or view, also when nothing is published", async () => {
    const { transform, result } = await build(
      [
        "{not_null: {name: kept, config: {store_failures: true}}}",
        "{not_null: {name: seen, config: {store_failures_as: view, severity: warn}}}",
      ].join(", "),
    );
    expect(result.published).toBe(false);
    expect(await transform.failingRows("kept", 1)).toEqual({
      storedIn: "public_dbt_test__audit.kept",
      total: 2,
      rows: [{ id: 3, amount: null }],
    });
    await run("delete from items where id = 3; update items set amount = 7 where id = 4");
    expect((await transform.build()).published).toBe(true);
    expect((await transform.failingRows("kept", 9))?.rows).toEqual([]);
    expect(
      await read("select table_type from information_schema.tables where table_name in ('kept', 'seen') order by 1"),
    ).toEqual([["BASE TABLE"], ["VIEW"]]);
    await run("update items set amount = null where id = 5");
    expect((await transform.failingRows("seen", 9))?.rows).toEqual([{ id: 5, amount: null }]);
    expect(await transform.failingRows("nobody", 9)).toBeNull();
  });

  test("of an ephemeral model, and of folders in dbt_project.yml", async () => {
    const transform = await open({
      "models/e.sql": `{{ config(materialized='ephemeral') }}${rows}`,
      "models/b.sql": "select * from {{ ref('e') }}",
      "models/e.yml": "models: [{name: e, columns: [{name: amount, data_tests: [not_null]}]}]",
      "tests/none.sql": "select * from {{ ref('e') }}",
      "dbt_project.yml": "name: shop\ndata_tests: {shop: {+severity: warn}}",
    });
    await run("insert into items values (1, null)");
    expect(statuses(await transform.build())).toEqual({ not_null_e_amount: "warn 1", none: "warn 1" });
  });
});

describe("unit tests", () => {
  const files = (expected: string) => ({
    "models/stg.sql": rows,
    "models/inc.sql": `{{ config(materialized='incremental', unique_key='id') }}select id, amount * {{ var('by', 2) }} as twice from {{ ref('stg') }}
{% if is_incremental() %}where id > (select max(id) from {{ this }}){% endif %}`,
    "models/u.yml": `
unit_tests:
  - name: only_new
    model: inc
    overrides: {macros: {is_incremental: true}, vars: {by: 3}}
    given:
      - {input: ref('stg'), format: csv, rows: "id,amount\\n1,5\\n7,2\\n8,"}
      - {input: this, rows: [{id: 6}]}
    expect: {rows: ${expected}}`,
  });

  test("run a model on given rows before it is built, `this` and overrides included", async () => {
    const transform = await open(files("[{id: 7, twice: 6}, {id: 8, twice: null}]"));
    const result = await transform.build();
    expect(result.tests).toMatchObject([{ name: "only_new", kind: "unit", subject: "inc", status: "pass" }]);
    expect((await transform.build()).published).toBe(true);
  });

  test("that fail say which rows differ, and nothing is built from the model", async () => {
    const transform = await open(files("[{id: 7, twice: 4}]"));
    const result = await transform.build();
    expect(result.published).toBe(false);
    expect(result.models.map(({ name, action }) => [name, action])).toEqual([
      ["stg", "created"],
      ["inc", "skipped"],
    ]);
    // In no order of their own.
    expect(result.tests[0]?.sample?.map((row) => JSON.stringify(row)).sort()).toEqual([
      '{"id":7,"twice":4,"actual_or_expected":"expected"}',
      '{"id":7,"twice":6,"actual_or_expected":"actual"}',
      '{"id":8,"twice":null,"actual_or_expected":"actual"}',
    ]);
  });

  test("name what a row has and the relation has not", async () => {
    const transform = await open(files("[{nobody: 7}]"));
    expect(transform.build()).rejects.toThrow("models/u.yml:3: 'nobody' is no column of 'the output of inc'");
  });
});

describe("what the database says while a project is built", () => {
  test("is read by run_query, statement and the adapter, and hooks write to it", async () => {
    const transform = await open(
      {
        "dbt_project.yml":
          'name: shop\non-run-start: "create table if not exists public.log (what text)"\non-run-end: ["insert into public.log values (\'end\')"]',
        "models/stg.sql": rows,
        "models/pivot.sql": `{{ config(materialized='table', post_hook="insert into public.log select count(*)::text from {{ this }}") }}
-- depends_on: {{ ref('stg') }}
{% set ids = run_query('select distinct id from ' ~ ref('stg') ~ ' order by 1').columns[0].values() if execute else [] %}
{% call statement('n', fetch_result=True) %}select count(*) from {{ ref('stg') }}{% endcall %}
select {% for id in ids %}sum(amount) filter (where id = {{ id }}) as id_{{ id }}, {% endfor %}
{{ load_result('n')['data'][0][0] if execute }} as n, '{{ env_var('DBT_REGION', 'none') }}' as region,
'{{ adapter.get_columns_in_relation(ref('stg')) | map(attribute='name') | join('+') if execute }}' as columns
from {{ ref('stg') }}`,
      },
      { environment: { DBT_REGION: "eu" } },
    );
    await run("insert into items values (1, 10), (2, 20)");
    expect((await transform.build()).published).toBe(true);
    const [row] = await database.sql`select id_1::int, id_2::int, n, region, columns from pivot`;
    expect(row).toEqual({ id_1: 10, id_2: 20, n: 2, region: "eu", columns: "id+amount" });
    expect(await read("select what from log")).toEqual([["1"], ["end"]]);
  });
});

describe("dbt's artifacts", () => {
  test("tell of the project and of how a build went, also of one that published nothing", async () => {
    const artifactsDir = mkdtempSync(join(tmpdir(), "barline-artifacts-"));
    const transform = await open(
      {
        "models/a.sql": `{{ config(tags=['x'], materialized='table') }}${rows}`,
        "models/a.yml":
          "models: [{name: a, description: All., columns: [{name: id, description: Its., data_tests: [not_null]}]}]",
      },
      { artifactsDir },
    );
    await run("insert into items values (null, 1)");
    await transform.build();
    const artifact = (name: string) => JSON.parse(readFileSync(join(artifactsDir, name), "utf8"));
    const manifest = artifact("manifest.json");
    expect(manifest.metadata.dbt_schema_version).toBe("https://schemas.getdbt.com/dbt/manifest/v12.json");
    expect(manifest.nodes["model.shop.a"]).toMatchObject({
      ...{ resource_type: "model", description: "All.", tags: ["x"], relation_name: '"public"."a"' },
      depends_on: { nodes: ["source.shop.raw.items"] },
      config: { materialized: "table" },
      columns: { id: { description: "Its." } },
      compiled_code: `select id, amount from "${database.sql.options.database}"."public"."items"`,
    });
    const [testId] = manifest.child_map["model.shop.a"];
    expect(manifest.nodes[testId]).toMatchObject({ column_name: "id", attached_node: "model.shop.a" });
    expect(manifest.parent_map["model.shop.a"]).toEqual(["source.shop.raw.items"]);
    expect(artifact("run_results.json").results).toMatchObject([
      {
        unique_id: "model.shop.a",
        status: "success",
        adapter_response: { rows_affected: 1 },
        timing: [{ name: "execute" }],
      },
      { unique_id: testId, status: "fail", failures: 1, message: "Got 1 result, configured to fail if != 0" },
    ]);
    rmSync(artifactsDir, { recursive: true });
  });
});
