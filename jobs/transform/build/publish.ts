import { replaceTable } from "../../../db/distribution/replace.ts";
import type { Distribution } from "../../../db/distribution/types.ts";
import { RetryableError } from "../../orchestrator/errors.ts";
import type { Compiler } from "../project/compile.ts";
import { descendants } from "../project/graph.ts";
import { refuse } from "../project/refusal.ts";
import { type Model, quoteIdentifier, quoteRelation, type Relation } from "../project/types.ts";
import {
  commentStatements,
  isStanding,
  readColumns,
  readDefaultGrants,
  readDependentViews,
  readGrants,
  readReferences,
  type Standing,
} from "./catalog.ts";
import { type BuiltModel, isMoved } from "./context.ts";
import { createPlaces } from "./places.ts";
import { withQueries } from "./query.ts";
import { liesElsewhere } from "./refresh.ts";
import type { Session } from "./session.ts";
import { endBuildsInTheWay, holdPublications, putUpGuests, readWorkspaceRelations, takeDownGuests } from "./way.ts";

export type PublishContext = {
  session: Session;
  compiler: Compiler;
  /** All models of the project, in order. */
  models: Model[];
  standing: Map<string, Standing>;
  built: BuiltModel[];
  /** Schemas made for this build. */
  schemas: ReadonlySet<string>;
  distribution: Distribution | undefined;
};

/** A publication whose turn it is; `workspace`: what stands of the workspace, by quoted name. */
type Swapping = PublishContext & { workspace: ReadonlySet<string> };

/**
 * A reader that holds a table delays its swap; the swap, waiting, delays all readers that come after. So it waits for a short
 * time, lets the queue pass, and asks again.
 */
const lockTimeoutMs = 2_000;
const lockAttempts = 30;

const hasCode = (error: unknown, code: string) => error instanceof Error && "code" in error && error.code === code;

/** Puts everything that was built under its own name. The last act of a build: from here on readers may have to wait. */
export async function publish(context: PublishContext): Promise<void> {
  const { session, built } = context;
  const moved = built.filter(isMoved);
  if (moved.length > 0) await swapPatiently(context, moved);
  for (const schema of context.schemas) await session.run(`drop schema ${quoteIdentifier(schema)}`);
}

async function swapPatiently(context: PublishContext, moved: BuiltModel[]): Promise<void> {
  const { session } = context;
  for (let attempt = 1; ; attempt++) {
    try {
      await session.savepoint(async () => {
        await session.run(`set local lock_timeout = ${lockTimeoutMs}`);
        await swapAlone(context, moved);
        await session.run("set local lock_timeout = 0");
      });
      return;
    } catch (error) {
      // 40P01: what holds the tables waits for something that this transaction holds.
      if (!hasCode(error, "55P03") && !hasCode(error, "40P01")) throw error;
      if (session.stage !== "market") throw error;
      await endBuildsInTheWay(session, placesOf(moved));
      if (attempt === lockAttempts) {
        throw new RetryableError(
          "Somebody held the published tables for a minute, so the new ones could not take their place.",
          {
            cause: error,
            advice: "Look for long queries in pg_stat_activity. Nothing was published; the build is tried again.",
          },
        );
      }
    }
  }
}

const placesOf = (moved: BuiltModel[]) => moved.map(({ model }) => model.relation);

/** Swaps while no other publication does, with the views of the workspace out of the market's way. */
async function swapAlone(context: PublishContext, moved: BuiltModel[]): Promise<void> {
  const { session } = context;
  await holdPublications(session);
  const workspace = await readWorkspaceRelations(session);
  if (session.stage !== "market" || workspace.size === 0) return await swap({ ...context, workspace }, moved);
  const guests = await takeDownGuests(session, placesOf(moved));
  await swap({ ...context, workspace }, moved);
  await putUpGuests(session, guests);
}

async function swap(context: Swapping, moved: BuiltModel[]): Promise<void> {
  const { session } = context;
  const views = moved.filter(({ model }) => model.config.materialized === "view");
  const tables = moved.filter(({ model }) => model.config.materialized !== "view");
  // What was built as views served the models and tests after them; the published ones read published names.
  for (const { relation } of [...views].reverse()) await session.run(`drop view ${quoteRelation(relation)}`);
  const dropped = new Map<string, string[]>();
  for (const table of tables) await swapTable(context, table, dropped);
  for (const model of context.models) {
    const changed = views.find((view) => view.model.name === model.name);
    if (changed || dropped.has(model.name)) await publishView(context, model, dropped);
  }
}

const modelOf = (models: Model[], relation: Relation) =>
  models.find((model) => quoteRelation(model.relation) === quoteRelation(relation));

/** Drops a published view, and first those of the project that read it; `dropped` keeps their grants. */
async function dropView(context: Swapping, model: Model, dropped: Map<string, string[]>): Promise<void> {
  const { session } = context;
  for (const view of await readDependentViews(session, model.relation)) {
    const reader = modelOf(context.models, view);
    if (reader) await dropView(context, reader, dropped);
  }
  dropped.set(model.name, await readGrants(session, model.relation));
  await dropRelation(context, model, "view");
}

async function dropRelation(context: Swapping, model: Model, kind: "view" | "table"): Promise<void> {
  const { name, relation } = model;
  const { session } = context;
  // Foreign keys of the project's own tables are made anew with these, and those of the workspace with its next build.
  for (const { table, constraint } of await readReferences(session, relation)) {
    if (modelOf(context.models, table) || context.workspace.has(quoteRelation(table)))
      await session.run(`alter table ${quoteRelation(table)} drop constraint ${quoteIdentifier(constraint)}`);
  }
  try {
    await session.run(`drop ${kind} ${quoteRelation(relation)}`);
  } catch (error) {
    // 2BP01: something that is not ours reads it.
    if (!hasCode(error, "2BP01") || !(error instanceof Error)) throw error;
    const detail = "detail" in error ? ` (${String(error.detail).replaceAll("\n", "; ")})` : "";
    throw refuse(
      name,
      `cannot be replaced while something outside the project reads it${detail}; drop that first`,
      error,
    );
  }
}

