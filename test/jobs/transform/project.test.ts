import { afterEach, describe, expect, test } from "bun:test";
import { PermanentError } from "../../../jobs/orchestrator/errors.ts";
import { loadProject } from "../../../jobs/transform/project/load.ts";
import { selectNodes } from "../../../jobs/transform/project/selection.ts";
import { createProjectFolder, type ProjectFolder, warehouseDir } from "./support.ts";

let folder: ProjectFolder | undefined;
afterEach(() => folder?.remove());

function load(
  files: Record<string, string>,
  options: { variables?: object; environment?: Record<string, string>; refusesUndefined?(): boolean } = {},
) {
  folder?.remove();
  folder = createProjectFolder(files);
  return loadProject({
    projectDir: folder.path,
    variables: { ...options.variables },
    ...(options.refusesUndefined && { refusesUndefined: options.refusesUndefined }),
    environment: options.environment ?? {},
  });
}

function compiled(
  files: Record<string, string>,
  name: string,
  options: Parameters<typeof load>[1] & { incremental?: boolean } = {},
) {
  const { project, compiler } = load(files, options);
  const model = project.models.find((candidate) => candidate.name === name);
  if (!model) throw new Error(`no model ${name}`);
  const { incremental = false } = options;
  return compiler.renderModel(model, { incremental });
}

function refusal(files: Record<string, string>): string {
  try {
    load(files);
  } catch (error) {
    if (error instanceof PermanentError) return error.message;
    throw error;
  }
  return "accepted";
}

describe("rendering", () => {
  test("resolves ref, source, this, var, env_var, target and macros of other files", () => {
    const sql = compiled(
      {
        "models/a.sql": "select 1 as n",
        "models/b.sql":
          "select {{ var('days', 3) }}, '{{ env_var('REGION', 'us') }}', '{{ target.schema }}', {{ double('n') }} from {{ ref('a') }}, {{ source('raw', 'items') }}, {{ this }}",
        "models/s.yml": "sources: [{name: raw, schema: lake, tables: [{name: items}]}]",
        "macros/double.sql": "{% macro double(column) %}{{ twice() }} * {{ column }}{% endmacro %}",
        "macros/twice.sql": "{% macro twice() -%} {{ var('factor') }} {%- endmacro %}",
      },
      "b",
      { variables: { factor: 2 }, environment: { REGION: "eu" } },
    );
    expect(sql).toBe(`select 3, 'eu', 'public', 2 * n from "public"."a", "lake"."items", "public"."b"`);
  });

  test("takes the incremental branch only in an incremental build, which may read what is known without it", () => {
    const incremental = `{{ config(materialized='incremental') }}{% if is_incremental() %}select 2 from {{ ref('a') }}{% else %}select 1{% endif %}`;
    const files = { "models/a.sql": "select 1 as n", "models/b.sql": `-- depends_on: {{ ref('a') }}\n${incremental}` };
    expect(compiled(files, "b")).toContain("select 1");
    expect(compiled(files, "b", { incremental: true })).toContain('select 2 from "public"."a"');
    expect(load(files).project.models.find(({ name }) => name === "b")?.dependsOn).toEqual(["a"]);
    const hidden = { ...files, "models/b.sql": incremental };
    const { project, compiler } = load(hidden);
    const scope = { incremental: true };
    expect(() => project.models.map((model) => compiler.renderModel(model, scope))).toThrow(
      "models/b.sql:1: reads 'a' only while it is built",
    );
  });

  test("is parsed as what is no incremental build, and goes on where nothing is known yet", () => {
    const { project } = load({
      "models/a.sql": `{{ config(materialized='incremental', tags=['later'] if is_incremental() else ['first']) }}
select '{{ run_query("select 1").columns[0].values()[0] }}' as n`,
    });
    expect(project.models[0]?.config.tags).toEqual(["first"]);
  });

  test("gives variables of dbt_project.yml as they are written", () => {
    const files = {
      "dbt_project.yml":
        "name: shop\nvars: {ratio: 1.0, large: 9223372036854775807, some: [2.50, 3], text: '{{ 1 + 1 }}'}",
      "models/a.sql": "select {{ var('ratio') }}, {{ var('large') }}, {{ var('some') }}, {{ var('text') }}",
    };
    expect(compiled(files, "a")).toBe("select 1.0, 9223372036854775807, [2.5, 3], 2");
  });

  test("prints nothing for what is not defined, as dbt does, and refuses it where it is told to", () => {
    const files = { "models/a.sql": "select 1{{ nobody }}" };
    expect(compiled(files, "a")).toBe("select 1");
    expect(() => load(files, { refusesUndefined: () => true })).toThrow("models/a.sql:1: 'nobody' is not defined");
  });

  test("escapes nothing: quotes and operators reach Postgres as written", () => {
    expect(compiled({ "models/a.sql": "select {{ \"'<&>'\" }}" }, "a")).toBe("select '<&>'");
  });

  test("puts ephemeral models, and those that they read, before the query", () => {
    const ephemeral = "{{ config(materialized='ephemeral') }}";
    const files = {
      "models/a.sql": `${ephemeral}select 1 as n`,
      "models/b.sql": `${ephemeral}select n from {{ ref('a') }}`,
      "models/c.sql": "with x as (select 1) select n from {{ ref('b') }}",
    };
    expect(compiled(files, "c").replace(/\s+/g, " ")).toBe(
      "with __dbt__cte__a as ( select 1 as n ), __dbt__cte__b as ( select n from __dbt__cte__a ) select * from ( with x as (select 1) select n from __dbt__cte__b ) as compiled",
    );
  });
});

