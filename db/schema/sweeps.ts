import { sql } from "drizzle-orm";
import { bigint, boolean, customType, index, integer, jsonb, text } from "drizzle-orm/pg-core";
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
  },
  (table) => [index("sweeps_by_state").on(table.state)],
);

/**
 * What processes with the role `sweep` take, each under a lease as batches are: a sweep as a whole, points of one that another process has
 * as a whole, a backtest over the universe. A piece goes with its sweep's end, or when its answer was read.
 */
export const researchPieces = barline.table(
  "research_pieces",
  {
    id: identity("id").primaryKey(),
    /** sweep | points | backtest */
    kind: text("kind").notNull(),
    /** Null of a backtest. */
    sweepId: bigint("sweep_id", { mode: "number" }).references(() => sweeps.id, { onDelete: "cascade" }),
    /** Of points which they are, and what they have to be run on; of a backtest its request. */
    input: jsonb("input").notNull(),
    /** queued | running | success | failed */
    state: text("state").notNull().default("queued"),
    /** Times in a row that it ended with the process that held it. */
    losses: integer("losses").notNull().default(0),
    leaseOwner: text("lease_owner"),
    leaseExpiresAt: instant("lease_expires_at"),
    /** What points gave, or a backtest, as the process that asked reads it. */
    output: bytes("output"),
    /** Why a backtest failed. */
    error: jsonb("error"),
    createdAt: instant("created_at").notNull().defaultNow(),
  },
  (table) => [
    index("research_pieces_by_sweep").on(table.sweepId),
    index("research_pieces_to_claim").on(table.id).where(sql`state = 'queued'`),
    index("research_pieces_running").on(table.leaseOwner).where(sql`state = 'running'`),
  ],
);
