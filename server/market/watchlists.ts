import type { Sql, TransactionSql } from "../../db/client.ts";
import { selectSecurityId } from "../../db/queries/market/read-securities.ts";
import {
  insertWatched,
  insertWatchlist,
  isKnownTicker,
  lockWatchlist,
  orderWatched,
  placeWatchlistFirst,
  removeWatched,
  renameWatchlist,
  selectWatchedAs,
  selectWatchedOrder,
  selectWatchlists,
  setWatchlistDeleted,
  updateWatchedNote,
} from "../../db/queries/market/watchlists.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import { type Actor, RequestError } from "../../jobs/orchestrator/types.ts";
import { cleanName, named, restoredName } from "../http/names.ts";

const thing = "watchlist";
/** Bounds on what a script can fill up, and on what a page reads. */
const mostWatchlists = 100;
const mostTickers = 500;
export const longestNote = 500;
/** What the list is called that the first star makes. */
const firstName = "Watchlist";

/** What people do with watchlists. Each keeps who did it, and throws a RequestError where it cannot be done as asked. */
export type Watchlists = {
  /** Makes an empty list, behind the others. Answers its id. */
  create(name: string, by: Actor): Promise<number>;
  rename(id: number, name: string, by: Actor): Promise<void>;
  /** Puts it before the others: the star is for it. */
  placeFirst(id: number, by: Actor): Promise<void>;
  /** Takes it off the lists; `restore` has it back until housekeeping removes it for good. */
  remove(id: number, by: Actor): Promise<void>;
  /** Puts it back; by `name (restored)` where its name was given away since. */
  restore(id: number, by: Actor): Promise<void>;
  /** Puts a ticker's security on a list, or back where it was. The note of before stays where none is given. */
  add(id: number, ticker: string, note: string | undefined, by: Actor): Promise<void>;
  /** Takes it off; `add` has it back, with its note. */
  take(id: number, ticker: string, by: Actor): Promise<void>;
  /** Changes its note, or its place among the others: 1 is the first. */
  change(
    id: number,
    ticker: string,
    change: { note?: string | undefined; place?: number | undefined },
    by: Actor,
  ): Promise<void>;
  /** Puts it on the first list, which is made where there is none, or takes it off. Answers whether it is on it now, and the list. */
  star(ticker: string, by: Actor): Promise<{ isStarred: boolean; watchlist: number }>;
};

/** The refusal for an id that no watchlist has, or a deleted one. */
export const noWatchlist = (id: number): RequestError =>
  new RequestError("not_found", `There is no watchlist ${id}, or it was deleted.`);

type Told = { id: number; name: string; ticker?: string };
type Act = <Result>(
  kind: string,
  by: Actor,
  deed: (transaction: TransactionSql) => Promise<Told & { result: Result }>,
) => Promise<Result>;

async function lockListed(transaction: TransactionSql, id: number): Promise<Told> {
  const kept = await lockWatchlist(transaction, id);
  if (kept === null || kept.deletedAt !== null) throw noWatchlist(id);
  return { id, name: kept.name };
}

/** One line or several, without what cannot be seen. */
function cleanNote(given: string): string {
  const note = given
    .normalize("NFC")
    .replace(/[^\P{Cc}\n]/gu, " ")
    .trim();
  if ([...note].length <= longestNote) return note;
  throw new RequestError("invalid", `A note has at most ${longestNote} characters.`, "note");
}

/** The security that a label stands for, and the label by which the list has it. */
async function findOn(transaction: TransactionSql, sql: Sql, id: number, ticker: string) {
  const securityId = await selectSecurityId(sql, ticker);
  return { securityId, known: await selectWatchedAs(transaction, id, { ticker, securityId }) };
}

async function requireOn(transaction: TransactionSql, sql: Sql, id: number, ticker: string): Promise<string> {
  const { known } = await findOn(transaction, sql, id, ticker);
  if (known?.isOn) return known.addedAs;
  throw new RequestError("not_found", `${ticker} is not on this watchlist.`);
}

