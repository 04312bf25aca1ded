import { type Compiler, publishedRelation } from "../project/compile.ts";
import { type Model, quoteRelation, type Relation } from "../project/types.ts";
import { readRowEstimate } from "./catalog.ts";
import { type BuiltModel, compileModel, type ModelContext } from "./context.ts";
import { workRelation } from "./names.ts";
import { withQueries } from "./query.ts";
import { buildSeed } from "./seeds.ts";
import { buildSnapshot } from "./snapshots.ts";
import { buildDelta, buildTable } from "./tables.ts";

/** Fewer rows are written in no time, and estimates of few rows are poor. */
const largeRows = 10_000;

/** How a model is to be built: on what stands, or whole, for a reason that is told of an incremental one. */
type ModelPlan = { fingerprint: string; incremental: boolean; reason: string | undefined };

/** Decides it before anything of the model is touched, as its hooks ask. */
export async function planModel(context: ModelContext, model: Model): Promise<ModelPlan> {
  const fingerprint = await withQueries(context.session, (query) =>
    context.compiler.fingerprint(model, (sql) => query(asBuilt(context, sql))),
  );
  if (model.config.materialized !== "incremental") return { fingerprint, incremental: false, reason: undefined };
  const reason = await refreshReason(context, model, fingerprint);
  return { fingerprint, incremental: reason === undefined, reason };
}

/** Builds one model beside what is published; publishing it, and running its tests, are for the caller. */
export async function buildModel(
  context: ModelContext,
  model: Model,
  { fingerprint, incremental, reason }: ModelPlan,
): Promise<BuiltModel> {
  switch (model.config.materialized) {
    case "seed":
      return buildSeed(context, model, fingerprint);
    case "snapshot":
      return buildSnapshot(context, model, fingerprint);
    case "view":
      return buildView(context, model, fingerprint);
    default:
      return incremental ? buildDelta(context, model, fingerprint) : buildTable(context, model, fingerprint, reason);
  }
}

/** A fingerprint is of published names; what it asks of the database is of what stands behind them in this build. */
function asBuilt({ built }: ModelContext, sql: string): string {
  return [...built].reduce(
    (text, [name, { relation }]) => text.replaceAll(quoteRelation(publishedRelation(name)), quoteRelation(relation)),
    sql,
  );
}

/** Whether a model is to be built whole for being asked to: its own config goes before the build's. */
const isRefreshAsked = ({ fullRefresh }: ModelContext, { config }: Model) => config.fullRefresh ?? fullRefresh;

/** Why an incremental model cannot build on what stands; undefined where it can. */
async function refreshReason(context: ModelContext, model: Model, fingerprint: string): Promise<string | undefined> {
  const standing = context.standing.get(model.name);
  if (!standing) return "it is not there yet";
  if (standing.kind !== "table") return "a view stands under its name";
  if (isRefreshAsked(context, model)) return "a full refresh was asked for";
  if (standing.fingerprint === undefined) return "Barline did not build the table that stands";
  if (standing.fingerprint !== fingerprint) return "the model, its config or a model that it reads has changed";
  if (await isFarBehind(context, model)) return "most of its source's rows are new";
  if (model.config.rebuildAfterParents && hasNewParent(context, model)) return "a table that it reads was built whole";
  return undefined;
}

/** Whether so much is new that the whole costs less: no range has to be found, and nothing is written twice. */
async function isFarBehind({ session, compiler, built }: ModelContext, model: Model): Promise<boolean> {
  if (model.config.rebuildBelow === 0) return false;
  const rows = await readRowEstimate(session, publishedRelation(model.name));
  if (rows === undefined) return false;
  for (const relation of sourcesOf(compiler, built, model)) {
    const known = (await readRowEstimate(session, relation)) ?? 0;
    if (known >= largeRows && rows < model.config.rebuildBelow * known) return true;
  }
  return false;
}

/** Whether an incremental table that a model reads, itself or through views, was built whole in this build. */
const hasNewParent = (context: ModelContext, { dependsOn }: Model): boolean =>
  dependsOn.some((name) => {
    const parent = context.built.get(name);
    if (!parent) return false;
    const { materialized } = parent.model.config;
    if (materialized === "view") return hasNewParent(context, parent.model);
    return materialized === "incremental" && parent.relation.identifier !== name;
  });

/** The sources that a model reads, itself or through others. */
function sourcesOf(compiler: Compiler, built: Map<string, BuiltModel>, { dependsOn }: Model): Relation[] {
  return dependsOn.flatMap((name) => {
    const parent = built.get(name)?.model;
    return compiler.sourceRelation(name) ?? (parent ? sourcesOf(compiler, built, parent) : []);
  });
}

async function buildView(context: ModelContext, model: Model, fingerprint: string): Promise<BuiltModel> {
  const standing = context.standing.get(model.name);
  const parentMoves = model.dependsOn.some((name) => {
    const parent = context.built.get(name);
    return parent && parent.relation.identifier !== name;
  });
  const common = { model, rows: null, fingerprint, delta: undefined, proven: [], reason: undefined };
  // Left alone, so that nobody who reads it has to wait.
  if (standing?.kind === "view" && standing.fingerprint === fingerprint && !parentMoves) {
    return { ...common, action: "unchanged", relation: publishedRelation(model.name) };
  }
  const relation = workRelation(model.name);
  await context.session.run(`create view ${quoteRelation(relation)} as ${await compileModel(context, model, false)}`);
  return { ...common, action: standing ? "replaced" : "created", relation };
}
