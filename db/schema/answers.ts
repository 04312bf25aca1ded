import { bigint, boolean, date, index, integer, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { barline, code, instant, statedBar } from "./columns.ts";

/**
 * Every answer that was merged into the raw bars, by the event that told of it: a higher one was landed later. With it a bar's
 * `inserted_at` leads to the raw file that stated the bar, and a later answer to the one that it is compared with.
 */
export const loadedAnswers = barline.table(
  "loaded_answers",
  {
    sequence: bigint("sequence", { mode: "number" }).notNull(),
    lakeKey: text("lake_key").notNull(),
    /** The stamp of the bars that it stated first or anew. */
    mergedAt: instant("merged_at").notNull(),
    /** Null: an answer about the whole market. */
    ticker: code("ticker"),
    fromDate: date("from_date", { mode: "string" }).notNull(),
    toDate: date("to_date", { mode: "string" }).notNull(),
    /** Bars in it that passed the checks, of the whole universe or not. */
    bars: integer("bars").notNull(),
    /** Of the whole market: whether it is full enough for what it lacks to mean anything. */
    complete: boolean("complete").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.sequence, table.lakeKey, table.mergedAt] }),
    index("loaded_answers_by_merge").on(table.mergedAt),
    index("loaded_answers_by_date").on(table.fromDate, table.toDate, table.ticker),
  ],
);

/** Bars that a later, complete answer lacks. Lacking from the next as well, they are withdrawn. */
export const doubtfulBars = barline.table(
  "doubtful_bars",
  {
    ticker: code("ticker").notNull(),
    tradeDate: date("trade_date", { mode: "string" }).notNull(),
    /** The answer that lacks it. */
    sequence: bigint("sequence", { mode: "number" }).notNull(),
    lakeKey: text("lake_key").notNull(),
    since: instant("since").notNull(),
  },
  (table) => [primaryKey({ columns: [table.ticker, table.tradeDate] })],
);

/** What the vendor stated once and took back: bars that two answers in a row lack. One that came back says since when. */
export const withdrawnBars = pgTable(
  "source_polygon_withdrawn_bars",
  {
    ...statedBar,
    /** The bar's `inserted_at` while it stood. */
    statedAt: instant("stated_at").notNull(),
    /** The raw file that stated it; null where it was loaded before files were kept by answer. */
    earlierKey: text("earlier_key"),
    /** The first raw file that lacks it, and the second, which decided. */
    doubtedKey: text("doubted_key").notNull(),
    laterKey: text("later_key").notNull(),
    /** The event of that second answer. */
    sequence: bigint("sequence", { mode: "number" }).notNull(),
    withdrawnAt: instant("withdrawn_at").notNull(),
    /** Null while it is withdrawn. */
    returnedAt: instant("returned_at"),
  },
  (table) => [primaryKey({ columns: [table.ticker, table.tradeDate, table.withdrawnAt] })],
);
