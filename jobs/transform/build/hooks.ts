import type { Compiler } from "../project/compile.ts";
import { factsOf } from "../project/compile.ts";
import type { Model, ProjectHook, Relation } from "../project/types.ts";
import { type Asking, renderHere } from "./query.ts";

type HookContext = Asking & { compiler: Compiler; fullRefresh: boolean };

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
  for (const statement of statements) await runHook(context, model.path, statement, own);
}

/** Runs the statements before or after all of a build. */
export async function runProjectHooks(context: HookContext, hooks: ProjectHook[]): Promise<void> {
  for (const { path, text, package: owner } of hooks) await runHook(context, path, text, { package: owner });
}

type Own = { self?: Relation; package: string; incremental?: boolean; node?: ReturnType<typeof factsOf> };

async function runHook(context: HookContext, path: string, statement: string, own: Own): Promise<void> {
  const { session, compiler, fullRefresh } = context;
  const sql = await renderHere(context, (query) => compiler.render(path, statement, { fullRefresh, query, ...own }));
  if (sql.trim()) await session.run(sql);
}
