import { primaryKey, text } from "drizzle-orm/pg-core";
import { barline, instant } from "./columns.ts";

/** The last round of rechecks that was queued, by job and series: what lets racing schedulers queue each round once. */
export const recheckRounds = barline.table(
  "recheck_rounds",
  {
    jobId: text("job_id").notNull(),
    series: text("series").notNull(),
    round: text("round").notNull(),
    queuedAt: instant("queued_at").notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.series] })],
);
