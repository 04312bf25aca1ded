import { sql } from "drizzle-orm";
import { bigint, boolean, date, index, text, uniqueIndex } from "drizzle-orm/pg-core";
import { alerts } from "./alerts.ts";
import { barline, code, identity, instant } from "./columns.ts";
import { savedScreens } from "./watchlists.ts";

/** What people want to be told of the data: who comes into a saved screen, or when a figure of a ticker crosses a value. */
export const dataAlerts = barline.table(
  "data_alerts",
  {
    id: identity("id").primaryKey(),
    name: text("name").notNull(),
    /** Of an alert on a screen; null on a ticker, and where the screen is gone for good. */
    screenId: bigint("screen_id", { mode: "number" }).references(() => savedScreens.id, { onDelete: "set null" }),
    /** The label by which a ticker was chosen; that of now is the security's. Null on a screen. */
    ticker: code("ticker"),
    securityId: text("security_id"),
    columnName: text("column_name"),
    /** above | below | crosses_above | crosses_below | equals */
    operator: text("operator"),
    /** A number, a text, or true or false, by what its column is. */
    value: text("value"),
    tellsLeaving: boolean("tells_leaving").notNull().default(false),
    /** Whether what is so at the first check is told too. */
    tellsAtOnce: boolean("tells_at_once").notNull().default(false),
    paused: boolean("paused").notNull().default(false),
    createdAt: instant("created_at").notNull(),
    createdBy: text("created_by").notNull(),
    updatedAt: instant("updated_at").notNull(),
    /** Deleted, and to be had back until housekeeping comes; null while it is listed. */
    deletedAt: instant("deleted_at"),
    /** The publication that it was last checked at; null while it has not been, as it is now. */
    checkedMark: text("checked_mark"),
    checkedAt: instant("checked_at"),
    checkedSession: date("checked_session"),
    /** The screen's query at that check: under another one its members say nothing. */
    checkedQuery: text("checked_query"),
    /** Who is inside, by security or, where none is known, by label; null before the first check. */
    members: text("members").array(),
    /** Why the last check could not tell; null where it could. */
    problem: text("problem"),
  },
  (table) => [
    uniqueIndex("data_alerts_by_name").on(sql`lower(${table.name})`).where(sql`${table.deletedAt} is null`),
    index("data_alerts_by_deletion").on(table.deletedAt),
    index("data_alerts_by_screen").on(table.screenId),
  ],
);

/** Who crossed, once a session and direction; it goes with the message that told of it. */
export const dataAlertCrossings = barline.table(
  "data_alert_crossings",
  {
    id: identity("id").primaryKey(),
    dataAlertId: bigint("data_alert_id", { mode: "number" })
      .notNull()
      .references(() => dataAlerts.id, { onDelete: "cascade" }),
    alertId: bigint("alert_id", { mode: "number" })
      .notNull()
      .references(() => alerts.id, { onDelete: "cascade" }),
    session: date("session").notNull(),
    /** entered | left */
    direction: text("direction").notNull(),
    /** The security, or the label where none is known. */
    key: text("key").notNull(),
    /** Its label in that session. */
    ticker: code("ticker").notNull(),
    /** Its figures, as they were told. */
    figures: text("figures").notNull(),
    at: instant("at").notNull(),
  },
  (table) => [
    uniqueIndex("data_alert_crossings_once").on(table.dataAlertId, table.session, table.direction, table.key),
    index("data_alert_crossings_by_alert").on(table.alertId),
  ],
);
