import type { RetentionDays, RetentionRow } from "../../db/queries/operations/housekeeping.ts";
import type { Service } from "../daily.ts";
import type { Actor } from "../orchestrator/types.ts";

/** Kinds of records that have an age at which they go. */
export const recordKinds = ["logs", "tries", "events", "rejects", "results", "alerts"] as const;
export type RecordKind = (typeof recordKinds)[number];

/** How many of each kind went, or would go. `expired` are sign-ins, deleted scenarios and the like, which have an end of their own. */
export type Removed = Record<RecordKind, number> & { expired: number; lakeObjects: number; lakeBytes: number };

/** What lies in the lake under one prefix. */
export type LakeSize = { prefix: string; objects: number; bytes: number };

/** What is kept of one cleaning-up: what went so far, and in its end what the lake holds. */
export type HousekeepingRecord = { counts: Removed; lake: LakeSize[] | null };

/** What a cleaning-up would remove now; a count of `most` stands for that many or more. */
type HousekeepingPreview = { counts: Omit<Removed, "expired">; most: number };

export type CleanOptions = {
  /** Also raw answers that no later landing replaced: those sessions cannot be made again from the lake. */
  withNewest?: boolean;
};

/**
 * Removes what is older than people want it kept. One process at a time does it; a killed one is gone on with, and so is one
 * that a stop ended after its statement. Once started it cleans up daily, and soon where the last time is more than a day ago.
 */
export type Housekeeping = Service & {
  readRetention(): Promise<RetentionRow>;
  /** Throws a RequestError that names the field that cannot be. */
  checkRetention(days: Partial<RetentionDays>): void;
  /** Throws as checkRetention does. Nothing goes at once. */
  changeRetention(change: Partial<RetentionDays>, by: Actor): Promise<RetentionRow>;
  /** Counts what would go by what is set, or by `days`. */
  preview(options?: CleanOptions & { days?: RetentionDays }): Promise<HousekeepingPreview>;
  /** Begins to clean up and answers the id of its record; refused while somebody is at it. */
  begin(options: CleanOptions, by: Actor): Promise<number>;
  /** Cleans up unless somebody is at it, or was within the day. Answers when it is done. */
  runIfDue(): Promise<void>;
};

export const nothingRemoved = (): Removed => ({
  ...{ logs: 0, tries: 0, events: 0, rejects: 0, results: 0, alerts: 0 },
  ...{ expired: 0, lakeObjects: 0, lakeBytes: 0 },
});
