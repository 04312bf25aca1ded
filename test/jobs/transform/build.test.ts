import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { openPool } from "../../../db/client.ts";
import { ensurePublishedRole, publishedRole } from "../../../db/published-role.ts";
import { CancelledError, RetryableError } from "../../../jobs/orchestrator/errors.ts";
import type { NodeEvent } from "../../../jobs/transform/transform.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";
import { createProjectFolder, openTransform, type ProjectFolder } from "./support.ts";

const sources = "sources: [{name: raw, schema: public, tables: [{name: items}]}]";
const items = `{{ config(materialized='incremental', unique_key='id', indexes=[{'columns': ['id'], 'unique': true}]) }}
select id, amount from {{ source('raw', 'items') }}
{% if is_incremental() %}where id > (select coalesce(max(id), 0) from {{ this }}){% endif %}`;
const itemTests = (severity: string) => `
models:
  - name: shop_items
    description: What is sold.
    columns:
      - {name: id, description: Its number., data_tests: [unique, not_null]}
      - name: amount
        data_tests:
          - accepted_values: {values: [1, 2, 3], quote: false, config: {severity: ${severity}}}`;

describe("a build", () => {
  let database: TestDatabase;
  let folder: ProjectFolder;
  beforeAll(async () => {
    database = await createTestDatabase({ empty: true });
    await database.sql`create table items (id int, amount int)`;
  });
  afterAll(() => database.drop());
  afterEach(async () => {
    folder?.remove();
    const { sql } = database;
    await sql`truncate items`;
    await sql`drop view if exists shop_totals, shop_view cascade`;
    await sql`drop table if exists shop_items, shop_copy cascade`;
  });

  const open = (files: Record<string, string>) => {
    folder = createProjectFolder({ "models/sources.yml": sources, ...files });
    return openTransform(database.sql, { projectDir: folder.path });
  };
  const insert = (...rows: [number | null, number][]) =>
    Promise.all(rows.map(([id, amount]) => database.sql`insert into items values (${id}::int, ${amount}::int)`));
  const published = async () => {
    const rows = await database.sql<{ id: number; amount: number }[]>`select id, amount from shop_items order by id`;
    return rows.map(({ id, amount }) => [id, amount]);
  };
  const actions = (result: { models: { name: string; action: string }[] }) =>
    Object.fromEntries(result.models.map(({ name, action }) => [name, action]));

  test("publishes models with indexes and comments, tells of each node, and does nothing again", async () => {
    const transform = open({
      "models/shop_items.sql": items,
      "models/p.yml": itemTests("error"),
      "models/shop_view.sql": "select sum(amount) as total from {{ ref('shop_items') }}",
    });
    await insert([1, 1], [2, 3]);
    const events: NodeEvent[] = [];
    const result = await transform.build({ onNode: (event) => events.push(event) });
    expect(result.published).toBe(true);
    expect(actions(result)).toEqual({ shop_items: "created", shop_view: "created" });
    expect(events.filter(({ phase }) => phase === "finish").length).toBe(transform.project().nodes.length);
    const [view] = await database.sql`select total::int from shop_view`;
    expect(view).toEqual({ total: 4 });
    const [comment] = await database.sql<{ text: string }[]>`
      select obj_description('shop_items'::regclass) || col_description('shop_items'::regclass, 1) as text`;
    expect(comment?.text).toMatch(/^What is sold. \[barline [0-9a-f]{32}\]Its number.$/);
    const indexes =
      await database.sql`select 1 from pg_indexes where tablename = 'shop_items' and indexdef like '%UNIQUE%(id)'`;
    expect(indexes.length).toBe(1);
    expect(actions(await transform.build())).toEqual({ shop_items: "unchanged", shop_view: "unchanged" });
  });

  test("publishes nothing when an error test fails, and says which rows", async () => {
    const transform = open({ "models/shop_items.sql": items, "models/p.yml": itemTests("error") });
    await insert([1, 1]);
    await transform.build();
    await insert([2, 9], [3, 9]);
    const result = await transform.build();
    expect(result.published).toBe(false);
    const failing = result.tests.find(({ status }) => status === "fail");
    expect(failing).toMatchObject({ name: "accepted_values_shop_items_amount__False__1__2__3", failures: 1 });
    expect(failing?.sample).toEqual([{ value_field: 9, n_records: 2 }]);
    expect(await published()).toEqual([[1, 1]]);
  });

  test("publishes what only a warn test finds fault with", async () => {
    const transform = open({ "models/shop_items.sql": items, "models/p.yml": itemTests("warn") });
    await insert([1, 9]);
    const result = await transform.build();
    expect(result.published).toBe(true);
    expect(result.tests.find(({ status }) => status === "warn")).toMatchObject({ failures: 1, severity: "warn" });
    expect(await published()).toEqual([[1, 9]]);
  });

  test("names duplicates of the key by its test, in a whole build and in an incremental one", async () => {
    const transform = open({ "models/shop_items.sql": items, "models/p.yml": itemTests("warn") });
    await insert([1, 1], [1, 2]);
    const whole = await transform.build();
    expect(whole.published).toBe(false);
    expect(whole.tests.find(({ status }) => status === "fail")?.sample).toEqual([{ unique_field: 1, n_records: 2 }]);
    await database.sql`delete from items where amount = 2`;
    await transform.build();
    await insert([2, 1], [2, 1], [2, 1]);
    const delta = await transform.build();
    expect(delta.published).toBe(false);
    expect(delta.tests.find(({ status }) => status === "fail")?.sample).toEqual([{ unique_field: 2, n_records: 3 }]);
  });

  test("counts nulls of several columns in one scan, each by its own name", async () => {
    const transform = open({
      "models/shop_view.sql": "select id, amount, id + amount as total from {{ source('raw', 'items') }}",
      "models/p.yml":
        "models: [{name: shop_view, columns: [{name: id, tests: [not_null]}, {name: amount, tests: [not_null]}, {name: total, tests: [not_null: {config: {where: amount > 2}}]}]}]",
    });
    await insert([null, 1], [null, 3], [2, 2]);
    const result = await transform.build();
    expect(result.tests.map(({ name, status, failures }) => [name, status, failures])).toEqual([
      ["not_null_shop_view_id", "fail", 2],
      ["not_null_shop_view_amount", "pass", 0],
      ["not_null_shop_view_total", "fail", 1],
    ]);
  });

  test("runs singular tests and relationships against what it is about to publish", async () => {
    const transform = open({
      "models/shop_items.sql": items,
      "models/shop_copy.sql": "{{ config(materialized='table') }}select id from {{ ref('shop_items') }} where id < 3",
      "models/p.yml":
        "models: [{name: shop_items, columns: [{name: id, tests: [relationships: {to: ref('shop_copy'), field: id}]}]}]",
      "tests/no_large_amounts.sql": "select * from {{ ref('shop_items') }} where amount > 5",
    });
    await insert([1, 1], [2, 2]);
    expect((await transform.build()).published).toBe(true);
    await insert([3, 7]);
    const result = await transform.build();
    expect(result.published).toBe(false);
    expect(result.tests.find(({ name }) => name === "no_large_amounts")?.sample).toEqual([{ id: 3, amount: 7 }]);
  });

  test("builds the whole table when the model, or one that it reads, has changed", async () => {
    const reasons: unknown[] = [];
    const log = { info: (fields: { reason?: string }) => reasons.push(fields.reason), warn: () => {} };
    folder = createProjectFolder({
      "models/sources.yml": sources,
      "models/shop_items.sql": items.replace("source('raw', 'items')", "ref('shop_view')"),
      "models/shop_view.sql": "select id, amount from {{ source('raw', 'items') }}",
    });
    const transform = openTransform(database.sql, { projectDir: folder.path, log: log as never });
    await insert([1, 1]);
    await transform.build();
    folder.write({ "models/shop_view.sql": "select id, amount * 2 as amount from {{ source('raw', 'items') }}" });
    expect(actions(await transform.build())).toEqual({ shop_view: "replaced", shop_items: "full_refresh" });
    expect(await published()).toEqual([[1, 2]]);
    await database.sql`comment on table shop_items is null`;
    expect(actions(await transform.build())).toEqual({ shop_view: "unchanged", shop_items: "full_refresh" });
    await database.sql`alter table shop_items add column extra int`;
    expect(actions(await transform.build())).toEqual({ shop_view: "unchanged", shop_items: "full_refresh" });
    expect(reasons).toEqual([
      "it is not there yet",
      "the model, its config or a model that it reads has changed",
      "Barline did not build the table that stands",
      "its columns differ from those of the table that stands",
    ]);
  });

  test("replaces a view whose columns change, and those that read it; keeps grants", async () => {
    const transform = open({
      "models/shop_view.sql": "select id, amount from {{ source('raw', 'items') }}",
      "models/shop_totals.sql": "select sum(amount) as total from {{ ref('shop_view') }}",
    });
    await transform.build();
    await database.sql`grant select on shop_view, shop_totals to public`;
    folder.write({ "models/shop_view.sql": "select amount, id::text as id from {{ source('raw', 'items') }}" });
    expect(actions(await transform.build())).toEqual({ shop_view: "replaced", shop_totals: "replaced" });
    const grants = await database.sql`
      select table_name from information_schema.table_privileges
      where grantee = 'PUBLIC' and table_name like 'shop_%' order by 1`;
    expect(grants.map(({ table_name }) => table_name)).toEqual(["shop_totals", "shop_view"]);
  });

  test("keeps grants on a table it swaps, and people's own views on it", async () => {
    const transform = open({ "models/shop_items.sql": items });
    await insert([1, 1]);
    await transform.build();
    await database.sql`grant select on shop_items to public`;
    await insert([2, 2]);
    await transform.build({ fullRefresh: true });
    const grants = await database.sql`
      select 1 from information_schema.table_privileges where grantee = 'PUBLIC' and table_name = 'shop_items'`;
    expect(grants.length).toBe(1);
    await database.sql`create view mine as select sum(amount)::int as total from shop_items`;
    await insert([3, 3]);
    expect((await transform.build({ fullRefresh: true })).published).toBe(true);
    expect((await database.sql`select total from mine`)[0]).toEqual({ total: 6 });
  });

  test("lets who reads what is published read it, new or swapped, and nothing else", async () => {
    await ensurePublishedRole(database.sql);
    const transform = open({
      "models/shop_items.sql": items,
      "models/shop_view.sql": "select sum(amount) as total from {{ ref('shop_items') }}",
    });
    const readable = async () => {
      const rows = await database.sql<{ name: string }[]>`
        select relname as name from pg_class
        where relnamespace = 'public'::regnamespace and has_table_privilege(${publishedRole}, oid, 'select') order by 1`;
      return rows.map(({ name }) => name);
    };
    await insert([1, 1]);
    await transform.build();
    expect(await readable()).toEqual(["shop_items", "shop_view"]);
    await insert([2, 2]);
    folder.write({ "models/shop_view.sql": "select count(*) as items from {{ ref('shop_items') }}" });
    await transform.build({ fullRefresh: true });
    expect(await readable()).toEqual(["shop_items", "shop_view"]);
  });

  test("exchanges a table's rows where somebody's own view reads a view of it", async () => {
    const transform = open({
      "models/shop_items.sql": items,
      "models/shop_view.sql":
        "{{ config(materialized='view') }} select id, amount * 2 as twice from {{ ref('shop_items') }}",
    });
    await insert([1, 1]);
    await transform.build();
    await database.sql`create view mine as select sum(twice)::int as total from shop_view`;
    await insert([2, 2]);
    expect((await transform.build({ fullRefresh: true })).published).toBe(true);
    expect((await database.sql`select total from mine`)[0]).toEqual({ total: 6 });
  });

  test("builds a model whole that has less than the share of its source's rows that its config names", async () => {
    const behind = items.replace("unique_key='id'", "unique_key='id', meta={'rebuild_below': 0.5}");
    const view = "select * from {{ source('raw', 'items') }}";
    const transform = open({
      "models/shop_view.sql": view,
      "models/shop_items.sql": behind.replace("{{ source('raw', 'items') }}", "{{ ref('shop_view') }}"),
    });
    const upTo = async (id: number) => {
      await database.sql`
        insert into items select id, 1 from generate_series((select count(*) + 1 from items), ${id}::bigint) as id`;
      await database.sql`analyze items`;
      return actions(await transform.build()).shop_items;
    };
    expect([await upTo(4000), await upTo(7000), await upTo(14_001)]).toEqual([
      "created",
      "incremental",
      "full_refresh",
    ]);
    expect((await published()).length).toBe(14_001);
  });

  test("builds a model whole after a table that it reads, through a view too, where its config says so", async () => {
    const after = (parent: string) => `
      {{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='id',
        meta={'rebuild_after_parents': true}) }} select id, amount from {{ ref('${parent}') }}`;
    const transform = open({
      "models/shop_items.sql": items.replace("unique_key='id'", "unique_key='id', meta={'rebuild_below': 0.5}"),
      "models/shop_view.sql": "{{ config(materialized='view') }} select id, amount from {{ ref('shop_items') }}",
      "models/shop_direct.sql": after("shop_items"),
      "models/shop_through.sql": after("shop_view"),
    });
    const upTo = async (id: number) => {
      await database.sql`
        insert into items select id, 1 from generate_series((select count(*) + 1 from items), ${id}::bigint) as id`;
      await database.sql`analyze items`;
      return actions(await transform.build());
    };
    await upTo(4000);
    const both = (action: string) => ({ shop_items: action, shop_direct: action, shop_through: action });
    expect(await upTo(7000)).toMatchObject(both("incremental"));
    expect(await upTo(20_000)).toMatchObject(both("full_refresh"));
  });

  test("refuses, by name, to drop a column that somebody's own view reads", async () => {
    const transform = open({ "models/shop_items.sql": items });
    await transform.build();
    await database.sql`create view mine as select amount from shop_items`;
    folder.write({ "models/shop_items.sql": items.replace("id, amount", "id, amount * 1.0 as price") });
    expect(transform.build()).rejects.toThrow(/"public"."mine" outside the project reads it/);
  });

  test("shows readers all of the old rows or all of the new ones", async () => {
    const transform = open({
      "models/shop_items.sql": items.replace(
        "id, amount",
        "id, (select max(amount) from {{ source('raw', 'items') }}) as amount",
      ),
    });
    await insert([1, 1], [2, 1], [3, 1]);
    await transform.build();
    const reader = openPool(database.url, "read", { max: 2 });
    let done = false;
    const seen = new Set<string>();
    const reading = (async () => {
      while (!done) {
        const [row] = await reader<
          { state: string }[]
        >`select count(*) || ':' || min(amount) || ':' || max(amount) as state from shop_items`;
        seen.add(row?.state ?? "none");
      }
    })();
    const states = ["3:1:1", "4:2:2", "5:3:3", "6:4:4"];
    for (const [index, state] of states.entries()) {
      if (index > 0) {
        await insert([index + 3, index + 1]);
        await transform.build({ fullRefresh: true });
      }
      // However seldom the reader comes to look, it looks between the builds too.
      await until(`${state} was seen`, () => seen.has(state));
    }
    done = true;
    await reading;
    await reader.end();
    expect([...seen]).toEqual(states);
  });

  test("waits for a reader without stopping those that come after, then swaps", async () => {
    const transform = open({ "models/shop_items.sql": items });
    await insert([1, 1]);
    await transform.build();
    await insert([2, 2]);
    const holder = await database.sql.reserve();
    await holder`begin`;
    await holder`select * from shop_items`;
    const build = transform.build({ fullRefresh: true });
    const [waiting] = await untilRow(
      () => database.sql`select 1 from pg_locks where not granted and relation = 'shop_items'::regclass`,
    );
    expect(waiting).toBeDefined();
    // Behind the waiting swap, and yet answered: the swap steps back.
    expect(await published()).toEqual([[1, 1]]);
    await holder`commit`;
    holder.release();
    expect((await build).published).toBe(true);
    expect(await published()).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  test("reports a model that Postgres refuses, and skips the rest", async () => {
    const transform = open({
      "models/shop_copy.sql": "{{ config(materialized='table') }}select 1/0 as n",
      "models/shop_items.sql": `${items} -- {{ ref('shop_copy') }}`,
      "models/p.yml": itemTests("error"),
    });
    const result = await transform.build();
    expect(result.published).toBe(false);
    expect(result.models.map(({ name, action, error }) => [name, action, error ?? null])).toEqual([
      ["shop_copy", "failed", "models/shop_copy.sql: division by zero"],
      ["shop_items", "skipped", null],
    ]);
    expect(new Set(result.tests.map(({ status }) => status))).toEqual(new Set(["skipped"]));
  });

  test("builds only what is selected", async () => {
    const transform = open({
      "models/shop_items.sql": items,
      "models/shop_view.sql": "select * from {{ ref('shop_items') }}",
    });
    expect(actions(await transform.build({ select: ["shop_items"] }))).toEqual({ shop_items: "created" });
    expect(actions(await transform.build({ select: ["+shop_view"] }))).toEqual({
      shop_items: "unchanged",
      shop_view: "created",
    });
    expect(actions(await transform.build({ select: ["shop_items"], fullRefresh: true }))).toEqual({
      shop_items: "full_refresh",
    });
    expect(await database.sql`select * from shop_view`).toHaveLength(0);
  });

  test("stops at the server when it is cancelled, and leaves what was published", async () => {
    const transform = open({ "models/shop_items.sql": items });
    await insert([1, 1]);
    await transform.build();
    folder.write({ "models/shop_items.sql": items.replace("id, amount", "id, amount, pg_sleep(600)::text as slept") });
    const controller = new AbortController();
    const build = transform.build({ signal: controller.signal });
    await untilRow(
      () =>
        database.sql`select 1 from pg_stat_activity where query like '%slept%' and state = 'active' and pid <> pg_backend_pid()`,
    );
    controller.abort();
    await expect(build).rejects.toBeInstanceOf(CancelledError);
    expect(await published()).toEqual([[1, 1]]);
    expect(transform.build({ signal: AbortSignal.abort() })).rejects.toBeInstanceOf(CancelledError);
  });

  test("may be tried again when the connection is lost", async () => {
    const transform = open({
      "models/shop_items.sql": items.replace("id, amount", "id, amount, pg_sleep(600)::text as slept"),
    });
    await insert([1, 1]);
    const build = transform.build();
    await untilRow(
      () => database.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where query like 'create table%slept%' and state = 'active' and pid <> pg_backend_pid()`,
    );
    await expect(build).rejects.toBeInstanceOf(RetryableError);
    folder.write({ "models/shop_items.sql": items });
    expect((await transform.build()).published).toBe(true);
  });

  test("waits for another build of the same database", async () => {
    const transform = open({ "models/shop_items.sql": items });
    await insert([1, 1]);
    const results = await Promise.all([transform.build(), transform.build(), transform.build()]);
    expect(results.map((result) => result.models[0]?.action).sort()).toEqual(["created", "unchanged", "unchanged"]);
  });

  test("judges the age of sources by their YAML", async () => {
    folder = createProjectFolder({
      "models/s.yml": `
sources:
  - name: raw
    schema: public
    loaded_at_field: "'2024-01-01T00:00:00Z'::timestamptz"
    freshness: {warn_after: {count: 1, period: day}, error_after: {count: 2, period: day}}
    tables: [{name: items}, {name: free, identifier: items, freshness: null}]`,
    });
    const ages: [string, string][] = [
      ["2024-01-01T23:00:00Z", "pass"],
      ["2024-01-02T01:00:00Z", "warn"],
      ["2024-01-03T01:00:00Z", "error"],
    ];
    await insert([1, 1]);
    for (const [time, status] of ages) {
      const transform = openTransform(database.sql, { projectDir: folder.path, now: () => new Date(time) });
      expect(await transform.freshness()).toMatchObject([{ name: "raw.items", status }]);
    }
    await database.sql`truncate items`;
    const empty = openTransform(database.sql, { projectDir: folder.path });
    expect(await empty.freshness()).toMatchObject([{ status: "error", maxLoadedAt: null }]);
  });
});

/** Asks until there is a row; each question is an answer from the server, so no clock is involved. */
async function untilRow<T>(ask: () => Promise<T[]>): Promise<T[]> {
  for (;;) {
    const rows = await ask();
    if (rows.length > 0) return rows;
  }
}
