import { sql } from "drizzle-orm";
import { bigint, check, smallint } from "drizzle-orm/pg-core";
import { barline, instant } from "./columns.ts";

/** The newest publication of the marts: one row, which each publication counts up in its own transaction. */
export const publications = barline.table(
  "publications",
  {
    id: smallint("id").primaryKey().default(1),
    number: bigint("number", { mode: "number" }).notNull(),
    /** A restored database counts again from where its copy was; the time tells its publications from those that it lost. */
    publishedAt: instant("published_at").notNull(),
  },
  (table) => [check("publications_one_row", sql`${table.id} = 1`)],
);
