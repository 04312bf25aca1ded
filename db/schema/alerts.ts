import { sql } from "drizzle-orm";
import { bigint, index, integer, text, uniqueIndex } from "drizzle-orm/pg-core";
import { barline, identity, instant } from "./columns.ts";

/** One row a problem, from when it was first seen until it was gone. */
export const alerts = barline.table(
  "alerts",
  {
    id: identity("id").primaryKey(),
    /** What the problem is about: while one is open, the same problem opens no second. */
    key: text("key").notNull(),
    /** run_failed | test_failed | quarantined | stale_data | drift | split_set_aside; data: what an alert on data told, over as it was told */
    kind: text("kind").notNull(),
    title: text("title").notNull(),
    message: text("message").notNull(),
    advice: text("advice"),
    /** Path of the page that shows it. */
    path: text("path").notNull(),
    openedAt: instant("opened_at").notNull().defaultNow(),
    resolvedAt: instant("resolved_at"),
  },
  (table) => [
    uniqueIndex("alerts_open").on(table.key).where(sql`resolved_at is null`),
    index("alerts_by_time").on(table.openedAt),
  ],
);

/** What is to be told to whom. Written with the alert, sent after it: a crash in between loses nothing. */
export const alertDeliveries = barline.table(
  "alert_deliveries",
  {
    id: identity("id").primaryKey(),
    /** Null for a test that somebody asked for. */
    alertId: bigint("alert_id", { mode: "number" }).references(() => alerts.id, { onDelete: "cascade" }),
    /** opened | recovered | crossed | test */
    event: text("event").notNull(),
    /** webhook | email */
    channel: text("channel").notNull(),
    /** waiting | delivered | failed */
    state: text("state").notNull().default("waiting"),
    attempts: integer("attempts").notNull().default(0),
    /** Not before then; while it is being sent, the time at which another process may take it over. */
    nextAttemptAt: instant("next_attempt_at").notNull().defaultNow(),
    error: text("error"),
    createdAt: instant("created_at").notNull().defaultNow(),
    deliveredAt: instant("delivered_at"),
  },
  (table) => [
    index("alert_deliveries_waiting").on(table.nextAttemptAt).where(sql`state = 'waiting'`),
    index("alert_deliveries_by_alert").on(table.alertId),
  ],
);
