import type { Sql, TransactionSql } from "../../../db/client.ts";
import { isUniqueViolation } from "../../../db/errors.ts";
import { insertAction } from "../../../db/queries/operations/actions.ts";
import {
  countSavedQueries,
  deleteSavedQuery,
  insertSavedQuery,
  lockSavedQuery,
  restoreSavedQuery,
  type SavedQueryRow,
  selectQueryNamesLike,
  updateSavedQuery,
} from "../../../db/queries/research/sql-queries.ts";
import { type Actor, RequestError } from "../../../jobs/orchestrator/types.ts";
import { beginningOf, cleanName, freeName, nameTaken } from "../../http/names.ts";
import { sqlLimits } from "./limits.ts";

/** What people do with saved queries. Each keeps who did it, and throws a RequestError where it cannot be done as asked. */
export type SavedQueries = {
  /** Keeps a statement by a name. Answers the new id. */
  save(query: { name: string; text: string }, by: Actor): Promise<number>;
  change(id: number, query: { name: string; text: string }, by: Actor): Promise<void>;
  /** Takes it off the list; `restore` has it back until housekeeping removes it for good. */
  remove(id: number, by: Actor): Promise<void>;
  /** Puts it back; by `name (restored)` where its name was given away since. */
  restore(id: number, by: Actor): Promise<void>;
};

type Done<Result> = { id: number; name: string; result: Result };

/** What people do with saved queries, on one database. */
export function createSavedQueries({ sql, now }: { sql: Sql; now(): Date }): SavedQueries {
  const act = async <Result>(kind: string, by: Actor, deed: (transaction: TransactionSql) => Promise<Done<Result>>) =>
    (await sql.begin(async (transaction) => {
      const { id, name, result } = await deed(transaction);
      await insertAction(transaction, { actor: by.name, via: by.via, kind, details: { query: id, name } });
      return result;
    })) as Result;

  return {
    async save(query, by) {
      const { name, text } = cleanQuery(query);
      return await named(name, () =>
        act("query.create", by, async (transaction) => {
          await requireRoom(transaction);
          const id = await insertSavedQuery(transaction, { name, text, by: by.name, at: now() });
          return { id, name, result: id };
        }),
      );
    },
    async change(id, query, by) {
      const { name, text } = cleanQuery(query);
      await named(name, () =>
        act("query.change", by, async (transaction) => {
          await lockListed(transaction, id);
          await updateSavedQuery(transaction, { id, name, text, at: now() });
          return { id, name, result: undefined };
        }),
      );
    },
    remove: (id, by) =>
      act("query.delete", by, async (transaction) => {
        const { name } = await lockListed(transaction, id);
        await deleteSavedQuery(transaction, id, now());
        return { id, name, result: undefined };
      }),
    restore: (id, by) =>
      act("query.restore", by, async (transaction) => {
        const name = await restoreDeleted(transaction, id);
        return { id, name, result: undefined };
      }),
  };
}

/** The refusal for an id that no query has, or a deleted one. */
export const noQuery = (id: number): RequestError =>
  new RequestError("not_found", `There is no saved query ${id}, or it was deleted.`);

function cleanQuery({ name, text }: { name: string; text: string }): { name: string; text: string } {
  if (text.trim() === "") throw new RequestError("invalid", "There is no statement to save.", "sql");
  return { name: cleanName(name, "query"), text: text.trim() };
}

async function restoreDeleted(transaction: TransactionSql, id: number): Promise<string> {
  const { name, deletedAt } = await requireQuery(transaction, id);
  if (deletedAt === null) throw new RequestError("conflict", `“${name}” is not deleted.`);
  const taken = await selectQueryNamesLike(transaction, beginningOf(name, "restored".length + 7));
  const isFree = !taken.some((other) => other.toLowerCase() === name.toLowerCase());
  const free = isFree ? name : freeName(name, "restored", taken);
  await restoreSavedQuery(transaction, id, free);
  return free;
}

async function requireRoom(transaction: TransactionSql): Promise<void> {
  if ((await countSavedQueries(transaction)) < sqlLimits.savedQueries) return;
  const message = `There are ${sqlLimits.savedQueries} saved queries, the most that are kept. Delete some first.`;
  throw new RequestError("conflict", message);
}

async function requireQuery(transaction: TransactionSql, id: number): Promise<SavedQueryRow> {
  const kept = await lockSavedQuery(transaction, id);
  if (kept === null) throw noQuery(id);
  return kept;
}

async function lockListed(transaction: TransactionSql, id: number): Promise<SavedQueryRow> {
  const kept = await requireQuery(transaction, id);
  if (kept.deletedAt !== null) throw noQuery(id);
  return kept;
}

/** Two that take one name at once: the database decides, and the second is told. */
async function named<Result>(name: string, deed: () => Promise<Result>): Promise<Result> {
  try {
    return await deed();
  } catch (error) {
    if (isUniqueViolation(error)) throw nameTaken(name, "query");
    throw error;
  }
}
