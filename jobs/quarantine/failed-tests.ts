import type { Sql } from "../../db/client.ts";
import { type BelievedBar, selectBelievedBars, selectNewBars } from "../../db/queries/market/held-bars.ts";
import type { FailureVerdict, TestFailure } from "../transform/transform.ts";
import { type NamedRow, readNamedRows } from "./failing-rows.ts";
import type { Hold, Holds } from "./types.ts";

/** Judges the failing tests of one build. */
export type Judge = {
  /** Accepts a test whose failing rows are all believed; keeps what the others name. */
  ask(failure: TestFailure): Promise<FailureVerdict>;
  /** What is to be held for the tests that failed. */
  holds(): Holds;
};

/** `heldBefore` are tickers that an earlier round of the run has held: what they have left is held whole. */
export function createJudge(sql: Sql, mark: string, heldBefore: ReadonlySet<string>): Judge {
  const holds: Hold[] = [];
  const refusals: string[] = [];
  return {
    async ask(failure) {
      const rows = await readNamedRows(failure);
      if (rows === null) {
        refusals.push(`The rows of ${failure.name} are about the market as a whole.`);
        return "fail";
      }
      const believed = await selectBelievedBars(sql);
      const doubted = rows.filter((row) => !isBelieved(row, believed));
      const tickers = [...new Set(doubted.map(({ ticker }) => ticker))];
      if (tickers.length === 0) return "accept";
      const bars = await selectNewBars(sql, mark, tickers);
      const fresh = Map.groupBy(
        bars.filter((bar) => !isBelieved({ ...bar, reason: null }, believed)),
        ({ ticker }) => ticker,
      );
      // What follows from believed rows is believed, as long as nothing else of the ticker is new.
      const isSettled = (ticker: string) => !fresh.has(ticker) && believed.some((bar) => bar.ticker === ticker);
      const open = tickers.filter((ticker) => !isSettled(ticker));
      if (open.length === 0) return "accept";
      for (const ticker of open) {
        const sessions = (fresh.get(ticker) ?? []).map(({ session }) => session);
        if (sessions.length === 0)
          refusals.push(`${failure.name} names ${ticker}, of which no row is new since the last publication.`);
        const mine = doubted.filter((row) => row.ticker === ticker);
        holds.push(holdOf(failure.name, mine, sessions, heldBefore.has(ticker)));
      }
      return "fail";
    },
    holds: () => {
      const [refusal] = refusals;
      return refusal === undefined ? { holds } : { refusal };
    },
  };
}

function isBelieved({ ticker, session }: NamedRow, believed: readonly BelievedBar[]): boolean {
  return believed.some((bar) => bar.ticker === ticker && (session === null || bar.session === session));
}

/** The sessions that failing rows name, as far as they are new; all new ones where none is, or where holding those did not help. */
function holdOf(test: string, rows: readonly NamedRow[], fresh: readonly string[], isHeldBefore: boolean): Hold {
  const named = fresh.filter((session) => rows.some((row) => row.session === session));
  const reasons = [...new Set(rows.flatMap(({ reason }) => reason ?? []))];
  return {
    ticker: rows[0]?.ticker ?? "",
    sessions: named.length > 0 && !isHeldBefore ? named : [...fresh],
    test,
    reason: reasons.length > 0 ? reasons.slice(0, 3).join("; ") : `Its rows fail the test ${test}.`,
  };
}
