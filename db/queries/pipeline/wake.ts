import type { Sql, TransactionSql } from "../../client.ts";

/** The channel on which processes tell each other that there is work, or that some was cancelled. */
export const wakeChannel = "barline_wake";

/**
 * Why everybody is woken, and what some do about it at once. `cancelled`: look whether what they run is still their own; `resumed`: look at
 * the schedules, who leads; `delivery`: send the alert that somebody asked for.
 */
type Wake = "work" | "cancelled" | "resumed" | "delivery";

export async function notifyWake(sql: Sql | TransactionSql, what: Wake = "work"): Promise<void> {
  await sql`select pg_notify(${wakeChannel}::text, ${what}::text)`;
}