describe("configuration", () => {
  test("goes from dbt_project.yml over YAML properties to the model itself, the strongest last", () => {
    const { project } = load({
      "dbt_project.yml":
        "name: shop\nmodels:\n  shop:\n    +materialized: table\n    marts:\n      +materialized: incremental\n      +unique_key: id",
      "models/a.sql": "select 1 as id",
      "models/marts/b.sql": "select 1 as id",
      "models/marts/c.sql": "{{ config(unique_key=['x', 'y']) }}select 1 as id",
      "models/marts/p.yml": "models: [{name: b, config: {materialized: view}}]",
    });
    const configs = Object.fromEntries(
      project.models.map(({ name, config }) => [name, [config.materialized, config.uniqueKey]]),
    );
    expect(configs).toEqual({ a: ["table", []], b: ["view", ["id"]], c: ["incremental", ["x", "y"]] });
  });

  test("takes what a generic test says of itself over dbt_project.yml, and YAML over both", () => {
    const { project } = load({
      "dbt_project.yml": "name: shop\ndata_tests: {+severity: error, +limit: 5}",
      "models/a.sql": "select 1 as n",
      "models/b.sql": "select 1 as n",
      "tests/generic/few.sql":
        "{% test few(model, column_name, most=1) %}{{ config(severity='warn', warn_if='>' ~ most) }}select * from {{ model }} where {{ column_name }} > {{ most }} and {{ ref('b') }} is not null{% endtest %}",
      "models/a.yml":
        "models: [{name: a, columns: [{name: n, data_tests: [few, few: {name: strict, arguments: {most: 2}, config: {severity: error}}]}]}]",
    });
    expect(project.tests.map(({ config: { severity, warnIf, limit } }) => ({ severity, warnIf, limit }))).toEqual([
      { severity: "warn", warnIf: ">1", limit: 5 },
      { severity: "error", warnIf: ">2", limit: 5 },
    ]);
    expect(project.tests[0]?.dependsOn).toEqual(["a", "b"]);
  });

  test("renders Jinja in what YAML says of sources and columns", () => {
    const { project } = load(
      {
        "dbt_project.yml": "name: shop\nvars: {place: lake}",
        "models/a.sql": "select 1 as n",
        "models/s.yml": `
sources:
  - name: raw
    schema: "{{ var('place') }}_{{ target.type }}"
    config: {enabled: "{{ var('place') == 'lake' }}"}
    tables: [{name: items, identifier: "{{ env_var('ITEMS') }}", description: "of {{ var('place') }}"}]
models: [{name: a, columns: [{name: n, data_type: "{{ 'int' ~ 8 }}"}]}]`,
      },
      { environment: { ITEMS: "items_v2" } },
    );
    expect(project.sources[0]).toMatchObject({
      relation: { schema: "lake_postgres", identifier: "items_v2" },
      description: "of lake",
    });
    expect(project.models[0]?.columns[0]?.dataType).toBe("int8");
  });

  test("gives generic tests dbt's names, in the old form and the new", () => {
    const { project } = load({
      "models/a.sql": "select 1 as id",
      "models/p.yml": `
models:
  - name: a
    columns:
      - name: id
        tests: [unique]
        data_tests:
          - not_null: {config: {severity: warn, where: "id > 0"}}
          - accepted_values: {arguments: {values: [1, 2], quote: false}}
          - relationships: {to: ref('a'), field: id}`,
    });
    expect(project.tests.map(({ name, config: { severity, where } }) => [name, severity, where ?? null])).toEqual([
      ["unique_a_id", "error", null],
      ["not_null_a_id", "warn", "id > 0"],
      ["accepted_values_a_id__False__1__2", "error", null],
      ["relationships_a_id__id__ref_a_", "error", null],
    ]);
  });
});

