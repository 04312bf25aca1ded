import type { Logger } from "pino";
import type { Sql } from "../../../db/client.ts";
import { selectModels } from "../project/graph.ts";
import type { LoadedProject } from "../project/load.ts";
import type { DataTest, Model } from "../project/types.ts";
import { readStanding } from "./catalog.ts";
import { type BuiltModel, buildModel, currentRelation, type ModelContext, mergeDelta } from "./models.ts";
import { planTests, sortTests } from "./plan.ts";
import { publish } from "./publish.ts";
import { inBuildSession, isStatementFault, type Session } from "./session.ts";
import { runTests, type TestTarget, testResult } from "./tests.ts";
import type { BuildResult, ModelResult, NodeEvent, TestResult } from "./types.ts";

export type BuildOptions = {
  fullRefresh?: boolean;
  /** Model names, each with `+` before or after as in dbt; everything where it is left out. */
  select?: string[];
  signal?: AbortSignal;
  onNode?(event: NodeEvent): void;
  /** Takes what is said of this build, with whose it is; the project's own log where left out. */
  log?: BuildContext["log"];
};

export type BuildContext = {
  sql: Sql;
  loaded: LoadedProject;
  today: string | undefined;
  log: Pick<Logger, "info" | "warn">;
  /** Milliseconds of a clock that only goes forward. */
  elapsed(): number;
};

/** A build under way: what is planned, and what became of it so far. */
type Progress = {
  context: BuildContext;
  options: BuildOptions;
  session: Session;
  models: ModelContext;
  results: BuildResult;
};

/** Builds the chosen models, runs their tests, and publishes all or nothing, in one transaction. */
export async function buildProject(context: BuildContext, options: BuildOptions): Promise<BuildResult> {
  const { project, compiler } = context.loaded;
  const chosen = selectModels(project.models, options.select);
  const plan = project.models.filter(({ name, config }) => chosen.has(name) && config.materialized !== "ephemeral");
  const tests = planTests(project.models, project.tests, chosen, options.select === undefined);
  const { sql, today } = context;
  const { results } = await inBuildSession({ sql, signal: options.signal, today }, async (session) => {
    const standing = await readStanding(
      session,
      project.models.map(({ name }) => name),
    );
    const models = { session, compiler, standing, built: new Map(), fullRefresh: options.fullRefresh ?? false };
    const results: BuildResult = { published: false, models: [], tests: [] };
    const progress: Progress = { context, options, session, models, results };
    const good = (await testNode(progress, undefined, tests.get("") ?? [])) && (await buildAll(progress, plan, tests));
    if (!good) skipRest(results, plan, [...tests.values()].flat());
    else results.published = await publishAll(progress);
    return { commit: results.published, results };
  });
  return results;
}

async function buildAll(progress: Progress, plan: Model[], tests: Map<string, DataTest[]>): Promise<boolean> {
  for (const model of plan) {
    const built = await buildNode(progress, model);
    if (!built || !(await testNode(progress, built, tests.get(model.name) ?? []))) return false;
  }
  return true;
}

async function buildNode(
  { context, options, models, results }: Progress,
  model: Model,
): Promise<BuiltModel | undefined> {
  options.onNode?.({ phase: "start", kind: "model", name: model.name });
  const started = context.elapsed();
  const finish = (result: Pick<ModelResult, "action" | "rows"> & { error?: string }) => {
    const durationMs = context.elapsed() - started;
    results.models.push({ name: model.name, materialization: model.config.materialized, durationMs, ...result });
    options.onNode?.({ phase: "finish", kind: "model", name: model.name, status: result.action, durationMs });
  };
  try {
    const built = await buildModel(models, model);
    models.built.set(model.name, built);
    if (built.reason) context.log.info({ model: model.name, reason: built.reason }, "building the whole table");
    finish({ action: built.action, rows: built.rows });
    return built;
  } catch (error) {
    if (!isStatementFault(error, options.signal)) throw error;
    finish({ action: "failed", rows: null, error: `${model.path}: ${error.message}` });
    return undefined;
  }
}

/**
 * Runs a model's tests; false where one of severity `error` fails. What an incremental build does not touch was tested when it
 * was written, so that tests which judge each row by itself, or by the model's key, look at the new rows before they go in.
 */
async function testNode(progress: Progress, built: BuiltModel | undefined, tests: DataTest[]): Promise<boolean> {
  const { context, options, session, models } = progress;
  const run = async (chosen: DataTest[], delta: BuiltModel | undefined) => {
    const targets = chosen.map((test) => testTarget(models, test, delta));
    const { compiler } = context.loaded;
    const onStart = (name: string) => options.onNode?.({ phase: "start", kind: "test", name });
    const onFinish = (result: TestResult) => reportTest(progress, result);
    const testContext = { session, compiler, now: context.elapsed, signal: options.signal, onStart, onFinish };
    const done = await runTests(testContext, targets);
    return done.every(({ status }) => status === "pass" || status === "warn");
  };
  const { settled, ofRows, ofWhole } = sortTests(built, tests);
  for (const test of settled) {
    options.onNode?.({ phase: "start", kind: "test", name: test.name });
    reportTest(progress, testResult(test, { failures: 0, sample: null }, 0));
  }
  if (!(await run(ofRows, built))) return false;
  if (built && !(await mergeNode(progress, built))) return false;
  return run(ofWhole, undefined);
}

async function mergeNode({ options, session, results }: Progress, built: BuiltModel): Promise<boolean> {
  try {
    await mergeDelta(session, built);
    return true;
  } catch (error) {
    if (!isStatementFault(error, options.signal)) throw error;
    const result = results.models.find(({ name }) => name === built.model.name);
    if (result) Object.assign(result, { action: "failed", error: `${built.model.path}: ${error.message}` });
    return false;
  }
}

function reportTest({ options, results }: Progress, result: TestResult): void {
  const { name, status, durationMs } = result;
  results.tests.push(result);
  options.onNode?.({ phase: "finish", kind: "test", name, status, durationMs });
}

function testTarget(models: ModelContext, test: DataTest, delta: BuiltModel | undefined): TestTarget {
  const relationOf = (name: string) => currentRelation(models.built, name);
  const find = (name: string) => models.compiler.sourceRelation(name) ?? relationOf(name);
  return {
    test,
    relation: delta?.delta ?? find(test.subject),
    otherSide: test.assertion.kind === "relationships" ? find(test.assertion.to) : undefined,
    scope: { relationOf },
  };
}

function skipRest(results: BuildResult, plan: Model[], tests: DataTest[]): void {
  for (const { name, config } of plan) {
    if (results.models.some((result) => result.name === name)) continue;
    results.models.push({ name, materialization: config.materialized, action: "skipped", rows: null, durationMs: 0 });
  }
  for (const { name, subject, severity } of tests) {
    if (results.tests.some((result) => result.name === name)) continue;
    results.tests.push({ name, subject, severity, status: "skipped", failures: 0, sample: null, durationMs: 0 });
  }
}

async function publishAll({ context, options, session, models, results }: Progress): Promise<boolean> {
  const { project, compiler } = context.loaded;
  try {
    const { standing } = models;
    await publish({ session, compiler, models: project.models, standing, built: [...models.built.values()] });
    return true;
  } catch (error) {
    if (!isStatementFault(error, options.signal)) throw error;
    const last = results.models.at(-1);
    if (last) Object.assign(last, { action: "failed", error: `publishing failed: ${error.message}` });
    return false;
  }
}
