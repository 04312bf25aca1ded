import { selectNodes } from "../project/selection.ts";
import { type DataTest, literal, type Model, type UnitTest } from "../project/types.ts";
import { readStanding } from "./catalog.ts";
import type { BuiltModel, ModelContext } from "./context.ts";
import { runModelHooks, runProjectHooks } from "./hooks.ts";
import { buildModel, planModel } from "./models.ts";
import { createPlaces } from "./places.ts";
import { planTests } from "./plan.ts";
import type { BuildContext, BuildOptions, Progress } from "./progress.ts";
import { publishAll } from "./publish-all.ts";
import { inBuildSession, isStatementFault, type Session } from "./session.ts";
import { createShardWork } from "./shards.ts";
import { createModelSchema, keepStored } from "./stored.ts";
import { testNode } from "./test-node.ts";
import type { BuildResult, ModelResult } from "./types.ts";
import { runUnitTest } from "./unit-tests.ts";

type Plan = { models: Model[]; tests: Map<string, DataTest[]>; unitTests: Map<string, UnitTest[]> };

/** Builds what is chosen, runs its tests, and publishes all or nothing, in one transaction. Failing rows are kept either way. */
export async function buildProject(context: BuildContext, options: BuildOptions): Promise<BuildResult> {
  const { project } = context.loaded;
  const plan = makePlan(context, options);
  const { sql, today, beside, distribution } = context;
  const { results, stored } = await inBuildSession(
    { sql, signal: options.signal, today, beside, distribution },
    async (session) => {
      if (options.rehearse) await session.within(options.rehearse);
      const models = await openModels(context, session, options);
      await makeSchemas(session, context, plan);
      const results: BuildResult = { published: false, models: [], tests: [] };
      const progress: Progress = { context, options, session, models, results, stored: [] };
      await runProjectHooks(models, project.onRunStart);
      const good = (await testNode(progress, undefined, plan.tests.get("") ?? [])) && (await buildAll(progress, plan));
      if (!good) skipRest(results, plan);
      else if (!options.rehearse) {
        await models.shards?.finish();
        results.published = await publishAll(progress);
      }
      return { commit: results.published, results, stored: progress.stored };
    },
  );
  if (!results.published && !options.rehearse) {
    await keepStored(sql, stored).catch((error: unknown) => {
      // How the build went matters more than where its failing rows are; twenty of them are with the results.
      context.log.warn({ error }, "failing rows could not be stored");
    });
  }
  return results;
}

async function openModels(context: BuildContext, session: Session, options: BuildOptions): Promise<ModelContext> {
  const { project, compiler } = context.loaded;
  const { database } = context.sql.options;
  const places = createPlaces(database);
  const timed = [
    ...project.models.map(({ name, config }) => ({ name, column: config.eventTime })),
    ...project.sources.map(({ name, eventTime }) => ({ name, column: eventTime })),
  ];
  return {
    ...{ session, compiler, built: new Map(), schemas: new Set(), places },
    standing: await readStanding(session, project.models),
    shards:
      context.distribution &&
      createShardWork({ session, compiler, places, models: project.models, database }, context.distribution),
    eventTimes: new Map(timed.flatMap(({ name, column }) => (column === undefined ? [] : [[name, column]]))),
    fullRefresh: options.fullRefresh ?? false,
    now: context.now,
  };
}

/** Makes the schemas that models have of their own, which hooks may count on. */
async function makeSchemas(session: Session, { loaded: { project } }: BuildContext, plan: Plan): Promise<void> {
  const wanted = new Set(
    plan.models.map(({ relation }) => relation.schema).filter((schema) => schema !== project.schema),
  );
  for (const schema of wanted) {
    const [found] = await session.run(`select 1 from pg_namespace where nspname = ${literal(schema)}`);
    if (!found) await session.run(createModelSchema(schema));
  }
}

function makePlan({ loaded: { project } }: BuildContext, { select, exclude }: BuildOptions): Plan {
  const chosen = selectNodes(project, { select, exclude });
  const models = project.models.filter(({ name }) => chosen.models.has(name));
  const standing = new Set(models.filter(({ config }) => config.materialized !== "ephemeral").map(({ name }) => name));
  const tests = project.tests.filter(({ name }) => chosen.tests.has(name));
  const unitTests = new Map<string, UnitTest[]>();
  for (const test of project.unitTests.filter(({ name }) => chosen.unitTests.has(name))) {
    unitTests.set(test.model, [...(unitTests.get(test.model) ?? []), test]);
  }
  // A unit test that is chosen without its model runs where the model would be built.
  const stops = project.models.filter(({ name }) => chosen.models.has(name) || unitTests.has(name));
  return { models: stops, tests: planTests(project.models, tests, standing), unitTests };
}

