import { boolean, date, index, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { code, instant } from "./columns.ts";

/**
 * Every row of the vendor's lists of tickers, active and inactive: who holds a label now, and who held it before. A ticker's rows
 * are those of the newest lists that have it.
 */
export const listings = pgTable(
  "source_polygon_listings",
  {
    ticker: code("ticker").notNull(),
    /** Names the row among those of its ticker: made of what decides which security it is of, and until when. */
    listing: code("listing").notNull(),
    name: text("name").notNull(),
    /** The vendor's type code: CS, ETF, ADRC … */
    type: text("type"),
    active: boolean("active").notNull(),
    /** Names the security, whatever its label. */
    compositeFigi: text("composite_figi"),
    /** Names the company, by the number that the SEC gave it. */
    cik: text("cik"),
    primaryExchange: text("primary_exchange"),
    /** The day after its last session under this label, or that session; null while it trades, or where the vendor does not say. */
    delistedOn: date("delisted_on", { mode: "string" }),
    /** False once the lists have others of this ticker, and it no longer; kept so that the models see the change. */
    listed: boolean("listed").notNull().default(true),
    /** When it came to be listed, or no longer was: what else changes moves no bar to another security. */
    placedAt: instant("placed_at").notNull(),
    insertedAt: instant("inserted_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.ticker, table.listing] }),
    index("source_polygon_listings_placed_at").on(table.placedAt),
  ],
);
