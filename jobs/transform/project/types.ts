import type { Relation } from "../../../db/quote.ts";

export { literal, quoteIdentifier, quoteRelation, type Relation } from "../../../db/quote.ts";

/** A constraint as a contract states it, of a column or of several. */
export type Constraint = {
  type: "check" | "not_null" | "unique" | "primary_key" | "foreign_key" | "custom";
  name: string | undefined;
  /** Of a check its condition; of a foreign key in the older form what follows `references`. */
  expression: string | undefined;
  /** Of a constraint of the whole table. */
  columns: string[];
  /** Of a foreign key: the other table, `ref('x')`, and its columns. */
  to: string | undefined;
  toColumns: string[];
};

export type Column = {
  name: string;
  description: string;
  dataType?: string;
  /** Whether tests and contracts write the name in quotes. */
  quote?: boolean;
  constraints?: Constraint[];
};
export type Severity = "error" | "warn";
export type ResourceType = "model" | "seed" | "snapshot";
type Materialization = "view" | "table" | "incremental" | "ephemeral" | "seed" | "snapshot";
type IndexConfig = { columns: string[]; unique: boolean; type: string | undefined };
type IncrementalStrategy = "append" | "delete+insert" | "merge" | "microbatch";
type SchemaChange = "ignore" | "fail" | "append_new_columns" | "sync_all_columns";

/** Of the strategy microbatch: its periods, each built and written by itself. */
export type MicrobatchConfig = {
  eventTime: string;
  batchSize: "hour" | "day" | "month" | "year";
  /** The first moment of the model's whole. */
  begin: Date;
  /** Periods before the present one that each build looks at again. */
  lookback: number;
};

export type SeedConfig = {
  /** Types by column name, over those that the values tell. */
  columnTypes: Record<string, string>;
  quoteColumns: boolean;
  delimiter: string;
};

/** Names of the columns that a snapshot adds. */
type SnapshotColumns = Record<"dbt_scd_id" | "dbt_updated_at" | "dbt_valid_from" | "dbt_valid_to", string>;

export type SnapshotConfig = {
  strategy: "timestamp" | "check";
  /** Of the strategy timestamp; of check where given, else the moment of the build. */
  updatedAt: string | undefined;
  /** Of the strategy check. */
  checkColumns: "all" | string[];
  /** What becomes of a row that the source no longer has. */
  hardDeletes: "ignore" | "invalidate";
  /** An SQL expression for the end of a row that is current, instead of null. */
  validToCurrent: string | undefined;
  columns: SnapshotColumns;
};

export type ModelConfig = {
  materialized: Materialization;
  /** What tells one row from another; empty in an incremental model whose rows are only added. */
  uniqueKey: string[];
  strategy: IncrementalStrategy;
  /** Of the strategy merge: the columns that a match overwrites; all where undefined. */
  mergeUpdateColumns: string[] | undefined;
  mergeExcludeColumns: string[];
  /** Further conditions on the rows that a match may be with. */
  incrementalPredicates: string[];
  /** What becomes of columns that come or go; as stated, for then dbt's way is what is asked for. */
  onSchemaChange: SchemaChange | undefined;
  microbatch: MicrobatchConfig | undefined;
  /** The column that says when a row happened, by which a microbatch model that reads it takes its share. */
  eventTime: string | undefined;
  /** Whether columns and types are declared, and held to. */
  contract: boolean;
  /** Roles that may do something, by privilege; undefined leaves all as it is. */
  grants: Record<string, string[]> | undefined;
  indexes: IndexConfig[];
  /** An incremental model with fewer rows than this share of its largest source's is built whole; 0: never for that. */
  rebuildBelow: number;
  /** An incremental model whose whole equals its increments, so that it is built whole when its text changes. */
  rebuildWhenChanged: boolean | undefined;
  /** An incremental model that is built whole wherever a table that it reads is. */
  rebuildAfterParents: boolean;
  /** The column by whose values a whole build may be divided among processes, and the model that has all of them. */
  independentBy: { column: string; keysOf: string } | undefined;
  /** In a distributed warehouse, the column by which the model's rows lie on the shards, where they are computed. */
  distributedBy: "ticker" | undefined;
  /**
   * In a distributed warehouse: computed on the shards, and kept on the coordinator. By ticker, each shard's own are taken; by security,
   * equal rows of several shards are one. `own`: what its query sees there of the rows that stand, all or the greatest value of each column.
   */
  gatheredBy: { column: "ticker" | "security_id"; own: "rows" | "greatest" } | undefined;
  /** False: never built whole for being asked to; true: always. */
  fullRefresh: boolean | undefined;
  enabled: boolean;
  tags: string[];
  preHooks: string[];
  postHooks: string[];
  seed: SeedConfig | undefined;
  snapshot: SnapshotConfig | undefined;
  /** All that was said, for `config.get` and manifest.json. */
  values: Record<string, unknown>;
};

