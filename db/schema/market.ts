import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  check,
  date,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  unique,
} from "drizzle-orm/pg-core";
import { barline, code, identity, instant, statedBar } from "./columns.ts";
import { runs } from "./orchestration.ts";

/** Unadjusted daily bars, as the vendor last stated them. `inserted_at` moves only when a value changes. */
export const stockBarsDaily = pgTable(
  "source_polygon_stock_bars_daily",
  {
    ...statedBar,
    insertedAt: instant("inserted_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.ticker, table.tradeDate] }),
    index("source_polygon_stock_bars_daily_inserted_at").on(table.insertedAt),
    check("source_polygon_stock_bars_daily_high_low", sql`high >= low`),
  ],
);

/**
 * What a bar said before the vendor stated it anew. A trigger writes it, whoever corrects the bar (see the migration): a
 * write that moves `inserted_at` and changes a value.
 */
export const stockBarsRestatements = pgTable(
  "source_polygon_stock_bars_restatements",
  {
    ...statedBar,
    /** The bar's `inserted_at` while it said this. */
    statedAt: instant("stated_at").notNull(),
    /** The `inserted_at` of what it said next. */
    replacedAt: instant("replaced_at").notNull(),
    /** The raw files that said the one and the other; null where the load that wrote them was of an earlier version. */
    statedKey: text("stated_key"),
    replacedKey: text("replaced_key"),
  },
  (table) => [
    primaryKey({
      name: "source_polygon_stock_bars_restatements_pk",
      columns: [table.ticker, table.tradeDate, table.statedAt],
    }),
    index("source_polygon_stock_bars_restatements_replaced_at").on(table.replacedAt),
  ],
);

/**
 * Bars that were taken out of the raw table, by when. The models see in it that a bar is gone; a bar that comes back takes its
 * row out of here.
 */
export const removedBars = pgTable(
  "source_polygon_removed_bars",
  {
    ticker: code("ticker").notNull(),
    tradeDate: date("trade_date", { mode: "string" }).notNull(),
    removedAt: instant("removed_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.ticker, table.tradeDate] }),
    index("source_polygon_removed_bars_removed_at").on(table.removedAt),
  ],
);

/** Where a load's batches land before the one merge. Made UNLOGGED by its migration: a crash empties it and the batches are redone. */
export const stagingStockBars = barline.table("staging_stock_bars", {
  runId: bigint("run_id", { mode: "number" }).notNull(),
  /** Number of the batch; a batch that is redone first deletes what it left. */
  batch: integer("batch").notNull(),
  /** Position of the manifest among those of the run: a later answer wins over an earlier one for the same bar. */
  sequence: bigint("sequence", { mode: "number" }).notNull(),
  /** True where the ticker was asked for by name, which puts it in the universe. */
  requested: boolean("requested").notNull(),
  ...statedBar,
});

/**
 * What a merge of distributed raw tables makes of staging: each bar's latest answer, and whether the raw bars lack it or say something
 * else. A work table of one transaction, and empty on one server, whose merge is one statement. Made UNLOGGED by its migration.
 */
export const comparedBars = barline.table("compared_bars", {
  ...statedBar,
  isNew: boolean("is_new").notNull(),
  isRevised: boolean("is_revised").notNull(),
});

/** Rows that failed a check, or were taken with a remark, with the reason and the raw object they came from. */
export const rejects = barline.table(
  "rejects",
  {
    id: identity("id").primaryKey(),
    runId: bigint("run_id", { mode: "number" })
      .notNull()
      .references(() => runs.id),
    batch: integer("batch").notNull(),
    ticker: text("ticker"),
    tradeDate: text("trade_date"),
    /** reject | note: a row that was taken, but for one figure */
    kind: text("kind").notNull().default("reject"),
    reason: text("reason").notNull(),
    lakeKey: text("lake_key").notNull(),
    row: jsonb("row").notNull(),
    createdAt: instant("created_at").notNull().defaultNow(),
  },
  (table) => [
    index("rejects_by_run").on(table.runId, table.id),
    index("rejects_by_key").on(table.lakeKey),
    index("rejects_by_reason").on(table.reason, table.id),
    index("rejects_by_session").on(table.tradeDate, table.id),
    // What a garbage row calls its ticker may be longer than an index entry can be.
    index("rejects_by_ticker").on(sql`left(${table.ticker}, 64)`, table.id),
  ],
);

/**
 * What of each session's whole-market answer tells it from every other: hashes of its most traded bars. Kept where it was believed,
 * so that an answer which is an earlier session's over again is known for one.
 */
export const sessionPrints = barline.table("session_prints", {
  session: date("session", { mode: "string" }).primaryKey(),
  lakeKey: text("lake_key").notNull(),
  hashes: bigint("hashes", { mode: "bigint" }).array().notNull(),
});

/** What UNIVERSE was at the loads: a row each time that it had changed. Null is no condition. */
export const universes = barline.table("universes", {
  id: identity("id").primaryKey(),
  types: text("types").array(),
  tickers: text("tickers").array(),
  since: instant("since").notNull().defaultNow(),
});

/** The universe: what each ticker is. */
export const tickers = pgTable("source_polygon_tickers", {
  ticker: code("ticker").primaryKey(),
  name: text("name").notNull(),
  /** The vendor's type code: CS, ETF, ADRC … */
  type: text("type"),
  active: boolean("active").notNull(),
  primaryExchange: text("primary_exchange"),
  delistedOn: date("delisted_on", { mode: "string" }),
  insertedAt: instant("inserted_at").notNull(),
});

/**
 * Stock splits: `split_from` old shares become `split_to` new ones before the open of `execution_date`. One that contradicts
 * itself or the prices is set aside: it is kept and shown, and counts nowhere, until somebody or the vendor says otherwise.
 */
export const splits = pgTable(
  "source_polygon_splits",
  {
    ticker: code("ticker").notNull(),
    executionDate: date("execution_date", { mode: "string" }).notNull(),
    splitFrom: numeric("split_from").notNull(),
    splitTo: numeric("split_to").notNull(),
    /** False once the vendor no longer lists it; kept so that the models see the change. */
    active: boolean("active").notNull().default(true),
    /** Moves when what counts changes. */
    insertedAt: instant("inserted_at").notNull(),
    /** forward_split | reverse_split | stock_dividend, as the vendor says; null where it does not. */
    adjustmentType: text("adjustment_type"),
    /** Why it does not count: it contradicts its `type`, its `ratio` is beyond belief, `prices` deny it, or somebody said so by `hand`. */
    setAside: text("set_aside"),
    /** What somebody decided: `counts` or `set_aside`. It stands until the vendor states another ratio or type. */
    decision: text("decision"),
    decidedBy: text("decided_by"),
    decidedWhy: text("decided_why"),
    decidedAt: instant("decided_at"),
  },
  (table) => [
    primaryKey({ columns: [table.ticker, table.executionDate] }),
    index("source_polygon_splits_inserted_at").on(table.insertedAt),
    index("source_polygon_splits_execution_date").on(table.executionDate),
    check("source_polygon_splits_ratio", sql`split_from > 0 and split_to > 0`),
    check("source_polygon_splits_set_aside", sql`set_aside in ('type', 'ratio', 'prices', 'hand')`),
    check("source_polygon_splits_decision", sql`decision in ('counts', 'set_aside')`),
  ],
);

/** Cash dividends, by the day the share trades without them. A day may have several, and a regular and a special one may be equal. */
export const dividends = pgTable(
  "source_polygon_dividends",
  {
    ticker: code("ticker").notNull(),
    exDividendDate: date("ex_dividend_date", { mode: "string" }).notNull(),
    /** Dollars a share, as declared (not split-adjusted). */
    cashAmount: numeric("cash_amount").notNull(),
    currency: text("currency"),
    frequency: integer("frequency"),
    payDate: date("pay_date", { mode: "string" }),
    active: boolean("active").notNull().default(true),
    insertedAt: instant("inserted_at").notNull(),
    /** recurring | special | supplemental | irregular | unknown; null where the vendor does not say. */
    distributionType: text("distribution_type"),
  },
  (table) => [
    unique("source_polygon_dividends_key")
      .on(table.ticker, table.exDividendDate, table.cashAmount, table.distributionType, table.currency)
      .nullsNotDistinct(),
  ],
);

/** What of the reference data (tickers, splits, dividends) has been read, and when. */
export const referenceReads = barline.table("reference_reads", {
  kind: text("kind").primaryKey(),
  /** First date covered; null for lists without one. */
  coversFrom: date("covers_from", { mode: "string" }),
  readAt: instant("read_at").notNull(),
  rows: integer("rows").notNull(),
  calls: integer("calls").notNull(),
});
