/** A ticker of a watchlist, with its last published session. */
export type WatchedTicker = {
  ticker: string;
  /** The label that it was added by, where it has another now. */
  formerly: string | null;
  name: string | null;
  note: string;
  quote: { date: string; close: number; return1d: number | null; volume: number; closes: number[] } | null;
};

type WatchlistLink = { id: number; name: string; tickers: number };

/** The page of watchlists: all of them by name, and one of them whole. */
export type WatchlistView = {
  lists: WatchlistLink[];
  /** Null where there is none at all. */
  shown: (WatchlistLink & { isFirst: boolean; rows: WatchedTicker[] }) | null;
  deleted: { id: number; name: string; deletedAt: Date; goneAt: Date }[];
  /** What was taken off or deleted just now, and the form that has it back. */
  undo: { text: string; action: string; ticker: string | null } | null;
  /** What a form has to say, with what was typed into it. */
  problem: { form: "create" | "add" | "rename" | "list"; message: string; typed: string } | null;
};

/** What the overview shows of the first list. */
export type WatchPanelView = { id: number; name: string; rows: WatchedTicker[]; more: number } | null;