/** What is built and what `ref` can name: a model, a seed or a snapshot. */
export type Model = {
  name: string;
  resourceType: ResourceType;
  /** As dbt has it: `model.barline.fct_x`. */
  uniqueId: string;
  /** The project or installed package that it is of. */
  package: string;
  /** Package, folders and name, by which dbt selects. */
  fqn: string[];
  /** Where it is published. */
  relation: Relation;
  /** Path in the project, for messages. */
  path: string;
  /** The query as written, or a seed's rows; the line on which it begins. */
  text: string;
  line: number;
  description: string;
  columns: Column[];
  /** Of its contract, on several columns. */
  constraints: Constraint[];
  config: ModelConfig;
  /** Names of the models, then `source.table` of the sources, that it reads. */
  dependsOn: string[];
};

/** How old the newest row of a source may be, in milliseconds, before it is a warning or an error. */
export type Freshness = {
  warnAfterMs: number | undefined;
  errorAfterMs: number | undefined;
  filter: string | undefined;
};

export type Source = {
  /** As `source.table`. */
  name: string;
  uniqueId: string;
  package: string;
  fqn: string[];
  path: string;
  relation: Relation;
  description: string;
  columns: Column[];
  tags: string[];
  /** As of a model. */
  eventTime: string | undefined;
  loadedAtField: string | undefined;
  freshness: Freshness | undefined;
};

/** What a data test asserts; a generic one of a column, or a query of its own that should find nothing. */
export type Assertion =
  | { kind: "unique" | "not_null"; column: string }
  | { kind: "accepted_values"; column: string; values: string[]; quote: boolean }
  | { kind: "relationships"; column: string; to: string; field: string }
  /** A generic test of the project's own: `test_<macro>`, with what it is given. */
  | { kind: "custom"; macro: string; given: Record<string, unknown> }
  | { kind: "singular"; text: string };

export type TestConfig = {
  severity: Severity;
  where: string | undefined;
  enabled: boolean;
  /** At most so many failing rows are looked for. */
  limit: number | undefined;
  /** Comparisons of what `failCalc` gives: `!= 0`, `> 10`. */
  warnIf: string;
  errorIf: string;
  /** What counts as the number of failures, an aggregate over the failing rows. */
  failCalc: string;
  storeFailures: "table" | "view" | undefined;
  tags: string[];
  /** Whether a row that passed once needs no further look while it stays as it is. */
  judgesRows: boolean;
  values: Record<string, unknown>;
};

export type DataTest = {
  name: string;
  /** Where failing rows are stored: by the name, or a short one with a hash where Postgres could not hold it. */
  relation: Relation;
  uniqueId: string;
  package: string;
  fqn: string[];
  kind: "generic" | "singular";
  path: string;
  description: string;
  /** The model or source (`source.table`) that it tests; of a singular test the last model that it reads, or nothing. */
  subject: string;
  column: string | undefined;
  assertion: Assertion;
  config: TestConfig;
  /** Models that it reads: it runs once they all stand. */
  dependsOn: string[];
};

/** Rows that stand for a relation in a unit test: by column, or as a query. */
export type Fixture = { rows: Record<string, unknown>[] } | { sql: string };

/** A unit test of a model: what it answers on given rows. */
export type UnitTest = {
  name: string;
  uniqueId: string;
  package: string;
  fqn: string[];
  path: string;
  line: number;
  description: string;
  model: string;
  /** By what the model reads: a model's name, `source.table`, or `this`. */
  given: Map<string, Fixture>;
  expect: Fixture;
  overrides: { macros: Record<string, unknown>; vars: Record<string, unknown>; env_vars: Record<string, string> };
  tags: string[];
};

/** A statement of dbt_project.yml, and the package whose it is. */
export type ProjectHook = { path: string; package: string; text: string };

/** One criterion, or several that add up or must all hold; less those of `exclude`. */
export type Choice =
  | { criterion: string }
  | { union: Choice[]; exclude: Choice[] }
  | { intersection: Choice[]; exclude: Choice[] };
export type Selectors = { byName: Map<string, Choice>; standard: string | undefined };

export type Project = {
  name: string;
  /** Where it is built; models with a schema of their own, and failing rows, beside it. */
  schema: string;
  /** Models, seeds and snapshots in an order in which each comes after those that it reads. */
  models: Model[];
  sources: Source[];
  tests: DataTest[];
  unitTests: UnitTest[];
  /** SQL to run before and after all of a build. */
  onRunStart: ProjectHook[];
  onRunEnd: ProjectHook[];
  /** What selectors.yml calls a choice of nodes, and which of them is meant where none is. */
  selectors: Selectors;
  macros: { name: string; path: string; text: string; package: string }[];
};
