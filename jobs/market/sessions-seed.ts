import { join } from "node:path";
import { stringify } from "csv-stringify/sync";
import { firstCalendarDate, lastCalendarDate, sessionsBetween } from "./calendar.ts";

/** Where the dbt project keeps the trading calendar, as a seed: its tests ask it which sessions there should be. */
export const sessionsSeedPath = join(import.meta.dir, "../../db/warehouse/seeds/trading_sessions.csv");

/** Every session of the calendar as CSV. A test holds the seed to it; `bun run calendar` writes it anew. */
export function sessionsCsv(): string {
  return stringify(["trade_date", ...sessionsBetween(firstCalendarDate, lastCalendarDate)].map((text) => [text]));
}

if (import.meta.main) await Bun.write(sessionsSeedPath, sessionsCsv());