async function swapTable(context: Swapping, table: BuiltModel, dropped: Map<string, string[]>): Promise<void> {
  const { session, standing } = context;
  const { model, relation, fingerprint } = table;
  const target = model.relation;
  refuseMissingKey(table);
  // A hook may have dropped it again.
  if (!(await isStanding(session, relation))) return;
  const before = standing.get(model.name);
  if (before?.kind === "other")
    throw refuse(model.path, `'${model.name}' is neither a table nor a view in the database; drop it first`);
  let grants = before ? [] : await readDefaultGrants(session, target);
  if (before?.kind === "view") {
    await dropView(context, model, dropped);
    grants = dropped.get(model.name) ?? [];
    dropped.delete(model.name);
  } else if (before) {
    const readers = await readReaders(context, model);
    if (readers.outside.length > 0) return copyInto(context, table, readers.outside);
    // Before the table, as who reads a view locks it before what it reads.
    for (const reader of readers.own) await dropView(context, reader, dropped);
    await session.run(`lock table ${quoteRelation(target)} in access exclusive mode`);
    grants = await readGrants(session, target);
    await dropRelation(context, model, "table");
  }
  await moveTable(context, table, target.schema);
  await session.run([await commentStatements(session, "table", target, model, fingerprint), ...grants].join(";\n"));
}

async function moveTable({ session, distribution }: PublishContext, { model, relation }: BuiltModel, schema: string) {
  if (distribution && model.config.distributedBy) await distribution.move(session.run, relation, schema);
  else await session.run(`alter table ${quoteRelation(relation)} set schema ${quoteIdentifier(schema)}`);
}

/** A unique index that could not be made and that no test spoke for: the next incremental build would rely on it. */
function refuseMissingKey({ model, proven }: BuiltModel): void {
  const missing = model.config.indexes.find(
    ({ unique, columns }) => unique && !proven.some((found) => found.join() === [...columns].sort().join()),
  );
  if (missing)
    throw refuse(
      model.path,
      `rows repeat in (${missing.columns.join(", ")}), where the config asks for a unique index`,
    );
}

/** The views of a model's table: the project's own that read it directly, and other people's, which may read it through those. */
async function readReaders(
  { session, models }: PublishContext,
  { name, relation }: Model,
): Promise<{ own: Model[]; outside: Relation[] }> {
  const descending = descendants(models, name);
  const ownOf = (view: Relation) => {
    const model = modelOf(models, view);
    return model && descending.has(model.name) ? [model] : [];
  };
  const direct = await readDependentViews(session, relation);
  const all = [...direct];
  for (const view of all) {
    if (ownOf(view).length === 0) continue;
    for (const further of await readDependentViews(session, view)) {
      if (!all.some((known) => quoteRelation(known) === quoteRelation(further))) all.push(further);
    }
  }
  return { own: direct.flatMap(ownOf), outside: all.filter((view) => ownOf(view).length === 0) };
}

/** Somebody's own view reads the table, or a view of it: its rows are exchanged and the table stays, so that the view does too. */
async function copyInto(
  context: PublishContext,
  { model, relation, fingerprint }: BuiltModel,
  outside: Relation[],
): Promise<void> {
  const { session, distribution } = context;
  const target = model.relation;
  const describe = async (of: Relation) => JSON.stringify(await readColumns(session, of));
  if ((await describe(relation)) !== (await describe(target))) {
    const names = outside.map(quoteRelation).join(", ");
    throw refuse(model.path, `its columns change, and ${names} outside the project reads it; drop that first`);
  }
  if (distribution && (await liesElsewhere(session, distribution, model))) {
    // Rows would stay on the one server that the table lies on: the table goes, beneath its views.
    await replaceTable(session.run, distribution, { old: target, fresh: relation });
  } else {
    await session.run(`delete from ${quoteRelation(target)}`);
    await session.run(`insert into ${quoteRelation(target)} select * from ${quoteRelation(relation)}`);
    await session.run(`drop table ${quoteRelation(relation)}`);
  }
  await session.run(await commentStatements(session, "table", target, model, fingerprint));
}

/** Puts a view's present text under its name: in place where its columns allow it, else anew with all that read it. */
async function publishView(context: Swapping, model: Model, dropped: Map<string, string[]>): Promise<void> {
  const { session, compiler } = context;
  const target = model.relation;
  // By now every name means what is published.
  const asking = { session, places: createPlaces("") };
  const sql = await withQueries(asking, (query) => compiler.renderModel(model, { query }));
  const fingerprint = await withQueries(asking, (query) => compiler.fingerprint(model, query));
  const create = () => session.run(`create or replace view ${quoteRelation(target)} as ${sql}`);
  const before = dropped.has(model.name) ? undefined : context.standing.get(model.name);
  if (before?.kind === "table") {
    const { own } = await readReaders(context, model);
    for (const reader of own) await dropView(context, reader, dropped);
    dropped.set(model.name, await readGrants(session, target));
    await dropRelation(context, model, "table");
  }
  try {
    await session.savepoint(create);
  } catch (error) {
    // 42P16: a column would go, or change its name or type.
    if (!hasCode(error, "42P16")) throw error;
    await dropView(context, model, dropped);
    await create();
  }
  const comments = await commentStatements(session, "view", target, model, fingerprint);
  await session.run([comments, ...(dropped.get(model.name) ?? [])].join(";\n"));
}
