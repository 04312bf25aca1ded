/** A relation in Postgres. As text it is the quoted name, ready for SQL. */
export type Relation = { schema: string; identifier: string };

export type Column = { name: string; description: string };
export type Severity = "error" | "warn";
export type Materialization = "view" | "table" | "incremental" | "ephemeral";
export type IndexConfig = { columns: string[]; unique: boolean; type: string | undefined };

export type ModelConfig = {
  materialized: Materialization;
  /** What tells one row from another in an incremental model; empty: rows are only added. */
  uniqueKey: string[];
  indexes: IndexConfig[];
  /** An incremental model with fewer rows than this share of its largest source's is built whole; 0: never for that. */
  rebuildBelow: number;
  enabled: boolean;
};

export type Model = {
  name: string;
  /** Path in the project, for messages. */
  path: string;
  /** The file as written. */
  text: string;
  description: string;
  columns: Column[];
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
  path: string;
  relation: Relation;
  description: string;
  columns: Column[];
  loadedAtField: string | undefined;
  freshness: Freshness | undefined;
};

/** What a data test asserts; a generic one of a column, or a query of its own that should find nothing. */
export type Assertion =
  | { kind: "unique" | "not_null"; column: string }
  | { kind: "accepted_values"; column: string; values: string[]; quote: boolean }
  | { kind: "relationships"; column: string; to: string; field: string }
  | { kind: "singular"; text: string };

export type DataTest = {
  name: string;
  path: string;
  /** The model or source (`source.table`) that it tests; of a singular test the last model that it reads. */
  subject: string;
  assertion: Assertion;
  severity: Severity;
  where: string | undefined;
  /** Models that it reads: it runs once they all stand. */
  dependsOn: string[];
};

export type Project = {
  name: string;
  /** In an order in which each model comes after those that it reads. */
  models: Model[];
  sources: Source[];
  tests: DataTest[];
};

/** The quoted name of a column or relation. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteRelation(relation: Relation): string {
  return `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.identifier)}`;
}
