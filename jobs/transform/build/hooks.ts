import type { Compiler } from "../project/compile.ts";
import { factsOf, publishedRelation } from "../project/compile.ts";
import type { Model, Relation } from "../project/types.ts";
import { currentRelation } from "./names.ts";
import { withQueries } from "./query.ts";
import type { Session } from "./session.ts";

type HookContext = {
  session: Session;
  compiler: Compiler;
  built: Map<string, { relation: Relation }>;
  fullRefresh: boolean;
};

/** Runs the statements before or after a model; `self` is where it stands at that moment, `incremental` whether it is built on what stands. */
export async function runModelHooks(
  context: HookContext,
  model: Model,
  statements: string[],
  { self = publishedRelation(model.name), incremental = false }: { self?: Relation; incremental?: boolean } = {},
): Promise<void> {
  await runHooks(context, model.path, statements, { self, incremental, node: factsOf(model) });
}

/** Runs the statements before or after all of a build. */
export async function runProjectHooks(context: HookContext, statements: string[]): Promise<void> {
  await runHooks(context, "dbt_project.yml", statements, {});
}

type Own = { self?: Relation; incremental?: boolean; node?: ReturnType<typeof factsOf> };

async function runHooks(context: HookContext, path: string, statements: string[], own: Own): Promise<void> {
  const { session, compiler, built, fullRefresh } = context;
  for (const statement of statements) {
    const sql = await withQueries(session, (query) =>
      compiler.render(path, statement, {
        relationOf: (name) => currentRelation(built, name),
        ...{ fullRefresh, query },
        ...own,
      }),
    );
    if (sql.trim()) await session.run(sql);
  }
}
