import { hasSecurities } from "../../db/queries/market/read-securities.ts";
import { selectQuotes } from "../../db/queries/market/read-tickers.ts";
import { hasMart } from "../../db/queries/market/read-warehouse.ts";
import {
  selectWatched,
  selectWatchlist,
  selectWatchlists,
  type WatchedRow,
  type WatchlistRow,
} from "../../db/queries/market/watchlists.ts";
import { deletedScenarioDays } from "../../jobs/housekeeping/retention.ts";
import type { WatchedTicker, WatchlistView, WatchPanelView } from "../../views/market/watchlist-types.ts";
import type { AppContext } from "../context.ts";
import { noWatchlist } from "./watchlists.ts";

const sparkSessions = 60;
const deletedShown = 20;
const panelRows = 8;
const dayMs = 86_400_000;

type Reader = Pick<AppContext, "read">;

/** A watchlist that is not deleted, and what is on it. */
export async function readWatchlist({ read }: Reader, id: number): Promise<WatchlistRow & { rows: WatchedRow[] }> {
  const list = await selectWatchlist(read, id);
  if (list === null || list.deletedAt !== null) throw noWatchlist(id);
  return { ...list, rows: await selectWatched(read, id, await hasSecurities(read)) };
}

/** Rows with the last published session of each. */
async function withQuotes({ read }: Reader, rows: readonly WatchedRow[]): Promise<WatchedTicker[]> {
  const tickers = rows.map(({ ticker }) => ticker);
  const quotes = tickers.length > 0 && (await hasMart(read)) ? await selectQuotes(read, tickers, sparkSessions) : [];
  const byTicker = new Map(quotes.map((quote) => [quote.ticker, quote]));
  return rows.map(({ ticker, addedAs, name, note }) => ({
    ...{ ticker, name, note },
    formerly: addedAs === ticker ? null : addedAs,
    quote: byTicker.get(ticker) ?? null,
  }));
}

/** What the page has to say beside the lists. `deleted` and `taken` are of the address that undoing leads from. */
export type Said = { deleted?: number | null; taken?: string; problem?: WatchlistView["problem"] };

/** The page of a watchlist, of the first where `id` is null. */
export async function readWatchlistView(context: AppContext, id: number | null, said: Said): Promise<WatchlistView> {
  const { read } = context;
  const [lists, deleted] = await Promise.all([selectWatchlists(read), selectWatchlists(read, true)]);
  const shownId = id ?? lists[0]?.id ?? null;
  const shown = shownId === null ? null : await readWatchlist(context, shownId);
  return {
    lists,
    shown: shown && { ...shown, isFirst: shown.id === lists[0]?.id, rows: await withQuotes(context, shown.rows) },
    deleted: deleted
      .slice(0, deletedShown)
      .flatMap(({ id: gone, name, deletedAt }) =>
        deletedAt === null
          ? []
          : [{ id: gone, name, deletedAt, goneAt: new Date(deletedAt.getTime() + deletedScenarioDays * dayMs) }],
      ),
    undo: undoOf(said, shown, deleted),
    problem: said.problem ?? null,
  };
}

function undoOf(
  { deleted, taken }: Said,
  shown: (WatchlistRow & { rows: WatchedRow[] }) | null,
  gone: readonly WatchlistRow[],
): WatchlistView["undo"] {
  const list = gone.find(({ id }) => id === deleted);
  if (list) return { text: `“${list.name}” was deleted.`, action: `/watchlists/${list.id}/restore`, ticker: null };
  if (!taken || shown === null || shown.rows.some(({ ticker }) => ticker === taken)) return null;
  return {
    text: `${taken} was taken off “${shown.name}”.`,
    action: `/watchlists/${shown.id}/add`,
    ticker: taken,
  };
}

/** The labels of now of what is on the first list: what stars stand for. */
export const readStars = (context: AppContext): Promise<ReadonlySet<string>> =>
  context.snapshots.of("stars", async () => {
    const [first] = await selectWatchlists(context.read);
    const rows = first ? await selectWatched(context.read, first.id, await hasSecurities(context.read)) : [];
    return new Set(rows.map(({ ticker }) => ticker));
  });

/** What the overview shows of the first list; null where there is none. */
export const readWatchPanel = (context: AppContext): Promise<WatchPanelView> =>
  context.snapshots.of("watch panel", async () => {
    const [first] = await selectWatchlists(context.read);
    if (first === undefined) return null;
    const { id, name, rows } = await readWatchlist(context, first.id);
    const shown = await withQuotes(context, rows.slice(0, panelRows));
    return { id, name, rows: shown, more: rows.length - shown.length };
  });
