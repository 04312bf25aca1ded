import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createTestDatabase } from "../../support/database.ts";
import { goodFiles, marketDigest, openWorkspaceBench, publishMarket, season, type WorkspaceBench } from "./support.ts";

setDefaultTimeout(120_000);

const database = await createTestDatabase();
const { sql } = database;
let bench: WorkspaceBench;
beforeAll(() => publishMarket(database, season(5)));
beforeEach(() => {
  bench = openWorkspaceBench(database);
});
afterEach(async () => {
  for (const name of await ownNames()) await sql`delete from barline.workspace_relations where name = ${name}::text`;
  await sql`truncate barline.workspace_groups, barline.workspace_nodes, barline.workspace_readings`;
  for (const name of ["dear", "closes", "sectors", "elsewhere", "history"])
    await sql`drop table if exists ${sql(`public.${name}`)} cascade`.catch(
      () => sql`drop view ${sql(`public.${name}`)} cascade`,
    );
  await bench.close();
});
afterAll(() => database.drop());

const ownNames = async () =>
  (await sql<{ name: string }[]>`select name from barline.workspace_relations order by name`).map(({ name }) => name);
const count = async (table: string) =>
  (await sql<{ rows: number }[]>`select count(*)::int as rows from ${sql(`public.${table}`)}`)[0]?.rows;
const kindOf = async (table: string) =>
  (await sql<{ kind: string }[]>`select relkind as kind from pg_class where oid = to_regclass(${`public.${table}`})`)[0]
    ?.kind ?? null;

