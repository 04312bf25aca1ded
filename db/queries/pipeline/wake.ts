import type { Sql, TransactionSql } from "../../client.ts";

/** The channel on which processes tell each other that there is work, or that some was cancelled. */
export const wakeChannel = "barline_wake";

/** `cancelled` makes every process look at once whether what it runs is still its own, `resumed` the one that leads look at the schedules. */
export async function notifyWake(
  sql: Sql | TransactionSql,
  what: "work" | "cancelled" | "resumed" = "work",
): Promise<void> {
  await sql`select pg_notify(${wakeChannel}::text, ${what}::text)`;
}
