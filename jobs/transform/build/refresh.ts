import type { Distribution } from "../../../db/distribution/types.ts";
import type { Model, Relation } from "../project/types.ts";
import { readRowEstimate } from "./catalog.ts";
import { isMoved, type ModelContext } from "./context.ts";
import type { Session } from "./session.ts";

/** Fewer rows are written in no time, and estimates of few rows are poor. */
const largeRows = 10_000;

/** Whether a model is to be built whole for being asked to: its own config goes before the build's. */
const isRefreshAsked = ({ fullRefresh }: ModelContext, { config }: Model) => config.fullRefresh ?? fullRefresh;

/** Why an incremental model cannot build on what stands; undefined where it can. */
export async function refreshReason(
  context: ModelContext,
  model: Model,
  fingerprint: string,
): Promise<string | undefined> {
  const standing = context.standing.get(model.name);
  if (!standing) return "it is not there yet";
  if (standing.kind !== "table") return "a view stands under its name";
  if (await liesElsewhere(context.session, context.shards?.distribution, model))
    return "its table does not lie on the shards yet";
  if (isRefreshAsked(context, model)) return "a full refresh was asked for";
  if (keepsHistory(model)) return undefined;
  if (standing.fingerprint === undefined) return "Barline did not build the table that stands";
  if (standing.fingerprint !== fingerprint) return "the model, its config or a model that it reads has changed";
  if (await isFarBehind(context, model)) return "most of its source's rows are new";
  if (model.config.rebuildAfterParents && hasNewParent(context, model)) return "a table that it reads was built whole";
  return undefined;
}

/** Whether a table that is to lie on the shards stands on one server, as of a warehouse that was distributed since. */
export async function liesElsewhere(
  { run }: Session,
  distribution: Distribution | undefined,
  { config, relation }: Model,
): Promise<boolean> {
  return distribution !== undefined && !!config.distributedBy && !(await distribution.isDistributed(run, relation));
}

/**
 * Whether rows that stand may be what no query gives again, so that only being asked to builds the model whole: then it goes on as
 * dbt would. A model that says nothing of it, and whose rows are told apart by a key, is taken for one whose whole equals its parts.
 */
export function keepsHistory({ config }: Model): boolean {
  if (config.fullRefresh === false) return true;
  if (config.rebuildWhenChanged !== undefined) return !config.rebuildWhenChanged;
  const partial = config.mergeUpdateColumns !== undefined || config.mergeExcludeColumns.length > 0;
  return (
    config.strategy === "append" ||
    config.strategy === "microbatch" ||
    config.uniqueKey.length === 0 ||
    config.onSchemaChange !== undefined ||
    config.incrementalPredicates.length > 0 ||
    partial
  );
}

/** Whether so much is new that the whole costs less: no range has to be found, and nothing is written twice. */
async function isFarBehind(context: ModelContext, model: Model): Promise<boolean> {
  if (model.config.rebuildBelow === 0) return false;
  const rows = await estimateRows(context, model.relation);
  if (rows === undefined) return false;
  for (const relation of sourcesOf(context, model)) {
    const known = (await estimateRows(context, relation)) ?? 0;
    if (known >= largeRows && rows < model.config.rebuildBelow * known) return true;
  }
  return false;
}

/** About how many rows a table has, wherever they lie; undefined where nobody knows. */
async function estimateRows({ session, shards }: ModelContext, relation: Relation): Promise<number | undefined> {
  const liesOnShards = await shards?.distribution.isDistributed(session.run, relation);
  return shards && liesOnShards ? await shards.estimateRows(relation) : await readRowEstimate(session, relation);
}

/** Whether an incremental table that a model reads, itself or through views, was built whole in this build. */
const hasNewParent = (context: ModelContext, { dependsOn }: Model): boolean =>
  dependsOn.some((name) => {
    const parent = context.built.get(name);
    if (!parent) return false;
    const { materialized } = parent.model.config;
    if (materialized === "view") return hasNewParent(context, parent.model);
    return materialized === "incremental" && isMoved(parent);
  });

/** The sources that a model reads, itself or through others. */
function sourcesOf(context: ModelContext, { dependsOn }: Model): Relation[] {
  return dependsOn.flatMap((name) => {
    const parent = context.built.get(name)?.model;
    const source = name.includes(".") ? context.compiler.relationOf(name) : undefined;
    return source ?? (parent ? sourcesOf(context, parent) : []);
  });
}