describe("order and selection", () => {
  const files = {
    "models/c.sql": "select * from {{ ref('b') }}",
    "models/b.sql": "select * from {{ ref('a') }}",
    "models/a.sql": "select 1 as n",
    "models/z.sql": "select * from {{ ref('a') }}",
  };

  test("come from ref, and by name where ref leaves it open", () => {
    expect(load(files).project.models.map(({ name }) => name)).toEqual(["a", "b", "c", "z"]);
  });

  test("follow + before and after a name", () => {
    const { project } = load(files);
    const chosen = (...select: string[]) => [...selectNodes(project, { select }).models].sort().join("");
    expect([chosen("b"), chosen("+b"), chosen("b+"), chosen("+b+"), chosen("z c")]).toEqual([
      "b",
      "ab",
      "bc",
      "abc",
      "cz",
    ]);
    expect(() => chosen("nobody")).toThrow("'nobody' selects nothing");
    expect(() => chosen("state:modified")).toThrow("the method 'state:' in 'state:modified' is not supported");
  });
});

describe("refusals", () => {
  const model = { "models/a.sql": "select 1 as n" };
  const cases: [string, Record<string, string>, string][] = [
    [
      "a cycle",
      { "models/a.sql": "select * from {{ ref('b') }}", "models/b.sql": "select * from {{ ref('a') }}" },
      "circle: a -> b -> a",
    ],
    [
      "an unknown model",
      { "models/a.sql": "select 1\nfrom {{ ref('nobody') }}" },
      "models/a.sql:2: reads the model 'nobody'",
    ],
    ["an unknown source", { "models/a.sql": "select 1 from {{ source('x', 'y') }}" }, "reads the source 'x.y'"],
    ["a missing variable", { "models/a.sql": "select {{ var('days') }}" }, "var 'days' has no value"],
    [
      "a missing environment variable",
      { "models/a.sql": "select {{ env_var('DAYS') }}" },
      "models/a.sql:1: env_var 'DAYS' has no value",
    ],
    ["an unknown function", { "models/a.sql": "select {{ dbt_utils.star('a') }}" }, "models/a.sql:1"],
    [
      "what dbt's adapter does beyond reading",
      { "models/a.sql": "select 1\n{{ adapter.rename_relation(this, this) }}" },
      "models/a.sql:2: adapter.rename_relation is not supported yet",
    ],
    [
      "a version",
      { "models/a.sql": "select * from {{ ref('a', v=2) }}" },
      "ref() of a version (v=) is not supported yet",
    ],
    ["a Jinja block", { "models/a.sql": "\n{% include 'x' %}" }, "models/a.sql:2: the Jinja block {% include %}"],
    [
      "a block without its end",
      { "models/a.sql": "\n{% if true %}\nselect 1" },
      "models/a.sql:2: {% endif %} is missing",
    ],
    [
      "what a macro is not made for",
      { ...model, "models/b.sql": "{{ m(1) }}", "macros/m.sql": "\n{% macro m() %}{% endmacro %}" },
      "macros/m.sql:2: 'm' takes 0 values, and is given 1",
    ],
    [
      "a changed database name",
      { ...model, "macros/g.sql": "{% macro generate_database_name(x) %}y{% endmacro %}" },
      "macros/g.sql:1: the macro generate_database_name",
    ],
    [
      "a header of SQL",
      { "models/a.sql": "\n{{ config(sql_header='set x = 1') }}select 1" },
      "models/a.sql:2: the config sql_header is not supported yet",
    ],
    [
      "versions of a model",
      { ...model, "models/p.yml": "models:\n  - name: a\n    latest_version: 1" },
      "models/p.yml:3: `latest_version` in models.0 is not supported yet",
    ],
    [
      "a setting of a folder",
      { ...model, "dbt_project.yml": "name: shop\nmodels: {+transient: true}" },
      "dbt_project.yml, for models/a.sql: the config transient is not supported yet",
    ],
    [
      "a strategy",
      { "models/a.sql": "{{ config(incremental_strategy='insert_overwrite') }}select 1" },
      'models/a.sql:1: the config incremental_strategy="insert_overwrite" is not supported',
    ],
    [
      "a materialization",
      { "models/a.sql": "{{ config(materialized='materialized_view') }}select 1" },
      'materialized="materialized_view"',
    ],
    ["a Python model", { "models/a.py": "" }, "models/a.py: a Python model is not supported yet"],
    [
      "a snapshot without a strategy",
      { ...model, "snapshots/s.sql": "{% snapshot s %}{{ config(unique_key='n') }}select 1 as n{% endsnapshot %}" },
      "snapshots/s.sql:1: the snapshot names no strategy",
    ],
    [
      "rows for what is deleted",
      {
        ...model,
        "snapshots/s.yml":
          "snapshots:\n  - {name: s, relation: ref('a'), config: {strategy: check, check_cols: all, unique_key: n, hard_deletes: new_record}}",
      },
      'snapshots/s.yml:2: the config hard_deletes="new_record" is not supported',
    ],
    [
      "packages that are not there",
      { ...model, "packages.yml": "" },
      "packages.yml: asks for packages, and none is in",
    ],
    [
      "an unknown test",
      { ...model, "models/p.yml": "models: [{name: a, columns: [{name: n, tests: [positive]}]}]" },
      "models/p.yml:1: the generic test positive of a",
    ],
    [
      "an unknown property",
      { ...model, "models/p.yml": "models: [{name: a, colums: []}]" },
      "models/p.yml:1: `colums` in models.0 is not supported yet",
    ],
    ["YAML that is none", { ...model, "models/p.yml": "models:\n  - name: a\n   x: [" }, "models/p.yml:"],
    ["properties without a model", { ...model, "models/p.yml": "models: [{name: b}]" }, "describes the model 'b'"],
    ["a name used twice", { ...model, "models/x/a.sql": "select 2" }, "'a' is there twice"],
    [
      "a disabled model that is read",
      { "models/a.sql": "{{ config(enabled=false) }}select 1", "models/b.sql": "select * from {{ ref('a') }}" },
      "reads the model 'a', which is disabled",
    ],
  ];
  test.each(cases)("name %s and its file", (_, files, message) => {
    expect(refusal(files)).toContain(message);
  });

  test("do not touch the warehouse project: every model has a description, and every column of it", () => {
    const { project } = loadProject({ projectDir: warehouseDir, variables: {}, environment: {} });
    expect(project.models.map(({ name }) => name)).toContain("fct_polygon__stock_bars_performance");
    for (const { description, columns } of [...project.models, ...project.sources]) {
      expect(description).not.toBe("");
      expect(columns.filter((column) => column.description === "")).toEqual([]);
    }
  });
});
