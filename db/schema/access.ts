import { bigint, index, integer, text } from "drizzle-orm/pg-core";
import { barline, instant } from "./columns.ts";

/** The password that lets people in, as its hash only: what the last start found in ADMIN_PASSWORD. */
export const credentials = barline.table("credentials", {
  name: text("name").primaryKey(),
  /** Argon2id, in PHC form. */
  hash: text("hash").notNull(),
  changedAt: instant("changed_at").notNull().defaultNow(),
});

/** Who is signed in. Kept here so that a restart signs nobody out, and every process knows everybody. */
export const signIns = barline.table(
  "sign_ins",
  {
    /** SHA-256 of the cookie's token: whoever reads this table can sign in as nobody. */
    tokenHash: text("token_hash").primaryKey(),
    /** What the person called themselves. */
    name: text("name").notNull(),
    /** Where they came from, for the list of sessions. */
    address: text("address"),
    createdAt: instant("created_at").notNull().defaultNow(),
    expiresAt: instant("expires_at").notNull(),
  },
  (table) => [index("sign_ins_by_expiry").on(table.expiresAt)],
);

/** Attempts to sign in that failed, by who made them and of all together: rate-limiter-flexible's table, names and order its own. */
export const signInAttempts = barline.table("sign_in_attempts", {
  key: text("key").primaryKey(),
  points: integer("points").notNull().default(0),
  /** Milliseconds since 1970 from which on they count no more. */
  expire: bigint("expire", { mode: "number" }),
});
