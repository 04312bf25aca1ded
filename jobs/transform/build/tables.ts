import { isUniqueViolation } from "../../../db/errors.ts";
import { publishedRelation } from "../project/compile.ts";
import { type Model, quoteIdentifier, quoteRelation, type Relation } from "../project/types.ts";
import { fillByKey, fillDelta } from "./by-key.ts";
import { readColumns } from "./catalog.ts";
import { type BuiltModel, compileModel, type ModelContext } from "./context.ts";
import { deltaRelation, workRelation } from "./names.ts";
import type { Session } from "./session.ts";

/** Builds all of a table beside the one that is published. */
export async function buildTable(
  context: ModelContext,
  model: Model,
  fingerprint: string,
  reason: string | undefined,
): Promise<BuiltModel> {
  const { session } = context;
  const relation = workRelation(model.name);
  const sql = await compileModel(context, model, false);
  const created = model.config.independentBy
    ? await fillByKey(context, model, sql)
    : await session.whole(`create table ${quoteRelation(relation)} as ${sql}`);
  const proven = await indexTable(session, model, relation);
  const standing = context.standing.has(model.name);
  const refresh = model.config.materialized === "incremental" ? "full_refresh" : "replaced";
  const action = standing ? refresh : "created";
  return { model, action, rows: created.count, fingerprint, relation, delta: undefined, proven, reason };
}

/** Makes the indexes of a table that was just filled. Answers which columns a unique one proves. */
export async function indexTable(session: Session, model: Model, relation: Relation): Promise<string[][]> {
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
    if (isUniqueViolation(error)) return false;
    throw error;
  }
}

/** Builds the rows that are new to an incremental model, to be written once they are tested. */
export async function buildDelta(context: ModelContext, model: Model, fingerprint: string): Promise<BuiltModel> {
  const { session } = context;
  const delta = deltaRelation(model.name);
  const relation = publishedRelation(model.name);
  const sql = await compileModel(context, model, true);
  const created = await fillDelta(context, model, sql, delta);
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
  // Of many columns that would take as long as writing them; what finds the rows in the table is enough.
  const keys = model.config.uniqueKey.map(quoteIdentifier).join(", ");
  await session.run(`analyze ${quoteRelation(delta)} ${keys && `(${keys})`}`);
  return { ...common, action: "incremental", delta };
}

/** Writes the delta into its table, as the model's strategy says. Readers see nothing of it before the commit. */
export async function mergeDelta(session: Session, built: BuiltModel): Promise<void> {
  if (!built.delta) return;
  const { config } = built.model;
  const target = quoteRelation(built.relation);
  const delta = quoteRelation(built.delta);
  const keys = config.uniqueKey.map(quoteIdentifier);
  const names = (await readColumns(session, built.relation)).map(({ name }) => name);
  const columns = names.map(quoteIdentifier).join(", ");
  const same = keys.map((key) => `target.${key} = delta.${key}`).join(" and ");
  if (config.strategy === "merge" && keys.length > 0) {
    const values = names.map((name) => `delta.${quoteIdentifier(name)}`).join(", ");
    const updates = updatedColumns(built.model, names).map((name) => `${name} = delta.${name}`);
    const update = updates.length > 0 ? `update set ${updates.join(", ")}` : "do nothing";
    await session.run(`
      merge into ${target} as target using ${delta} as delta on ${same}
      when matched then ${update}
      when not matched then insert (${columns}) values (${values})`);
    return;
  }
  if (config.strategy === "delete+insert" && keys.length > 0) {
    await session.run(`delete from ${target} as target using ${delta} as delta where ${same}`);
  }
  await session.run(`insert into ${target} (${columns}) select ${columns} from ${delta}`);
}

/** The columns, quoted, that a match overwrites. */
function updatedColumns({ config }: Model, names: string[]): string[] {
  const excluded = config.mergeExcludeColumns.map((name) => name.toLowerCase());
  const chosen = config.mergeUpdateColumns ?? names.filter((name) => !excluded.includes(name.toLowerCase()));
  return chosen.map(quoteIdentifier);
}
