import { sql } from "drizzle-orm";
import { bigint, check, index, integer, text } from "drizzle-orm/pg-core";
import { barline, instant } from "./columns.ts";

/** The passwords that let people in, as their hashes only: what the last start found in ADMIN_PASSWORD and VIEWER_PASSWORD. */
export const credentials = barline.table("credentials", {
  /** `admin` or `viewer`. */
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
    /** Whose password they gave, and with that what they may do. */
    credential: text("credential").notNull().default("admin"),
    /** Where they came from, for the list of sessions. */
    address: text("address"),
    createdAt: instant("created_at").notNull().defaultNow(),
    expiresAt: instant("expires_at").notNull(),
  },
  (table) => [index("sign_ins_by_expiry").on(table.expiresAt)],
);

/** What programs are let in with, each by a name. Revoking one removes it; that there was one is among the actions. */
export const apiTokens = barline.table(
  "api_tokens",
  {
    id: bigint("id", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    name: text("name").notNull().unique(),
    /** SHA-256 of the token, which is random and long: whoever reads this table has no token. */
    tokenHash: text("token_hash").notNull().unique(),
    /** `read` or `operate`. */
    scope: text("scope").notNull(),
    createdBy: text("created_by").notNull(),
    createdAt: instant("created_at").notNull().defaultNow(),
    /** Null where it never was; as of the minute. */
    lastUsedAt: instant("last_used_at"),
  },
  (table) => [check("api_tokens_scope", sql`${table.scope} in ('read', 'operate')`)],
);

/**
 * Logins of the database that people made for programs that read what is published; each a role of its own. Their passwords are
 * kept nowhere: PostgreSQL has what it checks them by.
 */
export const publishedLogins = barline.table("published_logins", {
  id: bigint("id", { mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
  name: text("name").notNull().unique(),
  /** Of the whole server. */
  role: text("role").notNull().unique(),
  createdBy: text("created_by").notNull(),
  createdAt: instant("created_at").notNull().defaultNow(),
  /** When a connection of it was seen last; null where none was. */
  lastSeenAt: instant("last_seen_at"),
});

/** Attempts to sign in that failed, by who made them and of all together: rate-limiter-flexible's table, names and order its own. */
export const signInAttempts = barline.table("sign_in_attempts", {
  key: text("key").primaryKey(),
  points: integer("points").notNull().default(0),
  /** Milliseconds since 1970 from which on they count no more. */
  expire: bigint("expire", { mode: "number" }),
});
