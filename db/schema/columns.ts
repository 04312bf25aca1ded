import { bigint, customType, pgSchema, timestamp } from "drizzle-orm/pg-core";

/** Byte order: tickers are case-sensitive codes, and sorting or indexing them by a language's rules costs ten times as much. */
export const code = customType<{ data: string }>({ dataType: () => 'text collate "C"' });
export const instant = (name: string) => timestamp(name, { withTimezone: true, mode: "date" });
export const identity = (name: string) => bigint(name, { mode: "number" }).generatedAlwaysAsIdentity();

export const barline = pgSchema("barline");
