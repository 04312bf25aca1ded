import { sql } from "drizzle-orm";
import { bigint, index, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";
import { barline, code, identity, instant, statedBar } from "./columns.ts";
import { runs } from "./orchestration.ts";

/** Tickers whose doubtful rows are held back, so that the rest of the market is published without them. */
export const quarantines = barline.table(
  "quarantines",
  {
    id: identity("id").primaryKey(),
    ticker: code("ticker").notNull(),
    /** When the first of its rows was held back. */
    since: instant("since").notNull(),
    /** The data test that failed first or, where a statement did, its model or test. */
    test: text("test").notNull(),
    reason: text("reason").notNull(),
    /** The run of the transform that began it. */
    runId: bigint("run_id", { mode: "number" })
      .notNull()
      .references(() => runs.id),
    /** held | released | dropped */
    state: text("state").notNull().default("held"),
    decidedAt: instant("decided_at"),
    /** Null where no person decided: the vendor answered anew. */
    decidedBy: text("decided_by"),
    decision: text("decision"),
  },
  (table) => [
    uniqueIndex("quarantines_held").on(table.ticker).where(sql`state = 'held'`),
    index("quarantines_by_time").on(table.since),
  ],
);

/** The rows that a quarantine holds back, unadjusted, as the vendor stated them. */
export const quarantinedBars = barline.table(
  "quarantined_bars",
  {
    quarantineId: bigint("quarantine_id", { mode: "number" })
      .notNull()
      .references(() => quarantines.id, { onDelete: "cascade" }),
    ...statedBar,
    test: text("test").notNull(),
    reason: text("reason").notNull(),
    /** The raw object that holds the row; null where it was not found. */
    lakeKey: text("lake_key"),
    runId: bigint("run_id", { mode: "number" })
      .notNull()
      .references(() => runs.id),
    heldAt: instant("held_at").notNull(),
    /** When another answer for the session took its place. */
    replacedAt: instant("replaced_at"),
  },
  (table) => [
    primaryKey({ columns: [table.quarantineId, table.tradeDate, table.heldAt] }),
    index("quarantined_bars_by_key").on(table.ticker, table.tradeDate),
    index("quarantined_bars_by_run").on(table.runId),
  ],
);
