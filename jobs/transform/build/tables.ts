import { isUniqueViolation } from "../../../db/errors.ts";
import { type Model, quoteIdentifier, quoteRelation, type Relation } from "../project/types.ts";
import { fillByKey } from "./by-key.ts";
import { type BuiltModel, compileModel, type ModelContext, openWork } from "./context.ts";
import { createContracted } from "./contract.ts";
import { fillOnShards } from "./fill-shards.ts";
import { indexName } from "./names.ts";
import type { Session } from "./session.ts";

/** Builds all of a table beside the one that is published. */
export async function buildTable(
  context: ModelContext,
  model: Model,
  fingerprint: string,
  reason: string | undefined,
): Promise<BuiltModel> {
  const { session } = context;
  const sql = await compileModel(context, model, false);
  const relation = await openWork(context, model);
  const created = await createFilled(context, model, relation, sql);
  const proven = await indexTable(session, model, relation);
  const standing = context.standing.has(model.name);
  const refresh = model.config.materialized === "incremental" ? "full_refresh" : "replaced";
  const action = standing ? refresh : "created";
  return { model, action, rows: created.count, fingerprint, relation, delta: undefined, proven, reason };
}

async function createFilled(
  context: ModelContext,
  model: Model,
  relation: Relation,
  sql: string,
): Promise<{ count: number }> {
  const { session, shards } = context;
  if (shards?.runsThere(model))
    return await fillOnShards(context, shards, model, { sql, table: relation, incremental: false });
  if (model.config.contract) return await createContracted(context, model, relation, sql);
  if (model.config.independentBy) return await fillByKey(context, model, sql);
  return await session.whole(`create table ${quoteRelation(relation)} as ${sql}`);
}

/** Makes the indexes of a table that was just filled. Answers which columns a unique one proves. */
export async function indexTable(session: Session, model: Model, relation: Relation): Promise<string[][]> {
  const proven: string[][] = [];
  for (const index of model.config.indexes) {
    const columns = index.columns.map(quoteIdentifier).join(", ");
    const method = index.type === undefined ? "" : `using ${quoteIdentifier(index.type)}`;
    const name = quoteIdentifier(indexName(model, index));
    const statement = (kind: string) => `create ${kind} ${name} on ${quoteRelation(relation)} ${method} (${columns})`;
    if (!index.unique) await session.run(statement("index"));
    else if (await createUniqueIndex(session, statement)) proven.push([...index.columns].sort());
  }
  await session.run(
    `analyze ${quoteRelation(relation)}${listed(model.config.indexes.flatMap(({ columns }) => columns))}`,
  );
  return proven;
}

/** What finds rows is enough for a build; of many columns it would take seconds, and the server's own analyze comes within a minute. */
const listed = (columns: string[]) =>
  columns.length > 0 ? ` (${[...new Set(columns)].map(quoteIdentifier).join(", ")})` : "";

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
