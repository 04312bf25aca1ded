import { PermanentError } from "../orchestrator/errors.ts";
import { failuresSql } from "./build/test-sql.ts";
import type { TestKind } from "./build/types.ts";
import type { LoadedProject } from "./project/assemble.ts";
import {
  type Assertion,
  type Column,
  type DataTest,
  type Model,
  quoteRelation,
  type ResourceType,
  type Severity,
  type UnitTest,
} from "./project/types.ts";

/** What a build goes through: a model, seed, snapshot or test, as pages show it. */
export type ProjectNode = {
  name: string;
  resourceType: ResourceType | "test";
  /** Of a model: view, table, incremental or ephemeral; of a seed or snapshot: that. */
  materialization: string | null;
  /** Of a test. */
  testKind: TestKind | null;
  severity: Severity | null;
  /** Of a test: the model or source it tests. */
  subject: string | null;
  description: string;
  columns: Column[];
  dependsOn: string[];
  path: string;
  tags: string[];
  /** Names of a model's tests. */
  tests: string[];
  /** The file as written; null of a test that is declared in YAML. */
  rawSql: string | null;
  /** What is asked of the database: of a model its full build, of a test the query whose rows are its failures. */
  compiledSql: string;
  /** Of a data test. */
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

/** `nodes` are what a build goes through, what is built first, in order. */
export type ProjectSummary = { name: string; nodes: ProjectNode[]; sources: ProjectSource[] };

/** Tells of a project what pages show of it. */
export function summarize(loaded: LoadedProject): ProjectSummary {
  const { project } = loaded;
  const all = [...project.tests, ...project.unitTests.map(({ name, model }) => ({ name, subject: model }))];
  const testsOf = (name: string) => all.filter(({ subject }) => subject === name).map((test) => test.name);
  const models = project.models.map((model) => modelNode(loaded, model, testsOf(model.name)));
  const tests = project.tests.map((test) => testNode(loaded, test));
  const unitTests = project.unitTests.map((test) => unitTestNode(test));
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
  return { name: project.name, nodes: [...models, ...tests, ...unitTests], sources };
}

/** A query that is only known once the database answers is shown as far as it goes without. */
function withoutDatabase(render: (execute: boolean) => string): string {
  try {
    return render(true);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return render(false);
  }
}

/** A model's query against what is published, as a full build asks it; empty of a seed. */
export function compilePublished({ compiler }: LoadedProject, model: Model): string {
  if (model.resourceType === "seed") return "";
  return withoutDatabase((execute) => compiler.renderModel(model, { execute }));
}

/** A test's query against what is published. */
export function compilePublishedTest(loaded: LoadedProject, test: DataTest): string {
  const { compiler, project } = loaded;
  const relationOf = (name: string) => compiler.relationOf(name) ?? { schema: project.schema, identifier: name };
  const inline = (name: string) => {
    const model = project.models.find((candidate) => candidate.name === name);
    return model?.config.materialized === "ephemeral" ? compilePublished(loaded, model) : undefined;
  };
  const { assertion, subject } = test;
  const to = assertion.kind === "relationships" ? assertion.to : undefined;
  const otherQuery = to === undefined ? undefined : inline(to);
  const otherSide =
    to === undefined ? undefined : otherQuery ? `(${otherQuery}) as dbt_other` : quoteRelation(relationOf(to));
  return withoutDatabase((execute) =>
    failuresSql(compiler, {
      ...{ test, relation: relationOf(subject), inline: inline(subject), otherSide },
      ...{ database: loaded.database, scope: { execute } },
    }),
  );
}

function modelNode(loaded: LoadedProject, model: Model, tests: string[]): ProjectNode {
  const { name, resourceType, config, description, columns, dependsOn, path, text } = model;
  return {
    ...{ name, resourceType, description, columns, dependsOn, path, tests },
    materialization: config.materialized,
    ...{ testKind: null, severity: null, subject: null, assertion: null, where: null },
    tags: config.tags,
    rawSql: text,
    compiledSql: compilePublished(loaded, model),
  };
}

const ofTest = { resourceType: "test" as const, materialization: null, columns: [], tests: [] };

function testNode(loaded: LoadedProject, test: DataTest): ProjectNode {
  const { name, kind, config, subject, description, dependsOn, path, assertion } = test;
  return {
    ...ofTest,
    ...{ name, description, dependsOn, path, assertion },
    subject: subject || null,
    testKind: kind,
    severity: config.severity,
    tags: config.tags,
    rawSql: assertion.kind === "singular" ? assertion.text : null,
    compiledSql: compilePublishedTest(loaded, test),
    where: config.where ?? null,
  };
}

/** Its query is made of the columns that stand when it runs, so that only a run tells it. */
function unitTestNode({ name, model, description, path, line, tags }: UnitTest): ProjectNode {
  return {
    ...ofTest,
    ...{ name, description, tags, subject: model, dependsOn: [model], path: `${path}:${line}` },
    ...{ testKind: "unit", severity: "error", rawSql: null, compiledSql: "", assertion: null, where: null },
  };
}
