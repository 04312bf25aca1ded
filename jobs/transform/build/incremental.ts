import { type Model, quoteIdentifier, quoteRelation, type Relation } from "../project/types.ts";
import { fillDelta } from "./by-key.ts";
import { readColumns } from "./catalog.ts";
import { type BuiltModel, compileModel, type ModelContext, openWork } from "./context.ts";
import { assertContract } from "./contract.ts";
import { fillOnShards } from "./fill-shards.ts";
import { deltaRelation, distributedDelta } from "./names.ts";
import { keepsHistory } from "./refresh.ts";
import { alignSchema, widenColumns } from "./schema-change.ts";
import type { Session } from "./session.ts";
import { buildTable } from "./tables.ts";

/** Builds the rows that are new to an incremental model, to be written once they are tested. */
export async function buildDelta(context: ModelContext, model: Model, fingerprint: string): Promise<BuiltModel> {
  const { session } = context;
  const { relation } = model;
  const sql = await compileModel(context, model, true);
  await assertContract(context, model, sql);
  const { delta, count } = await createDelta(context, model, sql);
  if (!keepsHistory(model) && (await describe(session, delta)) !== (await describe(session, relation))) {
    await session.run(`drop table ${quoteRelation(delta)}`);
    return buildTable(context, model, fingerprint, "its columns differ from those of the table that stands");
  }
  await widenColumns(session, delta, relation);
  const columns = await alignSchema(session, model, delta);
  const common = { model, rows: count, fingerprint, relation, columns, proven: [], reason: undefined };
  if (count === 0) {
    await session.run(`drop table ${quoteRelation(delta)}`);
    return { ...common, action: "unchanged", delta: undefined };
  }
  // Of many columns that would take as long as writing them; what finds the rows in the table is enough.
  const names = new Set((await readColumns(session, delta)).map(({ name }) => name));
  const keys = model.config.uniqueKey.filter((key) => names.has(key)).map(quoteIdentifier);
  await session.run(`analyze ${quoteRelation(delta)} ${keys.length > 0 ? `(${keys.join(", ")})` : ""}`);
  return { ...common, action: "incremental", delta };
}

/** Fills a table that only this build sees with the rows that are new to a model. */
async function createDelta(
  context: ModelContext,
  model: Model,
  sql: string,
): Promise<{ delta: Relation; count: number }> {
  const { session, shards } = context;
  if (!shards?.runsThere(model)) {
    const delta = deltaRelation(model);
    return { delta, count: (await fillDelta(context, model, sql, delta)).count };
  }
  await openWork(context, model);
  const delta = distributedDelta(session.stage, model);
  return { delta, count: (await fillOnShards(context, shards, model, { sql, table: delta, incremental: true })).count };
}

const describe = async (session: Session, of: Relation) =>
  (await readColumns(session, of))
    .map(({ name, type }) => `${name} ${type}`)
    .sort()
    .join(", ");

/** How dbt calls the two sides, which conditions of a config may name. */
const [target, source] = ["DBT_INTERNAL_DEST", "DBT_INTERNAL_SOURCE"];

/** Writes the delta into its table, as the model's strategy says. Readers see nothing of it before the commit. */
export async function mergeDelta(session: Session, built: BuiltModel): Promise<void> {
  if (!built.delta) return;
  await writeRows(session, built.model, built.delta, built.columns);
  if (built.delta.schema !== deltaRelation(built.model).schema)
    await session.run(`drop table ${quoteRelation(built.delta)}`);
}

/** Writes rows into a model's table; `columns` are those that are written, all where it is left out. */
export async function writeRows(
  session: Session,
  model: Model,
  rows: Relation,
  columns?: readonly string[],
): Promise<void> {
  const { strategy, uniqueKey } = model.config;
  const names = columns ?? (await readColumns(session, model.relation)).map(({ name }) => name);
  const list = names.map(quoteIdentifier).join(", ");
  const [into, from] = [quoteRelation(model.relation), quoteRelation(rows)];
  if ((strategy === "merge" || strategy === "microbatch") && uniqueKey.length > 0) {
    await session.run(mergeSql(model, { into, from, names, list }));
    return;
  }
  if (strategy === "delete+insert" && uniqueKey.length > 0) {
    await session.run(deleteSql(model, into, from));
  }
  await session.run(`insert into ${into} (${list}) select ${list} from ${from}`);
}

const plainName = /^\w+$/;

const isName = (key: string) => plainName.test(key) || key.startsWith('"');

/** Deletes what is about to be written anew. A key may be an expression, as dbt takes it; by names alone a join finds rows faster. */
function deleteSql({ config }: Model, into: string, from: string): string {
  const { uniqueKey, incrementalPredicates } = config;
  const further = incrementalPredicates.map((predicate) => ` and ${predicate}`).join("");
  if (!uniqueKey.every(isName)) {
    const key = uniqueKey.join(", ");
    return `delete from ${into} as ${target} where (${key}) in (select distinct ${key} from ${from} as ${source})${further}`;
  }
  return `delete from ${into} as ${target} using ${from} as ${source} where ${matching(uniqueKey)}${further}`;
}

const matching = (keys: string[]) => keys.map((key) => `${source}.${key} = ${target}.${key}`).join(" and ");

type Merging = { into: string; from: string; names: readonly string[]; list: string };

function mergeSql(model: Model, { into, from, names, list }: Merging): string {
  const values = names.map((name) => `${source}.${quoteIdentifier(name)}`).join(", ");
  const updates = updatedColumns(model, names).map((name) => `${name} = ${source}.${name}`);
  const predicates = [...model.config.incrementalPredicates, matching(model.config.uniqueKey)];
  const update = updates.length > 0 ? `update set ${updates.join(", ")}` : "do nothing";
  return `
    merge into ${into} as ${target} using ${from} as ${source} on ${predicates.map((part) => `(${part})`).join(" and ")}
    when matched then ${update}
    when not matched then insert (${list}) values (${values})`;
}

/** The columns, quoted, that a match overwrites. */
function updatedColumns({ config }: Model, names: readonly string[]): string[] {
  if (config.mergeUpdateColumns) return config.mergeUpdateColumns;
  const excluded = config.mergeExcludeColumns.map((name) => name.toLowerCase());
  return names.filter((name) => !excluded.includes(name.toLowerCase())).map(quoteIdentifier);
}
