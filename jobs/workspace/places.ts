import type { Sql } from "../../db/client.ts";
import { literal, type Model, quoteRelation, type Relation } from "../transform/project/types.ts";
import type { Workspace, WorkspaceGroup } from "./types.ts";

/** The models and sources outside of a group that it reads, through whatever is ephemeral in between, by name. */
function outsideOf({ loaded: { project } }: Workspace, group: WorkspaceGroup): Set<string> {
  const models = new Map(project.models.map((model) => [model.name, model]));
  const own = new Set(group.models);
  const found = new Set<string>();
  const visit = (name: string): void => {
    const model = models.get(name);
    if (found.has(name) || (model && own.has(model))) return;
    if (model?.config.materialized !== "ephemeral") found.add(name);
    else for (const parent of model.dependsOn) visit(parent);
  };
  const { models: built, tests, unitTests } = group;
  for (const { dependsOn } of [...built, ...tests]) for (const name of dependsOn) visit(name);
  for (const { model } of unitTests) visit(model);
  return found;
}

/** Which of these relations stand as tables or views, by quoted name. */
export async function standingOf(sql: Sql, relations: readonly Relation[]): Promise<Set<string>> {
  if (relations.length === 0) return new Set();
  const rows = await sql<{ schema: string; identifier: string }[]>`
    select namespace.nspname as schema, class.relname as identifier
    from pg_class as class
    inner join pg_namespace as namespace on namespace.oid = class.relnamespace
    inner join jsonb_to_recordset(${sql.json(relations as never)}::jsonb) as wanted (schema text, identifier text)
      on wanted.schema = namespace.nspname and wanted.identifier = class.relname
    where class.relkind in ('r', 'p', 'v', 'm', 'f')`;
  return new Set(rows.map(quoteRelation));
}

const modelNamed = ({ shipped }: Workspace, name: string): Model | undefined =>
  shipped.project.models.find((model) => model.name === name);

/** A shipped relation that a group reads and that nothing has published yet; undefined where there is none. */
export async function missingOf(sql: Sql, workspace: Workspace, group: WorkspaceGroup): Promise<string | undefined> {
  const wanted = [...outsideOf(workspace, group)].flatMap((name) => modelNamed(workspace, name) ?? []);
  const standing = await standingOf(
    sql,
    wanted.map(({ relation }) => relation),
  );
  return wanted.find(({ relation }) => !standing.has(quoteRelation(relation)))?.name;
}

/** What a group reads of others and that can be held, so that no publication exchanges it under a build. */
export async function readsOf(sql: Sql, workspace: Workspace, group: WorkspaceGroup): Promise<Relation[]> {
  const relations = [...outsideOf(workspace, group)].flatMap(
    (name) => workspace.loaded.compiler.relationOf(name) ?? [],
  );
  if (relations.length === 0) return [];
  const places = relations.map((relation) => literal(quoteRelation(relation)));
  const rows = await sql.unsafe<{ name: string }[]>(`
    select wanted as name from unnest(array[${places.join(", ")}]) as wanted
    inner join pg_class on pg_class.oid = to_regclass(wanted)
    where relkind in ('r', 'p', 'v')`);
  const holdable = new Set(rows.map(({ name }) => name));
  return relations.filter((relation) => holdable.has(quoteRelation(relation)));
}