async function buildAll(progress: Progress, plan: Plan): Promise<boolean> {
  const chosen = selectNodes(progress.context.loaded.project, progress.options).models;
  for (const model of plan.models) {
    if (!(await unitTestNode(progress, model, plan.unitTests.get(model.name) ?? []))) return false;
    if (model.config.materialized === "ephemeral" || !chosen.has(model.name)) continue;
    const built = await buildNode(progress, model);
    if (!built || !(await testNode(progress, built, plan.tests.get(model.name) ?? []))) return false;
    if (!(await finishNode(progress, built))) return false;
  }
  return true;
}

/** Runs a model's unit tests, before anything is built from what they may show to be wrong. */
async function unitTestNode(progress: Progress, model: Model, tests: UnitTest[]): Promise<boolean> {
  const { context, options, session, models, results } = progress;
  let good = true;
  for (const test of tests) {
    options.onNode?.({ phase: "start", kind: "test", name: test.name });
    session.startNode();
    const { signal } = options;
    const { compiler, project } = context.loaded;
    const unitContext = {
      session,
      compiler,
      places: models.places,
      models: project.models,
      now: context.elapsed,
      signal,
    };
    const result = await runUnitTest(unitContext, test, model);
    results.tests.push(result);
    const { name, status, durationMs } = result;
    options.onNode?.({ phase: "finish", kind: "test", name, status, durationMs });
    good = good && status === "pass";
  }
  return good;
}

async function buildNode(progress: Progress, model: Model): Promise<BuiltModel | undefined> {
  const { context, options, models, results } = progress;
  options.onNode?.({ phase: "start", kind: "model", name: model.name });
  progress.session.startNode();
  const started = context.elapsed();
  const finish = (result: Pick<ModelResult, "action" | "rows"> & { error?: string }) => {
    const durationMs = context.elapsed() - started;
    results.models.push({ name: model.name, materialization: model.config.materialized, durationMs, ...result });
    options.onNode?.({ phase: "finish", kind: "model", name: model.name, status: result.action, durationMs });
  };
  try {
    const plan = await planModel(models, model);
    await runModelHooks(models, model, model.config.preHooks, { incremental: plan.incremental });
    const built = await buildModel(models, model, plan);
    models.built.set(model.name, built);
    models.places.move(model.relation, built.relation);
    models.shards?.changed(model);
    if (built.reason) context.log.info({ model: model.name, reason: built.reason }, "building the whole table");
    finish({ action: built.action, rows: built.rows });
    return built;
  } catch (error) {
    if (!isStatementFault(error, options.signal)) throw error;
    finish({ action: "failed", rows: null, error: `${model.path}: ${error.message}` });
    results.fault = { node: model.name, code: error.code, message: error.message };
    return undefined;
  }
}

/** Runs what is to follow a model. A view's statements wait until it stands under its own name: it is made anew there. */
async function finishNode({ options, models, results }: Progress, built: BuiltModel): Promise<boolean> {
  const { model, action } = built;
  if (model.config.materialized === "view") return true;
  try {
    const incremental = action === "incremental" || action === "unchanged";
    await runModelHooks(models, model, model.config.postHooks, { incremental });
    return true;
  } catch (error) {
    if (!isStatementFault(error, options.signal)) throw error;
    const result = results.models.find(({ name }) => name === model.name);
    if (result) Object.assign(result, { action: "failed", error: `${model.path}: post_hook: ${error.message}` });
    return false;
  }
}

function skipRest(results: BuildResult, plan: Plan): void {
  const known = (list: { name: string }[], name: string) => list.some((result) => result.name === name);
  for (const { name, config } of plan.models) {
    if (known(results.models, name) || config.materialized === "ephemeral") continue;
    results.models.push({ name, materialization: config.materialized, action: "skipped", rows: null, durationMs: 0 });
  }
  const skipped = {
    status: "skipped" as const,
    failures: 0,
    sample: null,
    compiledSql: null,
    storedIn: null,
    durationMs: 0,
  };
  for (const { name, kind, subject, column, config } of [...plan.tests.values()].flat()) {
    if (known(results.tests, name)) continue;
    results.tests.push({
      ...{ name, kind, subject, columnName: column ?? null, severity: config.severity },
      ...skipped,
    });
  }
  for (const { name, model } of [...plan.unitTests.values()].flat()) {
    if (known(results.tests, name)) continue;
    results.tests.push({ name, kind: "unit", subject: model, columnName: null, severity: "error", ...skipped });
  }
}
