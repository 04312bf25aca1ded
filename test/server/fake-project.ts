import type { ProjectNode, ProjectSource, ProjectSummary } from "../../jobs/transform/transform.ts";
import { hostile } from "./sample.ts";

const bars = "polygon.source_polygon_stock_bars_daily";
const node: ProjectNode = {
  name: "",
  resourceType: "model",
  materialization: "view",
  testKind: null,
  severity: null,
  subject: null,
  description: "",
  columns: [],
  dependsOn: [],
  path: "",
  tags: [],
  tests: [],
  rawSql: null,
  compiledSql: "",
  assertion: null,
  where: null,
};

const source = (name: string, description: string): ProjectSource => ({
  name,
  description,
  columns: [{ name: "ticker", description: "The vendor’s symbol." }],
  path: "models/sources.yml",
  tests: [],
  loadedAtField: null,
  warnAfterMs: null,
  errorAfterMs: null,
});

/** A project small enough to see through: two sources, a model on each, one on both, and two tests of that. */
export const fakeProject: ProjectSummary = {
  name: "fake",
  sources: [
    { ...source(bars, "Unadjusted daily bars."), loadedAtField: "inserted_at", warnAfterMs: 86_400_000 },
    source("polygon.source_polygon_splits", "Stock splits."),
  ],
  nodes: [
    { ...node, name: "stg_bars", dependsOn: [bars], columns: [{ name: "ticker", description: hostile }] },
    { ...node, name: "stg_splits", materialization: "ephemeral", dependsOn: ["polygon.source_polygon_splits"] },
    {
      ...node,
      name: "fct_performance",
      materialization: "incremental",
      description: "The model fct_performance.",
      dependsOn: ["stg_bars", "stg_splits"],
      columns: [
        { name: "ticker", description: "The symbol." },
        { name: "moving_avg_20d", description: "Mean close of 20 bars." },
      ],
      path: "models/fct_performance.sql",
      tests: ["not_null_fct_performance_ticker", "no_jumps"],
      rawSql: "select * from {{ ref('stg_bars') }}",
      compiledSql: `select * from "public"."stg_bars"`,
    },
    {
      ...node,
      name: "not_null_fct_performance_ticker",
      resourceType: "test",
      materialization: null,
      testKind: "generic",
      severity: "error",
      subject: "fct_performance",
      dependsOn: ["fct_performance"],
      path: "models/models.yml",
      compiledSql: `select * from "public"."fct_performance" where ticker is null`,
      assertion: { kind: "not_null", column: "ticker" },
      where: "ticker <> 'X'",
    },
    {
      ...node,
      name: "no_jumps",
      resourceType: "test",
      materialization: null,
      testKind: "singular",
      severity: "warn",
      subject: "fct_performance",
      dependsOn: ["fct_performance"],
      path: "tests/no_jumps.sql",
      rawSql: "select * from {{ ref('fct_performance') }} where jump > 0.5",
      compiledSql: `select * from "public"."fct_performance" where jump > 0.5`,
      assertion: { kind: "singular", text: "select * from {{ ref('fct_performance') }} where jump > 0.5" },
    },
  ],
};
