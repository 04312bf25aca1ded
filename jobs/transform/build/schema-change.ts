import { refuse } from "../project/refusal.ts";
import { type Model, quoteIdentifier, quoteRelation, type Relation } from "../project/types.ts";
import { readColumns } from "./catalog.ts";
import type { Session } from "./session.ts";

type Column = { name: string; type: string };

/** How long a text column may be, as dbt counts it; undefined of other types. */
function textSize(type: string): number | undefined {
  if (type === "text" || type === "character varying" || type === "character") return 256;
  const [, size] = /^character(?: varying)?\((\d+)\)$/.exec(type) ?? [];
  return size === undefined ? undefined : Number(size);
}

/** Whether a text column is too short for another's values. */
function isShorter(column: Column, than: Column): boolean {
  const [own, other] = [textSize(column.type), textSize(than.type)];
  return own !== undefined && other !== undefined && column.type !== "text" && own < other;
}

/** Changes a column's type as dbt does: by a new column, which comes last. */
async function retype(session: Session, relation: Relation, name: string, type: string): Promise<void> {
  const table = quoteRelation(relation);
  const [column, temporary] = [quoteIdentifier(name), quoteIdentifier(`${name}__dbt_alter`)];
  await session.run(`alter table ${table} add column ${temporary} ${type}`);
  await session.run(`update ${table} set ${temporary} = ${column}`);
  await session.run(`alter table ${table} drop column ${column} cascade`);
  await session.run(`alter table ${table} rename column ${temporary} to ${column}`);
}

/** Makes room in text columns for what is longer than they were made for. */
export async function widenColumns(session: Session, from: Relation, relation: Relation): Promise<void> {
  const wanted = new Map((await readColumns(session, from)).map((column) => [column.name, column]));
  for (const column of await readColumns(session, relation)) {
    const other = wanted.get(column.name);
    if (other && isShorter(column, other))
      await retype(session, relation, column.name, `character varying(${textSize(other.type)})`);
  }
}

/**
 * Does with columns that came, went or changed what the model's `on_schema_change` says: nothing, an error, the new ones added, or all
 * of them made alike. Answers the columns that are to be written.
 */
export async function alignSchema(session: Session, model: Model, delta: Relation): Promise<string[]> {
  const { relation } = model;
  const table = await readColumns(session, relation);
  const mode = model.config.onSchemaChange ?? "ignore";
  if (mode === "ignore") return table.map(({ name }) => name);
  const rows = await readColumns(session, delta);
  const [present, wanted] = [byName(table), byName(rows)];
  const added = rows.filter(({ name }) => !present.has(name));
  const removed = table.filter(({ name }) => !wanted.has(name));
  const changed = rows.filter((column) => {
    const before = present.get(column.name);
    return before !== undefined && before.type !== column.type && !isShorter(column, before);
  });
  if (mode === "fail" && added.length + removed.length + changed.length > 0) {
    throw refuse(model.path, `on_schema_change='fail': ${describe({ added, removed, changed })}`);
  }
  const drops = mode === "sync_all_columns" ? removed : [];
  const statements = [
    ...added.map(({ name, type }) => `add column ${quoteIdentifier(name)} ${type}`),
    ...drops.map(({ name }) => `drop column ${quoteIdentifier(name)}`),
  ];
  if (statements.length > 0) await session.run(`alter table ${quoteRelation(relation)} ${statements.join(", ")}`);
  if (mode === "sync_all_columns") {
    for (const { name, type } of changed) await retype(session, relation, name, type);
  }
  return rows.map(({ name }) => name);
}

const byName = (columns: Column[]) => new Map(columns.map((column) => [column.name, column]));

function describe(changes: Record<"added" | "removed" | "changed", Column[]>): string {
  const names = (columns: Column[]) => columns.map(({ name, type }) => `${name} ${type}`).join(", ");
  return [
    changes.added.length > 0 && `the query has ${names(changes.added)}, which the table has not`,
    changes.removed.length > 0 && `the table has ${names(changes.removed)}, which the query has not`,
    changes.changed.length > 0 && `the types differ of ${names(changes.changed)}`,
  ]
    .filter(Boolean)
    .join("; ");
}
