import type { Sql } from "../../db/client.ts";
import { countNewBars } from "../../db/queries/market/held-bars.ts";
import { selectPublishedCounts } from "../../db/queries/quality/read-session-counts.ts";

/** So many tickers may be held back of any session, and of a large one this share of its tickers. */
const fewTickers = 10;
const fewShare = 0.005;

/** How many tickers may be held back for these sessions, by the largest of them. More are no fault of single tickers. */
export async function mostHeld(sql: Sql, mark: string, sessions: readonly string[]): Promise<number> {
  const [first, last] = [sessions.toSorted()[0], sessions.toSorted().at(-1)];
  if (first === undefined || last === undefined) return fewTickers;
  const counted = [...(await countNewBars(sql, mark)), ...((await selectPublishedCounts(sql, first, last)) ?? [])];
  const ofSessions = counted.filter(({ session }) => sessions.includes(session)).map(({ tickers }) => tickers);
  return Math.max(fewTickers, Math.floor(fewShare * Math.max(0, ...ofSessions)));
}
