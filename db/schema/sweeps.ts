import { boolean, customType, index, integer, jsonb, text } from "drizzle-orm/pg-core";
import { barline, identity, instant } from "./columns.ts";

const bytes = customType<{ data: Uint8Array }>({ dataType: () => "bytea" });

/** Searches over a strategy's parameters: what was asked, how far each is, and what it found. */
export const sweeps = barline.table(
  "sweeps",
  {
    id: identity("id").primaryKey(),
    /** What POST /api/sweeps takes, with every default filled in: posted again, it finds the same. */
    request: jsonb("request").notNull(),
    /** queued | running | success | failed | cancelled | interrupted */
    state: text("state").notNull(),
    /** Points to be run, and those that have been. */
    points: integer("points").notNull(),
    done: integer("done").notNull().default(0),
    /** Null until it is known. */
    result: jsonb("result"),
    /** The numbers of all heat maps, as little-endian 32-bit floats in the order that the result tells. */
    maps: bytes("maps"),
    /** Why it failed. */
    error: text("error"),
    /** Somebody wants it to stop; the process that runs it looks. */
    cancelRequested: boolean("cancel_requested").notNull().default(false),
    createdAt: instant("created_at").notNull().defaultNow(),
    createdBy: text("created_by").notNull(),
    startedAt: instant("started_at"),
    finishedAt: instant("finished_at"),
    /** When the process that runs it last said so: one that fell silent was interrupted. */
    beatAt: instant("beat_at").notNull().defaultNow(),
  },
  (table) => [index("sweeps_by_state").on(table.state)],
);
