import { sql } from "drizzle-orm";
import { bigint, index, integer, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";
import { barline, code, identity, instant } from "./columns.ts";

/** Lists of tickers that people watch, by name. The one at the first place is the one that a star adds to. */
export const watchlists = barline.table(
  "watchlists",
  {
    id: identity("id").primaryKey(),
    name: text("name").notNull(),
    place: integer("place").notNull(),
    createdAt: instant("created_at").notNull(),
    createdBy: text("created_by").notNull(),
    /** Deleted, and to be had back until housekeeping comes; null while it is listed. */
    deletedAt: instant("deleted_at"),
  },
  (table) => [
    uniqueIndex("watchlists_by_name").on(sql`lower(${table.name})`).where(sql`${table.deletedAt} is null`),
    index("watchlists_by_deletion").on(table.deletedAt),
  ],
);

/** What is on a watchlist: a security, where one was known when it was put there, or a label. */
export const watchedTickers = barline.table(
  "watched_tickers",
  {
    watchlistId: bigint("watchlist_id", { mode: "number" })
      .notNull()
      .references(() => watchlists.id, { onDelete: "cascade" }),
    /** The label that it was added by; that of now is the security's, or this where no security is known. */
    ticker: code("ticker").notNull(),
    securityId: text("security_id"),
    place: integer("place").notNull(),
    note: text("note").notNull().default(""),
    addedAt: instant("added_at").notNull(),
    /** Taken off, and put back with its note and place by adding it again; null while it is on the list. */
    removedAt: instant("removed_at"),
  },
  (table) => [primaryKey({ columns: [table.watchlistId, table.ticker] })],
);

/** What somebody looks for in the screener, by name: the query of its address. */
export const savedScreens = barline.table(
  "saved_screens",
  {
    id: identity("id").primaryKey(),
    name: text("name").notNull(),
    query: text("query").notNull(),
    createdAt: instant("created_at").notNull(),
    createdBy: text("created_by").notNull(),
    updatedAt: instant("updated_at").notNull(),
    /** Deleted, and to be had back until housekeeping comes; null while it is listed. */
    deletedAt: instant("deleted_at"),
  },
  (table) => [
    uniqueIndex("saved_screens_by_name").on(sql`lower(${table.name})`).where(sql`${table.deletedAt} is null`),
    index("saved_screens_by_deletion").on(table.deletedAt),
  ],
);
