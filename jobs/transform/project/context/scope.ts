import type { Value } from "../../jinja/values.ts";
import type { Relation } from "../types.ts";
import type { QueryTable } from "./tables.ts";

/** What `ref`, `source`, `config` and the like mean while one text is rendered. */
export type RenderScope = {
  path: string;
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
  ref(name: string): Relation | string;
  source(source: string, table: string): Relation;
  config(values: Record<string, unknown>): void;
  /** Answers a query, or throws NeedsQuery. */
  query?(sql: string): QueryTable;
  /** Names that stand for something else in this rendering only: a test's arguments, a unit test's overrides. */
  names?: Record<string, Value>;
  /** Over the project's variables and the environment. */
  variables?: Record<string, unknown>;
  environment?: Record<string, string>;
};

/** What is being rendered, for `model` and `config.get`. */
export type NodeFacts = {
  name: string;
  uniqueId: string;
  resourceType: string;
  path: string;
  config: Record<string, unknown>;
  tags: string[];
};

export type ContextOptions = {
  projectName: string;
  /** `vars` of the project and what the caller sets over them. */
  variables: Record<string, unknown>;
  /** What `env_var` may read. */
  environment: Record<string, string | undefined>;
  database: string;
  /** Texts of `{% docs %}` blocks. */
  docs: Map<string, string>;
  now(): Date;
  invocationId: string;
};
