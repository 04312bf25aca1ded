import { shardNumbers } from "../../../db/distribution/types.ts";
import type { Compiler } from "../project/compile.ts";
import { factsOf } from "../project/compile.ts";
import type { Query } from "../project/context/scope.ts";
import type { Model, ProjectHook, Relation } from "../project/types.ts";
import { type Asking, renderHere, withQueries } from "./query.ts";
import type { ShardWork } from "./shards.ts";

type HookContext = Asking & { compiler: Compiler; fullRefresh: boolean; shards?: ShardWork | undefined };

/**
 * Runs the statements before or after a model. `this` is what it will be called; they work on what stands for that in this build.
 * `incremental`: whether it is built on what stands.
 */
export async function runModelHooks(
  context: HookContext,
  model: Model,
  statements: string[],
  { incremental = false }: { incremental?: boolean } = {},
): Promise<void> {
  const own = { self: model.relation, package: model.package, incremental, node: factsOf(model) };
  const there = context.shards && model.config.distributedBy ? context.shards : undefined;
  for (const statement of statements) {
    if (there) await runHookOnShards(context, there, model, statement, own);
    else await runHook(context, model.path, statement, own);
  }
}

/** Runs the statements before or after all of a build. */
export async function runProjectHooks(context: HookContext, hooks: ProjectHook[]): Promise<void> {
  const distribution = context.shards?.distribution;
  for (const { path, text, package: owner } of hooks) {
    const sql = await runHook(context, path, text, { package: owner });
    // What one makes for the models, a function say, is to be there for them everywhere.
    if (distribution) {
      const everywhere = shardNumbers(distribution).map(() => sql);
      await distribution.onShards(context.session.run, everywhere);
    }
  }
}

type Own = { self?: Relation; package: string; incremental?: boolean; node?: ReturnType<typeof factsOf> };

type Rendering = Own & { query: Query };

const render = ({ compiler, fullRefresh }: HookContext, path: string, statement: string, own: Rendering) =>
  compiler.render(path, statement, { fullRefresh, ...own });

/** Answers what was run. */
async function runHook(context: HookContext, path: string, statement: string, own: Own): Promise<string> {
  const sql = await renderHere(context, (query) => render(context, path, statement, { query, ...own }));
  if (sql.trim()) await context.session.run(sql);
  return sql;
}

/** The statements of a model whose rows lie on the shards are for these. */
async function runHookOnShards(
  context: HookContext,
  { distribution, redirect }: ShardWork,
  model: Model,
  statement: string,
  own: Own,
): Promise<void> {
  const sql = await withQueries(context, (query) => render(context, model.path, statement, { query, ...own }));
  if (sql.trim()) await distribution.onShards(context.session.run, await redirect(model, sql));
}
