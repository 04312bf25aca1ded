import type { Sql, TransactionSql } from "../../db/client.ts";
import {
  deleteSavedScreen,
  insertSavedScreen,
  restoreSavedScreen,
  selectSavedScreen,
  selectSavedScreens,
  updateSavedScreen,
} from "../../db/queries/market/saved-screens.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import { type Actor, RequestError } from "../../jobs/orchestrator/types.ts";
import { cleanName, named, restoredName } from "../http/names.ts";

const thing = "saved screen";
const mostScreens = 500;
/** As long as an address may be. */
export const longestScreen = 2000;

/** What people do with screens that are kept by name. Each keeps who did it, and throws a RequestError where it cannot be done as asked. */
export type SavedScreens = {
  /** Keeps the query of a screen's address by a name. Answers its id. */
  save(screen: { name: string; query: string }, by: Actor): Promise<number>;
  change(id: number, change: { name?: string | undefined; query?: string | undefined }, by: Actor): Promise<void>;
  /** Takes it off the list; `restore` has it back until housekeeping removes it for good. */
  remove(id: number, by: Actor): Promise<void>;
  /** Puts it back; by `name (restored)` where its name was given away since. */
  restore(id: number, by: Actor): Promise<void>;
};

/** The refusal for an id that no screen has, or a deleted one. */
export const noScreen = (id: number): RequestError =>
  new RequestError("not_found", `There is no saved screen ${id}, or it was deleted.`);

/** A query as it is kept: without the question mark, and without the page that somebody was on. */
function cleanQuery(given: string): string {
  const params = new URLSearchParams(given.replace(/^\?/, "").toWellFormed());
  params.delete("from");
  const query = params.toString();
  if (query.length <= longestScreen && !query.includes("%00")) return query;
  throw new RequestError("invalid", `A screen has at most ${longestScreen} characters.`, "query");
}

/** What people do with saved screens, on one database. */
export function createSavedScreens({ sql, now }: { sql: Sql; now(): Date }): SavedScreens {
  const act = async (
    kind: string,
    by: Actor,
    deed: (transaction: TransactionSql) => Promise<{ id: number; name: string | null }>,
  ): Promise<number> =>
    await sql.begin(async (transaction) => {
      const { id, name } = await deed(transaction);
      if (name === null) throw noScreen(id);
      await insertAction(transaction, { actor: by.name, via: by.via, kind, details: { screen: id, name } });
      return id;
    });

  return {
    async save({ name: given, query }, by) {
      const name = cleanName(given, thing);
      const kept = cleanQuery(query);
      return await named(name, thing, () =>
        act("screen.create", by, async (transaction) => {
          if ((await selectSavedScreens(transaction)).length >= mostScreens) {
            throw new RequestError("conflict", `There are ${mostScreens} saved screens, the most that are kept.`);
          }
          const id = await insertSavedScreen(transaction, { name, query: kept, by: by.name, at: now() });
          return { id, name };
        }),
      );
    },
    async change(id, { name: given, query }, by) {
      const name = given === undefined ? null : cleanName(given, thing);
      const change = { name, query: query === undefined ? null : cleanQuery(query), at: now() };
      await named(name ?? "", thing, () =>
        act("screen.change", by, async (transaction) => ({
          id,
          name: await updateSavedScreen(transaction, id, change),
        })),
      );
    },
    async remove(id, by) {
      await act("screen.delete", by, async (transaction) => ({
        id,
        name: await deleteSavedScreen(transaction, id, now()),
      }));
    },
    async restore(id, by) {
      await act("screen.restore", by, async (transaction) => {
        const kept = await selectSavedScreen(transaction, id);
        if (kept === null) return { id, name: null };
        if (kept.deletedAt === null) throw new RequestError("conflict", `“${kept.name}” is not deleted.`);
        const taken = (await selectSavedScreens(transaction)).map((screen) => screen.name);
        const name = restoredName(kept.name, taken);
        await restoreSavedScreen(transaction, id, name);
        return { id, name };
      });
    },
  };
}
