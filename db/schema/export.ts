import { sql } from "drizzle-orm";
import { check, smallint, text } from "drizzle-orm/pg-core";
import { barline, instant } from "./columns.ts";

/** What people want exported to the lake; null: what is usual where the lake is. One row, which people change on its page. */
export const exportSettings = barline.table(
  "export_settings",
  {
    id: smallint("id").primaryKey().default(1),
    /** off | marts | all */
    mode: text("mode"),
    changedAt: instant("changed_at").notNull().defaultNow(),
    changedBy: text("changed_by"),
  },
  (table) => [check("export_settings_one_row", sql`${table.id} = 1`)],
);