describe("a group", () => {
  test("is built on what is published, tested, and published with what its columns are", async () => {
    bench.write(goodFiles);
    expect(await bench.states()).toEqual(["closes: published"]);
    expect(await count("closes")).toBe(10);
    expect(await count("dear")).toBe(2);
    const relations =
      await sql`select name, schema, relation, grain, description, columns, group_name from barline.workspace_relations order by name`;
    const column = (name: string, kind: string | null, sqlType: string, description = "") => ({
      ...{ name, kind, sqlType, description },
    });
    expect([...relations] as unknown[]).toEqual([
      {
        ...{ name: "closes", schema: "public", relation: "closes", grain: "ticker_session", group_name: "closes" },
        description: "What things cost.",
        columns: [
          column("ticker", "text", "text"),
          column("trade_date", null, "date"),
          column("close_price", "number", "numeric", "The price."),
          column("is_high", "boolean", "boolean"),
        ],
      },
      {
        ...{ name: "dear", schema: "public", relation: "dear", grain: "ticker", group_name: "closes", description: "" },
        columns: [column("ticker", "text", "text"), column("dearest", "number", "numeric")],
      },
    ]);
    const view = await bench.view();
    expect(view.isCurrent).toBe(true);
    expect(view.groups.map(({ name, state, isCurrent }) => ({ name, state, isCurrent }))).toEqual([
      { name: "closes", state: "published", isCurrent: true },
    ]);
    expect(
      view.groups[0]?.nodes.map(({ id, state, rows, published }) => [id, state, rows, published?.as ?? null]),
    ).toEqual([
      ["model.workspace.closes", "published", 10, "public.closes"],
      ["model.workspace.dear", "published", null, "public.dear"],
      [expect.stringMatching(/^test\.workspace\.not_null_closes_ticker/), "published", null, null],
    ]);
    expect(view.groups[0]?.nodes[0]).toMatchObject({
      testsPassed: 1,
      testsFailed: 0,
      dependsOn: ["fct_polygon__stock_bars_performance"],
    });
  });

  test("whose rows repeat by what would key it says so, and is offered nowhere", async () => {
    bench.write({
      "models/closes.sql":
        "select ticker, trade_date from {{ ref('fct_polygon__stock_bars_performance') }} union all select 'AAA', '2018-01-02'",
    });
    expect(await bench.states()).toEqual(["closes: published"]);
    expect((await sql`select grain from barline.workspace_relations`)[0]?.grain).toBe("other");
    expect((await bench.view()).groups[0]?.nodes[0]?.note).toContain("(ticker, trade_date)");
  });

  test("has the indexes that pages look its rows up by, once, and its own in their place", async () => {
    const of = (more: string) => `{{ config(materialized='table'${more}) }}
      select ticker, trade_date, close_price from {{ ref('fct_polygon__stock_bars_performance') }}`;
    const indexes = async () =>
      (
        await sql<{ definition: string }[]>`
          select regexp_replace(indexdef, ' INDEX .* USING btree', '') as definition from pg_indexes
          where schemaname = 'public' and tablename = 'closes' order by 1`
      ).map(({ definition }) => definition);
    bench.write({ "models/closes.sql": of("") });
    await bench.run();
    await bench.run();
    expect(await indexes()).toEqual(["CREATE (trade_date)", "CREATE UNIQUE (ticker, trade_date)"]);
    const own = ", indexes=[{'columns': ['trade_date', 'ticker'], 'unique': true}]";
    bench.write({ "models/closes.sql": of(own) });
    await bench.run();
    expect(await indexes()).toEqual(["CREATE UNIQUE (trade_date, ticker)"]);
    bench.write({
      "models/closes.sql": `{{ config(materialized='incremental', unique_key=['ticker', 'trade_date']) }}
        select ticker, trade_date, close_price from {{ ref('fct_polygon__stock_bars_performance') }}`,
    });
    await bench.run({ fullRefresh: true });
    await bench.run();
    expect(await indexes()).toEqual(["CREATE (ticker, trade_date)", "CREATE (trade_date)"]);
  });

  test("is left alone where only others changed, and built again where data or its own files did", async () => {
    bench.write({ ...goodFiles, "seeds/sectors.csv": "ticker,sector\nAAA,Mining\n" });
    expect(await bench.states({ onlyChanged: true })).toEqual(["closes: published", "sectors: published"]);
    expect(await bench.states({ onlyChanged: true })).toEqual([]);
    bench.write({ "seeds/sectors.csv": "ticker,sector\nAAA,Fishing\n" });
    expect(await bench.states({ onlyChanged: true })).toEqual(["sectors: published"]);
    expect((await sql`select sector from public.sectors`)[0]?.sector).toBe("Fishing");
    expect(await bench.states()).toEqual(["closes: published", "sectors: published"]);
  });

  test("that is no longer there is dropped, and what the workspace did not publish is not", async () => {
    await sql`create table public.elsewhere (x int)`;
    bench.write(goodFiles);
    await bench.run();
    bench.write({ "models/dear.sql": null, "models/closes.sql": null, "models/closes.yml": null });
    expect((await bench.run()).dropped.sort()).toEqual(["closes", "dear"]);
    expect([await kindOf("closes"), await kindOf("dear"), await kindOf("elsewhere")]).toEqual([null, null, "r"]);
    expect([
      await ownNames(),
      (await bench.view()).groups,
      [...(await sql`select from barline.workspace_groups`)],
    ]).toEqual([[], [], []]);
  });

  test("that is gone stays while somebody's own view reads it", async () => {
    bench.write(goodFiles);
    await bench.run();
    await sql`create view public.elsewhere as select * from public.closes`;
    bench.write({ "models/dear.sql": null, "models/closes.sql": null, "models/closes.yml": null });
    expect((await bench.run()).dropped).toEqual(["dear"]);
    expect(await ownNames()).toEqual(["closes"]);
  });

  test("keeps what is published where the folder is away", async () => {
    bench.write(goodFiles);
    await bench.run();
    bench.builder.reading.folder = "/nonexistent/workspace";
    await bench.run();
    expect(await ownNames()).toEqual(["closes", "dear"]);
  });

  test("moves with its alias, and the old place is dropped", async () => {
    bench.write(goodFiles);
    await bench.run();
    bench.write({
      "models/dear.sql":
        "{{ config(alias='elsewhere') }} select ticker, max(close_price) as dearest from {{ ref('closes') }} group by ticker",
    });
    await bench.run();
    expect([await kindOf("dear"), await kindOf("elsewhere")]).toEqual([null, "v"]);
  });
});

