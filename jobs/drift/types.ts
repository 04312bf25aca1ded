import type { JsonValue } from "../../db/client.ts";
import type { Service } from "../daily.ts";
import type { Actor } from "../orchestrator/types.ts";

/** How one incremental model compared. `skipped` says why it was not. */
export type DriftModel = { name: string; rows: number; differences: number; skipped: string | null };

/** The first value that differs; a side that has no such row says null for the whole row. */
export type DriftExample = {
  model: string;
  key: Record<string, JsonValue>;
  column: string | null;
  published: JsonValue;
  recomputed: JsonValue;
};

/** What a check found: none of `differences` is right, for an incremental build equals a full one. */
export type DriftResult = {
  tickers: string[];
  rows: number;
  differences: number;
  models: DriftModel[];
  example: DriftExample | null;
};

/** What to look at: named tickers, or `sample` of them, drawn by the day. */
export type DriftRequest = { tickers?: string[]; sample?: number };

/**
 * The part of Barline that recomputes a sample of tickers every day, and reports what differs from what is published. Once
 * started it checks daily, and at once where the last check is more than a day ago.
 */
export type Drift = Service & {
  /** Begins a check and answers the id of its record; refused while one is under way. */
  begin(request: DriftRequest, by: Actor): Promise<number>;
  /** Checks unless somebody is at it, or was within the day. Answers when it is done. */
  runIfDue(): Promise<void>;
};
