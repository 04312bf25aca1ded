import { type DataTest, quoteRelation } from "../project/types.ts";
import { compilePublishedTest } from "../summary.ts";
import type { BuiltModel, ModelContext } from "./context.ts";
import { mergeDelta } from "./incremental.ts";
import { sortTests } from "./plan.ts";
import type { Progress } from "./progress.ts";
import { renderHere } from "./query.ts";
import { isStatementFault } from "./session.ts";
import type { TestTarget } from "./test-sql.ts";
import { proven, runTests, testResult } from "./tests.ts";
import type { TestResult } from "./types.ts";

/**
 * Runs a model's tests; false where one of severity `error` fails. What an incremental build does not touch was tested when it
 * was written, so that tests which judge each row by itself, or by the model's key, look at the new rows before they go in.
 */
export async function testNode(progress: Progress, built: BuiltModel | undefined, tests: DataTest[]): Promise<boolean> {
  const { options } = progress;
  const { settled, ofRows, ofWhole } = sortTests(built, tests);
  for (const test of settled) {
    options.onNode?.({ phase: "start", kind: "test", name: test.name });
    report(progress, testResult(test, proven, 0));
  }
  if (!(await runAll(progress, ofRows, built))) return false;
  if (built && !(await mergeNode(progress, built))) return false;
  return runAll(progress, ofWhole, undefined);
}

async function runAll(progress: Progress, tests: DataTest[], delta: BuiltModel | undefined): Promise<boolean> {
  const { context, options, session, models, results } = progress;
  const targets: TestTarget[] = [];
  for (const test of tests) targets.push(await testTarget(progress, test, delta));
  const done = await runTests(
    {
      session,
      places: models.places,
      compiler: models.compiler,
      now: context.elapsed,
      signal: options.signal,
      onStart: (name) => {
        session.startNode();
        options.onNode?.({ phase: "start", kind: "test", name });
      },
      onFinish: (result) => report(progress, result),
      onStored: (stored) => progress.stored.push(stored),
      onFault: (fault) => {
        results.fault = fault;
      },
      onFailure: options.onTestFailure,
    },
    targets,
  );
  return done.every(({ status }) => status === "pass" || status === "warn");
}

async function mergeNode({ options, session, results }: Progress, built: BuiltModel): Promise<boolean> {
  try {
    await mergeDelta(session, built);
    return true;
  } catch (error) {
    if (!isStatementFault(error, options.signal)) throw error;
    const result = results.models.find(({ name }) => name === built.model.name);
    if (result) Object.assign(result, { action: "failed", error: `${built.model.path}: ${error.message}` });
    results.fault = { node: built.model.name, code: error.code, message: error.message };
    return false;
  }
}

function report({ context, options, results }: Progress, result: TestResult): void {
  const { name, status, durationMs } = result;
  const test = context.loaded.project.tests.find((candidate) => candidate.name === name);
  // What was asked reads names of this build; people want the query that they can ask themselves.
  const compiledSql = test && result.compiledSql !== null ? compilePublishedTest(context.loaded, test) : null;
  results.tests.push({ ...result, compiledSql });
  options.onNode?.({ phase: "finish", kind: "test", name, status, durationMs });
}

async function testTarget(
  { context, models }: Progress,
  test: DataTest,
  delta: BuiltModel | undefined,
): Promise<TestTarget> {
  const nowhere = { schema: "", identifier: "" };
  const find = (name: string) => models.compiler.relationOf(name) ?? nowhere;
  const inline = (name: string) => inlineQuery(context.loaded.project.models, models, name);
  const { assertion, subject } = test;
  const other = assertion.kind === "relationships" ? assertion.to : undefined;
  const otherQuery = other === undefined ? undefined : await inline(other);
  return {
    test,
    relation: delta?.delta ?? find(subject),
    database: context.sql.options.database,
    inline: await inline(subject),
    otherSide:
      other === undefined ? undefined : otherQuery ? `(${otherQuery}) as dbt_other` : quoteRelation(find(other)),
    scope: {},
  };
}

/** The query of an ephemeral model, which stands nowhere. */
async function inlineQuery(
  all: BuiltModel["model"][],
  context: ModelContext,
  name: string,
): Promise<string | undefined> {
  const model = all.find((candidate) => candidate.name === name);
  if (model?.config.materialized !== "ephemeral") return undefined;
  return await renderHere(context, (query) => context.compiler.renderModel(model, { query }));
}
