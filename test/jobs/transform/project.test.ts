import { afterEach, describe, expect, test } from "bun:test";
import { PermanentError } from "../../../jobs/orchestrator/errors.ts";
import { publishedRelation } from "../../../jobs/transform/project/compile.ts";
import { selectModels } from "../../../jobs/transform/project/graph.ts";
import { loadProject } from "../../../jobs/transform/project/load.ts";
import { createProjectFolder, type ProjectFolder, warehouseDir } from "./support.ts";

let folder: ProjectFolder | undefined;
afterEach(() => folder?.remove());

function load(
  files: Record<string, string>,
  options: { variables?: object; environment?: Record<string, string> } = {},
) {
  folder?.remove();
  folder = createProjectFolder(files);
  return loadProject({
    projectDir: folder.path,
    variables: { ...options.variables },
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
  return compiler.render(model.path, model.text, {
    relationOf: publishedRelation,
    self: publishedRelation(name),
    incremental,
  });
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

  test("takes the incremental branch only in an incremental build, and knows what either reads", () => {
    const files = {
      "models/a.sql": "select 1 as n",
      "models/b.sql":
        "{{ config(materialized='incremental') }}{% if is_incremental() %}select 2 from {{ ref('a') }}{% else %}select 1{% endif %}",
    };
    expect(compiled(files, "b")).toBe("select 1");
    expect(compiled(files, "b", { incremental: true })).toBe('select 2 from "public"."a"');
    expect(load(files).project.models.find(({ name }) => name === "b")?.dependsOn).toEqual(["a"]);
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
    expect(project.tests.map(({ name, severity, where }) => [name, severity, where ?? null])).toEqual([
      ["unique_a_id", "error", null],
      ["not_null_a_id", "warn", "id > 0"],
      ["accepted_values_a_id__1__2", "error", null],
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
    const { models } = load(files).project;
    const chosen = (...select: string[]) => [...selectModels(models, select)].sort().join("");
    expect([chosen("b"), chosen("+b"), chosen("b+"), chosen("+b+"), chosen("z c")]).toEqual([
      "b",
      "ab",
      "bc",
      "abc",
      "cz",
    ]);
    expect(() => chosen("nobody")).toThrow("there is no model 'nobody'");
    expect(() => chosen("tag:nightly")).toThrow("'tag:nightly' is not supported");
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
    ["run_query", { "models/a.sql": "select {{ run_query('x') }}" }, "run_query is not supported yet"],
    ["the adapter", { "models/a.sql": "select {{ adapter.quote('x') }}" }, "adapter is not supported yet"],
    ["a call block", { "models/a.sql": "{% do x.y() %}select 1" }, "the Jinja block {% do %} is not supported yet"],
    [
      "a generic test of one's own",
      { ...model, "macros/t.sql": "{% test positive(model) %}select 1{% endtest %}" },
      "macros/t.sql:1: the Jinja block {% test %}",
    ],
    [
      "a changed schema name",
      { ...model, "macros/g.sql": "{% macro generate_schema_name(x) %}y{% endmacro %}" },
      "the macro generate_schema_name",
    ],
    [
      "a hook",
      { "models/a.sql": "{{ config(pre_hook='vacuum') }}select 1" },
      "models/a.sql: the config pre_hook is not supported yet",
    ],
    [
      "a project hook",
      { ...model, "dbt_project.yml": "name: shop\non-run-start: [select 1]" },
      "dbt_project.yml: `on-run-start` is not supported yet",
    ],
    [
      "a strategy",
      { "models/a.sql": "{{ config(incremental_strategy='merge') }}select 1" },
      'incremental_strategy="merge" is not supported',
    ],
    [
      "a materialization",
      { "models/a.sql": "{{ config(materialized='materialized_view') }}select 1" },
      'materialized="materialized_view"',
    ],
    ["a Python model", { "models/a.py": "" }, "models/a.py: a Python model is not supported yet"],
    ["a snapshot", { ...model, "snapshots/s.sql": "" }, "snapshots/s.sql: a snapshot is not supported yet"],
    ["a seed", { ...model, "seeds/s.csv": "" }, "seeds/s.csv: a seed is not supported yet"],
    ["packages", { ...model, "packages.yml": "" }, "packages.yml: installing packages"],
    [
      "an unknown test",
      { ...model, "models/p.yml": "models: [{name: a, columns: [{name: n, tests: [positive]}]}]" },
      "the generic test positive of a",
    ],
    [
      "stored failures",
      {
        ...model,
        "models/p.yml":
          "models: [{name: a, columns: [{name: n, tests: [{unique: {config: {store_failures: true}}}]}]}]",
      },
      "store_failures=true",
    ],
    [
      "an unknown property",
      { ...model, "models/p.yml": "models: [{name: a, colums: []}]" },
      "models/p.yml: `colums` in models.0",
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