describe("incremental models, snapshots, macros and variables", () => {
  test("work as those of the shipped project, and only for the workspace", async () => {
    bench.write({
      "dbt_project.yml":
        "vars:\n  dear_from: 60\nmodels:\n  workspace:\n    +materialized: incremental\n    +unique_key: [ticker, trade_date]\n",
      "macros/new_york_today.sql":
        "{% macro new_york_today() %}'1999-01-01'::date{% endmacro %}{% macro ref(name) %}nonsense{% endmacro %}",
      "models/closes.sql": `select ticker, trade_date, close_price, {{ new_york_today() }} as mine, {{ barline.new_york_today() }} as theirs
from {{ builtins.ref('fct_polygon__stock_bars_performance') }}
where close_price > {{ var('dear_from') }} {% if is_incremental() %} and trade_date > (select max(trade_date) from {{ this }}) {% endif %}`,
      "snapshots/history.sql": `{% snapshot history %}{{ config(unique_key='ticker', strategy='check', check_cols=['sector']) }}
select * from {{ builtins.ref('sectors') }}{% endsnapshot %}`,
      "seeds/sectors.csv": "ticker,sector\nAAA,Mining\n",
    });
    expect(await bench.states()).toEqual(["closes: published", "history: published"]);
    const before = await count("closes");
    const [row] = await sql`select mine::text, theirs::text from public.closes limit 1`;
    expect(row?.mine).toBe("1999-01-01");
    expect(row?.theirs).not.toBe("1999-01-01");
    const result = await bench.run();
    const closes = result.groups
      .flatMap(({ outcome }) => outcome.result?.models ?? [])
      .find(({ name }) => name === "closes");
    expect(closes?.action).toBe("unchanged");
    expect(await count("closes")).toBe(before ?? 0);
    bench.write({ "seeds/sectors.csv": "ticker,sector\nAAA,Fishing\n" });
    await bench.run();
    expect(await count("history")).toBe(2);
  });
});

