/** One run on a bar's way. */
export type WayRun = { runId: number; state: string; at: Date | null };

/** A bar through every relation that it passes, with the raw answer that it came in. */
export type BarLineage = {
  ticker: string;
  session: string;
  /** The row as the vendor answered it; null where no answer in the lake has one. */
  raw: { key: string; request: string; row: unknown; manifest: string } | null;
  ingest: WayRun | null;
  load: WayRun | null;
  transform: WayRun | null;
  /** When the vendor took the bar back, the newest first, with the raw files; one that came back says when. */
  withdrawn: {
    withdrawnAt: Date;
    returnedAt: Date | null;
    statedKey: string | null;
    doubtedKey: string;
    withdrawnKey: string;
    bar: Record<string, number | null>;
  }[];
  /** The complete answer that lacks the bar, and since when; missing from the next as well, it is withdrawn. */
  doubt: { since: Date; lakeKey: string } | null;
  /** Splits after the session that have taken effect: `to` new shares for `from` old ones. */
  splits: { date: string; from: number; to: number }[];
  /** What stands in each relation, in the order in which data passes through them; values as text, exact. */
  stages: { name: string; relation: string; title: string; row: Record<string, string | null> | null }[];
  /** What the people's own models have of the session; `problem`: why one cannot be read. */
  fed: {
    model: string;
    problem: string | null;
    values: { column: string; description: string; value: number | string | boolean | null }[];
  }[];
};

export type LineageView = {
  ticker: string;
  date: string;
  /** Why there is nothing to show for what was asked. */
  problem: string | null;
  lineage: BarLineage | null;
};

/** A session's count of tickers, and why it is what it is. */
export type CoveredSession = {
  date: string;
  state: string;
  runId: number | null;
  tickers: number | null;
  /** Of the sessions before; null for the first ones. */
  median: number | null;
  /** In words, what it lacks; null where nothing is to be said. */
  reason: string | null;
};

export type CoverageView = {
  year: number;
  years: number[];
  /** Weekdays of the year, ascending, holidays too. */
  sessions: CoveredSession[];
  published: number;
  /** Sessions whose data is final. */
  settled: number;
  countedBy: string;
  ticker: TickerCoverage | null;
  /** What was typed; empty where no ticker is asked for. */
  asked: string;
};

export type TickerCoverage = {
  ticker: string;
  firstBar: string | null;
  lastBar: string | null;
  delistedOn: string | null;
  active: boolean;
  bars: number;
  expected: number;
  /** Newest first. */
  gaps: { date: string; reason: string; runId: number | null; refused: boolean }[];
  /** How many there are beyond those listed. */
  moreGaps: number;
};

export type RejectsPageView = {
  reasons: { reason: string; count: number }[];
  /** How many of the newest rows the counts are of; null where that is all. */
  among: number | null;
  filter: { reason: string; ticker: string; session: string };
  problem: string | null;
  rows: {
    id: number;
    runId: number;
    ticker: string | null;
    session: string | null;
    reason: string;
    lakeKey: string;
    row: unknown;
    createdAt: Date;
    kind: "reject" | "note";
  }[];
  newest: string | null;
  older: string | null;
};
