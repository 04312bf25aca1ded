import type { Sql, TransactionSql } from "../../db/client.ts";
import { lockKeys } from "../../db/locks.ts";
import {
  deleteWorkspaceRelations,
  selectPublishedRelations,
  type WorkspaceRelationRow,
} from "../../db/queries/quality/workspace.ts";
import { quoteRelation } from "../transform/project/types.ts";

type Place = { schema: string; relation: string };

/** How long readers of what goes may hold up its end; the next run tries again. */
const patienceMs = 2000;

/**
 * Drops what the workspace has published and no longer has; nothing that it did not publish. What something else reads stays until that is
 * gone. Answers the names of what is gone, and of what had to stay.
 */
export async function dropGone(sql: Sql, kept: ReadonlySet<string>): Promise<{ dropped: string[]; held: string[] }> {
  return await sql.begin(async (transaction) => {
    const gone = (await selectPublishedRelations(transaction)).filter(({ name }) => !kept.has(name));
    if (gone.length === 0) return { dropped: [], held: [] };
    await transaction`select set_config('lock_timeout', ${String(patienceMs)}::text, true)`;
    const [lock] = await transaction<{ held: boolean }[]>`
      select pg_try_advisory_xact_lock(${lockKeys.publication}::bigint) as held`;
    if (!lock?.held) return { dropped: [], held: gone.map(({ name }) => name) };
    const dropped: string[] = [];
    // What reads another goes before it, in as many rounds as there are such steps.
    for (let left = gone; left.length > 0; ) {
      const still: typeof gone = [];
      for (const one of left) {
        if (await dropRelation(transaction, one)) dropped.push(one.name);
        else still.push(one);
      }
      if (still.length === left.length) break;
      left = still;
    }
    await deleteWorkspaceRelations(transaction, dropped);
    return { dropped, held: gone.map(({ name }) => name).filter((name) => !dropped.includes(name)) };
  });
}

/** Drops what models stood in before, where they stand elsewhere now. */
export async function dropMoved(transaction: TransactionSql, rows: WorkspaceRelationRow[]): Promise<void> {
  for (const before of await selectPublishedRelations(transaction)) {
    const now = rows.find(({ name }) => name === before.name);
    if (!now || (now.schema === before.schema && now.relation === before.relation)) continue;
    await dropRelation(transaction, before);
  }
}

const words: Record<string, string> = { r: "table", p: "table", v: "view", m: "materialized view" };

/** Whether it is gone; what holds it undoes the attempt alone. */
async function dropRelation(transaction: TransactionSql, { schema, relation }: Place): Promise<boolean> {
  const name = quoteRelation({ schema, identifier: relation });
  const [found] = await transaction<{ kind: string }[]>`
    select relkind as kind from pg_class where oid = to_regclass(${name}::text)`;
  const word = found && words[found.kind];
  if (word === undefined) return true;
  try {
    await transaction.savepoint((inner) => inner.unsafe(`drop ${word} ${name}`));
    return true;
  } catch (error) {
    // Something reads it, or a reader holds it.
    if (error instanceof Error && "code" in error && ["2BP01", "55P03"].includes(String(error.code))) return false;
    throw error;
  }
}
