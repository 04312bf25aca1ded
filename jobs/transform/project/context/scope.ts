import type { Value } from "../../jinja/values.ts";
import type { Relation } from "../types.ts";
import type { QueryTable } from "./tables.ts";

/** A relation, or the name in SQL of what stands within the query itself. */
export type Reference = Relation | string;

/** What `ref`, `source`, `config` and the like mean while one text is rendered. */
export type RenderScope = {
  path: string;
  /** The project or package that the text is of. */
  package: string;
  /** The line of its file on which the text begins. */
  line?: number;
  /** The relation that the file defines; undefined in tests. */
  self: Relation | undefined;
  incremental: boolean;
  /** False while the project is only read: then queries answer None, as in dbt. */
  execute: boolean;
  fullRefresh?: boolean;
  node?: NodeFacts;
  /** A name in SQL for an ephemeral model, a relation for any other. */
  ref(name: string): Reference;
  source(source: string, table: string): Reference;
  config(values: Record<string, unknown>): void;
  /** What is in the project; asked for by `graph`. */
  graph?(): Value;
  query?: Query;
  /** Names that stand for something else in this rendering only: a test's arguments, a unit test's overrides. */
  names?: Record<string, Value>;
  /** Over the project's variables and the environment. */
  variables?: Record<string, unknown>;
  environment?: Record<string, string>;
};

/** The database as a template asks it. */
export type Query = {
  /** Answers a query, or throws NeedsQuery. */
  ask(sql: string): QueryTable;
  /** Where a relation stands until it is published. */
  placeOf(relation: Relation): Relation;
};

/** What is being rendered, for `model` and `config.get`. */
export type NodeFacts = {
  name: string;
  uniqueId: string;
  package: string;
  fqn: string[];
  resourceType: string;
  path: string;
  config: Record<string, unknown>;
  tags: string[];
  /** What else its kind has, by dbt's names. */
  more?: Record<string, unknown>;
};

export type ContextOptions = {
  projectName: string;
  /** Names of the project and its packages. */
  packages: string[];
  /** Packages that see nothing of the project around them. */
  closed?: ReadonlySet<string>;
  /** Where macros of a package are looked for, as dbt_project.yml says it. */
  dispatch: Map<string, string[]>;
  /** `vars` as a package sees them, and what the caller sets over them. */
  variables(packageName: string): Record<string, unknown>;
  /** What `env_var` may read. */
  environment: Record<string, string | undefined>;
  database: string;
  /** Where models are built that name no schema. */
  schema: string;
  /** Texts of `{% docs %}` blocks. */
  docs: Map<string, string>;
  now(): Date;
  invocationId: string;
};