/** What people do with watchlists, on one database. */
export function createWatchlists({ sql, now }: { sql: Sql; now(): Date }): Watchlists {
  const act: Act = async (kind, by, deed) => {
    // What a transaction answers is the deed's own.
    const answered = await sql.begin(async (transaction) => {
      const { id, name, ticker, result } = await deed(transaction);
      const details = { watchlist: id, name, ...(ticker !== undefined && { ticker }) };
      await insertAction(transaction, { actor: by.name, via: by.via, kind, details });
      return { result };
    });
    return answered.result as Awaited<ReturnType<typeof deed>>["result"];
  };
  const put = async (transaction: TransactionSql, id: number, ticker: string, note: string | null) => {
    const { securityId, known } = await findOn(transaction, sql, id, ticker);
    if (known === null && !(await isKnownTicker(transaction, ticker))) {
      throw new RequestError("invalid", `No ticker "${ticker}" is known.`, "ticker");
    }
    const order = await selectWatchedOrder(transaction, id);
    if (order.length >= mostTickers && !known?.isOn) {
      throw new RequestError("conflict", `A watchlist has at most ${mostTickers} tickers.`);
    }
    await insertWatched(transaction, id, { ticker: known?.addedAs ?? ticker, securityId, note, at: now() });
  };

  return {
    ...createListDeeds({ act, now }),
    add: (id, ticker, note, by) =>
      act("watchlist.add", by, async (transaction) => {
        const list = await lockListed(transaction, id);
        await put(transaction, id, ticker, note === undefined ? null : cleanNote(note));
        return { ...list, ticker, result: undefined };
      }),
    take: (id, ticker, by) =>
      act("watchlist.take", by, async (transaction) => {
        const list = await lockListed(transaction, id);
        await removeWatched(transaction, id, await requireOn(transaction, sql, id, ticker), now());
        return { ...list, ticker, result: undefined };
      }),
    change: (id, ticker, { note, place }, by) =>
      act("watchlist.change", by, async (transaction) => {
        const list = await lockListed(transaction, id);
        const addedAs = await requireOn(transaction, sql, id, ticker);
        if (note !== undefined) await updateWatchedNote(transaction, id, addedAs, cleanNote(note));
        if (place !== undefined) {
          const others = (await selectWatchedOrder(transaction, id)).filter((label) => label !== addedAs);
          await orderWatched(transaction, id, others.toSpliced(Math.max(0, place - 1), 0, addedAs));
        }
        return { ...list, ticker, result: undefined };
      }),
    async star(ticker, by) {
      const [first] = await selectWatchlists(sql);
      const id = first?.id ?? (await this.create(firstName, by));
      const { known } = await sql.begin((transaction) => findOn(transaction, sql, id, ticker));
      if (known?.isOn) await this.take(id, ticker, by);
      else await this.add(id, ticker, undefined, by);
      return { isStarred: !known?.isOn, watchlist: id };
    },
  };
}

/** What is done to a list as a whole. */
function createListDeeds({ act, now }: { act: Act; now(): Date }) {
  return {
    create: async (given: string, by: Actor) => {
      const name = cleanName(given, thing);
      return await named(name, thing, () =>
        act("watchlist.create", by, async (transaction) => {
          if ((await selectWatchlists(transaction)).length >= mostWatchlists) {
            throw new RequestError("conflict", `There are ${mostWatchlists} watchlists, the most that are kept.`);
          }
          const id = await insertWatchlist(transaction, { name, by: by.name, at: now() });
          return { id, name, result: id };
        }),
      );
    },
    rename: async (id: number, given: string, by: Actor) => {
      const name = cleanName(given, thing);
      await named(name, thing, () =>
        act("watchlist.rename", by, async (transaction) => {
          await lockListed(transaction, id);
          await renameWatchlist(transaction, id, name);
          return { id, name, result: undefined };
        }),
      );
    },
    placeFirst: (id: number, by: Actor) =>
      act("watchlist.first", by, async (transaction) => {
        const list = await lockListed(transaction, id);
        await placeWatchlistFirst(transaction, id);
        return { ...list, result: undefined };
      }),
    remove: (id: number, by: Actor) =>
      act("watchlist.delete", by, async (transaction) => {
        const list = await lockListed(transaction, id);
        await setWatchlistDeleted(transaction, id, { at: now(), name: list.name });
        return { ...list, result: undefined };
      }),
    restore: (id: number, by: Actor) =>
      act("watchlist.restore", by, async (transaction) => {
        const kept = await lockWatchlist(transaction, id);
        if (kept === null) throw noWatchlist(id);
        if (kept.deletedAt === null) throw new RequestError("conflict", `“${kept.name}” is not deleted.`);
        const taken = (await selectWatchlists(transaction)).map((list) => list.name);
        const name = restoredName(kept.name, taken);
        await setWatchlistDeleted(transaction, id, { at: null, name });
        return { id, name, result: undefined };
      }),
  };
}
