import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import { type BuildOptions, buildProject } from "./build/build.ts";
import { failuresSql } from "./build/tests.ts";
import type { BuildResult } from "./build/types.ts";
import { checkFreshness, type SourceFreshness } from "./freshness.ts";
import { publishedRelation } from "./project/compile.ts";
import { type LoadedProject, loadProject } from "./project/load.ts";
import type { Assertion, Column, DataTest, Severity } from "./project/types.ts";

export type { BuildOptions } from "./build/build.ts";
export type { BuildResult, ModelResult, NodeEvent, TestResult } from "./build/types.ts";
export type { SourceFreshness } from "./freshness.ts";

/** A model or data test, as pages show it. */
export type ProjectNode = {
  name: string;
  resourceType: "model" | "test";
  /** Of a model: view, table, incremental or ephemeral. */
  materialization: string | null;
  /** Of a test. */
  severity: Severity | null;
  /** Of a test: the model or source it tests. */
  subject: string | null;
  description: string;
  columns: Column[];
  dependsOn: string[];
  path: string;
  /** Names of a model's tests. */
  tests: string[];
  /** The file as written; null of a test that is declared in YAML. */
  rawSql: string | null;
  /** What is asked of the database: of a model its full build, of a test the query whose rows are its failures. */
  compiledSql: string;
  /** Of a test. */
  assertion: Assertion | null;
  /** Of a test that looks at some rows only. */
  where: string | null;
};

export type ProjectSource = {
  name: string;
  description: string;
  columns: Column[];
  path: string;
  tests: string[];
  /** What tells when a row was loaded; null where no freshness is asked of the source. */
  loadedAtField: string | null;
  warnAfterMs: number | null;
  errorAfterMs: number | null;
};

/** `nodes` are what a build goes through, models in order first. */
export type ProjectSummary = { name: string; nodes: ProjectNode[]; sources: ProjectSource[] };

/** The dbt project, as something to look at, build and check. */
export type Transform = {
  /** Reads the project; a fault in it is a PermanentError with file, line where known, and reason. */
  project(): ProjectSummary;
  /**
   * Builds, tests and publishes in one transaction. A faulty model or a failing `error` test is in the answer; a lost connection is
   * a RetryableError, an aborted signal a CancelledError.
   */
  build(options?: BuildOptions): Promise<BuildResult>;
  freshness(options?: { signal?: AbortSignal }): Promise<SourceFreshness[]>;
};

export type TransformOptions = {
  /** A pool with at least two connections: one builds, one holds the lock that keeps other builds away. */
  sql: Sql;
  /** The folder of dbt_project.yml. */
  projectDir: string;
  /** Over the project's `vars`. */
  variables?: Record<string, unknown>;
  /** What `env_var` may read; nothing where left out. */
  environment?: Record<string, string | undefined>;
  /** Fixes the day on which splits take effect and the age of sources; without it Postgres' clock and the system's count. */
  now?: () => Date;
  log: Pick<Logger, "info" | "warn">;
};

const newYork = new Intl.DateTimeFormat("en-CA", { timeZone: "America/New_York", dateStyle: "short" });

/** Opens the dbt project in `projectDir` over a warehouse. It is read at each call, so that a changed model needs no restart. */
export function createTransform(options: TransformOptions): Transform {
  const { sql, projectDir, now, log } = options;
  const { variables = {}, environment = {} } = options;
  const load = () => loadProject({ projectDir, variables, environment });
  return {
    project: () => summarize(load()),
    build: async (buildOptions = {}) => {
      const today = now && newYork.format(now());
      const context = { sql, loaded: load(), today, log: buildOptions.log ?? log, elapsed: () => performance.now() };
      return buildProject(context, buildOptions);
    },
    freshness: async ({ signal } = {}) =>
      checkFreshness({ sql, sources: load().project.sources, now: now?.() ?? new Date() }, signal),
  };
}

function summarize({ project, compiler }: LoadedProject): ProjectSummary {
  const testsOf = (name: string) => project.tests.filter(({ subject }) => subject === name).map((test) => test.name);
  const models = project.models.map(
    ({ name, config, description, columns, dependsOn, path, text }): ProjectNode => ({
      name,
      resourceType: "model",
      materialization: config.materialized,
      severity: null,
      subject: null,
      description,
      columns,
      dependsOn,
      path,
      tests: testsOf(name),
      rawSql: text,
      compiledSql: compiler.render(path, text, { relationOf: publishedRelation, self: publishedRelation(name) }),
      assertion: null,
      where: null,
    }),
  );
  const tests = project.tests.map((test): ProjectNode => {
    const { name, severity, subject, dependsOn, path, assertion, where } = test;
    return {
      name,
      resourceType: "test",
      materialization: null,
      severity,
      subject,
      description: "",
      columns: [],
      dependsOn,
      path,
      tests: [],
      rawSql: assertion.kind === "singular" ? assertion.text : null,
      compiledSql: compileTest(compiler, test),
      assertion,
      where: where ?? null,
    };
  });
  const sources = project.sources.map(({ name, description, columns, path, loadedAtField, freshness }) => ({
    name,
    description,
    columns,
    path,
    tests: testsOf(name),
    loadedAtField: freshness === undefined ? null : (loadedAtField ?? null),
    warnAfterMs: freshness?.warnAfterMs ?? null,
    errorAfterMs: freshness?.errorAfterMs ?? null,
  }));
  return { name: project.name, nodes: [...models, ...tests], sources };
}

/** The query of a test against what is published. */
function compileTest(compiler: LoadedProject["compiler"], test: DataTest): string {
  const relationOf = (name: string) => compiler.sourceRelation(name) ?? publishedRelation(name);
  const { assertion, subject } = test;
  const otherSide = assertion.kind === "relationships" ? relationOf(assertion.to) : undefined;
  const scope = { relationOf: publishedRelation };
  return failuresSql({ compiler }, { test, relation: relationOf(subject), otherSide, scope });
}
