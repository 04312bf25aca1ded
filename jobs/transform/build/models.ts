import { createHash } from "node:crypto";
import { type Compiler, type CompileScope, publishedRelation } from "../project/compile.ts";
import { type Model, quoteIdentifier, quoteRelation, type Relation } from "../project/types.ts";
import { readColumns, readRowEstimate, type Standing } from "./catalog.ts";
import type { Session } from "./session.ts";
import type { ModelAction } from "./types.ts";

/** A model in the course of a build. */
export type BuiltModel = {
  model: Model;
  action: ModelAction;
  rows: number | null;
  fingerprint: string;
  /** Where its rows are to be read until it is published. */
  relation: Relation;
  /** In an incremental build, the rows to be written and not yet in the table. */
  delta: Relation | undefined;
  /** Unique indexes that stand on the rows, as sorted column names: they prove what a test would. */
  proven: string[][];
  /** Why the whole of an incremental model was built. */
  reason: string | undefined;
};

export type ModelContext = {
  session: Session;
  compiler: Compiler;
  standing: Map<string, Standing>;
  built: Map<string, BuiltModel>;
  fullRefresh: boolean;
};

/** Fewer rows are written in no time, and estimates of few rows are poor. */
const largeRows = 10_000;

const shortHash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);
/** Where a model is built before it is published; uncommitted, so that nobody else can see it. */
const workRelation = (name: string): Relation => ({ schema: "public", identifier: `barline_build_${shortHash(name)}` });
const deltaRelation = (name: string): Relation => ({
  schema: "pg_temp",
  identifier: `barline_delta_${shortHash(name)}`,
});

/** Where a model is to be read in this build. */
export function currentRelation(built: Map<string, BuiltModel>, name: string): Relation {
  return built.get(name)?.relation ?? publishedRelation(name);
}

/** Builds one model beside what is published; publishing it, and running its tests, are for the caller. */
export async function buildModel(context: ModelContext, model: Model): Promise<BuiltModel> {
  const fingerprint = context.compiler.fingerprint(model);
  if (model.config.materialized === "view") return buildView(context, model, fingerprint);
  const reason =
    model.config.materialized === "incremental" ? await refreshReason(context, model, fingerprint) : undefined;
  if (model.config.materialized === "table" || reason !== undefined) {
    return buildTable(context, model, fingerprint, reason);
  }
  return buildDelta(context, model, fingerprint);
}

function compile(context: ModelContext, model: Model, incremental: boolean): string {
  const scope: CompileScope = {
    relationOf: (name) => currentRelation(context.built, name),
    self: publishedRelation(model.name),
    incremental,
  };
  return context.compiler.render(model.path, model.text, scope);
}

/** Why an incremental model cannot build on what stands; undefined where it can. */
async function refreshReason(context: ModelContext, model: Model, fingerprint: string): Promise<string | undefined> {
  const standing = context.standing.get(model.name);
  if (!standing) return "it is not there yet";
  if (standing.kind !== "table") return "a view stands under its name";
  if (context.fullRefresh) return "a full refresh was asked for";
  if (standing.fingerprint === undefined) return "Barline did not build the table that stands";
  if (standing.fingerprint !== fingerprint) return "the model, its config or a model that it reads has changed";
  if (await isFarBehind(context, model)) return "most of its source's rows are new";
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
  await context.session.run(`create view ${quoteRelation(relation)} as ${compile(context, model, false)}`);
  return { ...common, action: standing ? "replaced" : "created", relation };
}

async function buildTable(
  context: ModelContext,
  model: Model,
  fingerprint: string,
  reason: string | undefined,
): Promise<BuiltModel> {
  const { session } = context;
  const relation = workRelation(model.name);
  const created = await session.whole(`create table ${quoteRelation(relation)} as ${compile(context, model, false)}`);
  const proven = await indexTable(session, model, relation);
  const standing = context.standing.has(model.name);
  const refresh = model.config.materialized === "incremental" ? "full_refresh" : "replaced";
  const action = standing ? refresh : "created";
  return { model, action, rows: created.count, fingerprint, relation, delta: undefined, proven, reason };
}

/** Makes the indexes of a table that was just filled. Answers which columns a unique one proves. */
async function indexTable(session: Session, model: Model, relation: Relation): Promise<string[][]> {
  const proven: string[][] = [];
  for (const index of model.config.indexes) {
    const columns = index.columns.map(quoteIdentifier).join(", ");
    const method = index.type === undefined ? "" : `using ${quoteIdentifier(index.type)}`;
    const statement = (kind: string) => `create ${kind} on ${quoteRelation(relation)} ${method} (${columns})`;
    if (!index.unique) await session.run(statement("index"));
    else if (await createUniqueIndex(session, statement)) proven.push([...index.columns].sort());
  }
  await session.run(`analyze ${quoteRelation(relation)}`);
  return proven;
}

/**
 * Duplicates must not end the build before a test has named them: then the index is left out, and if no `error` test is about
 * it, publishing fails for want of it.
 */
async function createUniqueIndex(session: Session, statement: (kind: string) => string): Promise<boolean> {
  try {
    await session.savepoint(() => session.run(statement("unique index")));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "23505") return false;
    throw error;
  }
}

async function buildDelta(context: ModelContext, model: Model, fingerprint: string): Promise<BuiltModel> {
  const { session } = context;
  const delta = deltaRelation(model.name);
  const relation = publishedRelation(model.name);
  const created = await session.run(
    `create temp table ${quoteIdentifier(delta.identifier)} on commit drop as ${compile(context, model, true)}`,
  );
  const describe = async (of: Relation) =>
    (await readColumns(session, of))
      .map(({ name, type }) => `${name} ${type}`)
      .sort()
      .join(", ");
  if ((await describe(delta)) !== (await describe(relation))) {
    await session.run(`drop table ${quoteRelation(delta)}`);
    return buildTable(context, model, fingerprint, "its columns differ from those of the table that stands");
  }
  const common = { model, rows: created.count, fingerprint, relation, proven: [], reason: undefined };
  if (created.count === 0) return { ...common, action: "unchanged", delta: undefined };
  await session.run(`analyze ${quoteRelation(delta)}`);
  return { ...common, action: "incremental", delta };
}

/** Writes the delta into its table: rows of the same key go, the new ones come. Readers see neither before the commit. */
export async function mergeDelta(session: Session, built: BuiltModel): Promise<void> {
  if (!built.delta) return;
  const target = quoteRelation(built.relation);
  const delta = quoteRelation(built.delta);
  const keys = built.model.config.uniqueKey.map(quoteIdentifier);
  if (keys.length > 0) {
    const same = keys.map((key) => `target.${key} = delta.${key}`).join(" and ");
    await session.run(`delete from ${target} as target using ${delta} as delta where ${same}`);
  }
  const columns = (await readColumns(session, built.relation)).map(({ name }) => quoteIdentifier(name)).join(", ");
  await session.run(`insert into ${target} (${columns}) select ${columns} from ${delta}`);
}
