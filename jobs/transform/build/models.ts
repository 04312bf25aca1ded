import { type Model, quoteRelation } from "../project/types.ts";
import { type BuiltModel, compileModel, isMoved, type ModelContext, openWork } from "./context.ts";
import { assertContract } from "./contract.ts";
import { buildDelta } from "./incremental.ts";
import { buildBatches } from "./microbatch.ts";
import { withQueries } from "./query.ts";
import { refreshReason } from "./refresh.ts";
import { buildSeed } from "./seeds.ts";
import { buildSnapshot } from "./snapshots.ts";
import { buildTable } from "./tables.ts";

/** How a model is to be built: on what stands, or whole, for a reason that is told of an incremental one. */
type ModelPlan = { fingerprint: string; incremental: boolean; reason: string | undefined };

/** Decides it before anything of the model is touched, as its hooks ask. */
export async function planModel(context: ModelContext, model: Model): Promise<ModelPlan> {
  const fingerprint = await withQueries(context, (query) => context.compiler.fingerprint(model, query));
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
      if (model.config.microbatch) return buildBatches(context, model, { fingerprint, incremental, reason });
      return incremental ? buildDelta(context, model, fingerprint) : buildTable(context, model, fingerprint, reason);
  }
}

async function buildView(context: ModelContext, model: Model, fingerprint: string): Promise<BuiltModel> {
  const standing = context.standing.get(model.name);
  const parentMoves = model.dependsOn.some((name) => {
    const parent = context.built.get(name);
    return parent && isMoved(parent);
  });
  const common = { model, rows: null, fingerprint, delta: undefined, proven: [], reason: undefined };
  // Left alone, so that nobody who reads it has to wait.
  if (standing?.kind === "view" && standing.fingerprint === fingerprint && !parentMoves) {
    return { ...common, action: "unchanged", relation: model.relation };
  }
  const sql = await compileModel(context, model, false);
  await assertContract(context, model, sql);
  const relation = await openWork(context, model);
  await context.session.run(`create view ${quoteRelation(relation)} as ${sql}`);
  return { ...common, action: standing ? "replaced" : "created", relation };
}