describe("the market", () => {
  test("is the same with twenty broken things in the workspace as without, and so is the good group", async () => {
    const alone = await createTestDatabase();
    await publishMarket(alone, season(5));
    bench.write({ ...goodFiles, ...brokenFiles });
    const states = await bench.states();
    expect(states.filter((state) => !state.endsWith("failed"))).toEqual([
      ...["closes: published", "dim_tickers: refused", "in_place: refused", "own_schema: refused", "vendor: refused"],
    ]);
    expect(await count("closes")).toBe(10);
    for (const one of [database, alone]) await publishMarket(one, season(7), "2018-03-02");
    expect(await marketDigest(database)).toBe(await marketDigest(alone));
    await bench.run();
    expect(await count("closes")).toBe(14);
    await alone.drop();
  });

  test("is not held up by what is broken, of which each fault is told where it is", async () => {
    bench.write(brokenFiles);
    await bench.run();
    const { groups } = await bench.view();
    const faults = groups.flatMap(({ fault }) => (fault ? [`${fault.file}:${fault.line ?? ""} ${fault.message}`] : []));
    expect(faults.sort()).toEqual([
      "macros/torn.sql:1 a tag has no end",
      "models/bad.yml:3 Sequence item without - indicator at line 3, column 1:",
      "models/bad_jinja.sql:2 '%}' is not understood here",
      "models/binary.sql: is no text in UTF-8",
      "models/circle_a.sql: the models read each other in a circle: circle_a -> circle_b -> circle_a",
      "models/dim_tickers.sql: 'dim_tickers' is there already, in the project barline",
      "models/endless.sql:1 its loops go round more than 1000000 times",
      "models/failing.yml:5 1 row fails the test unique_failing_x",
      `models/in_place.sql: stands in "public"."dim_securities", as 'dim_securities' of models/marts/dim_securities.sql does`,
      "models/missing.sql:2 reads the model 'nowhere', which is not in the project",
      "models/own_schema.sql: would stand in the schema barline, which is not for models",
      "models/python.py: a Python model is not supported yet",
      "models/twice/closes_again.sql: 'closes_again' is there twice, also in models/other/closes_again.sql",
      "models/vendor.sql: would stand as source_polygon_stock_bars_daily; that name is for what the vendor sends",
      `models/wrong_sql.sql: column "nonsense" does not exist`,
      "seeds/torn.csv:2 a quote is opened and not closed",
      "tests/singular_fails.sql: 2 rows fail the test singular_fails",
    ]);
    const nodes = groups.flatMap((group) => group.nodes);
    const stateOf = (name: string) => nodes.find((node) => node.name === name)?.state;
    expect([stateOf("wrong_sql"), stateOf("reads_wrong"), stateOf("calls_torn"), stateOf("dim_tickers")]).toEqual([
      "failed",
      "skipped",
      "failed",
      "refused",
    ]);
  });

  test("keeps a table of somebody else's from being replaced", async () => {
    await sql`create table public.closes (mine int)`;
    bench.write(goodFiles);
    expect(await bench.states()).toEqual(["closes: refused"]);
    expect((await bench.view()).groups[0]?.fault?.message).toContain("which the workspace did not make");
    expect(await kindOf("closes")).toBe("r");
  });

  test("that has not been published yet is waited for", async () => {
    const empty = await createTestDatabase();
    const other = openWorkspaceBench(empty);
    other.write(goodFiles);
    expect(await other.states()).toEqual(["closes: waiting"]);
    await publishMarket(empty, season(5));
    expect(await other.states({ onlyChanged: true })).toEqual(["closes: published"]);
    await other.close();
    await empty.drop();
  });
});

const brokenFiles = {
  "models/bad_jinja.sql": "select 1 as x\n{% if %}",
  "models/bad_yaml.sql": "select 1 as x",
  "models/bad.yml": "models:\n  - name: bad_yaml\n   columns: [",
  "models/failing.sql": "select 1 as x union all select 1",
  "models/failing.yml": "models:\n  - name: failing\n    columns:\n      - name: x\n        data_tests: [unique]\n",
  "models/dim_tickers.sql": "select 1 as x",
  "models/circle_a.sql": "select * from {{ ref('circle_b') }}",
  "models/circle_b.sql": "select * from {{ ref('circle_a') }}",
  "models/missing.sql": "select * from\n{{ ref('nowhere') }}",
  "models/wrong_sql.sql": "select nonsense from {{ ref('dim_securities') }}",
  "models/reads_wrong.sql": "select * from {{ ref('wrong_sql') }}",
  "seeds/torn.csv": 'a,b\n1,"2\n',
  "models/in_place.sql": "{{ config(alias='dim_securities') }} select 1 as x",
  "models/vendor.sql": "{{ config(alias='source_polygon_stock_bars_daily') }} select 1 as x",
  "models/own_schema.sql": "{{ config(schema='x') }} select 1 as x",
  "macros/generate_schema_name.sql":
    "{% macro generate_schema_name(custom, node) %}{{ 'barline' if custom else 'public' }}{% endmacro %}",
  "macros/torn.sql": "{% macro torn(x) %}{{ x",
  "models/calls_torn.sql": "select {{ torn(1) }} as x",
  "models/binary.sql": new Uint8Array([0x73, 0x00, 0xff, 0xfe]),
  "models/python.py": "def model(dbt, session): pass",
  "models/endless.sql": "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}select 1 as x",
  "tests/singular_fails.sql": "select * from {{ ref('dim_securities') }}",
  "models/twice/closes_again.sql": "select 1 as x",
  "models/other/closes_again.sql": "select 2 as x",
};
