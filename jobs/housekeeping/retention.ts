import type { RetentionDays } from "../../db/queries/operations/housekeeping.ts";
import type { LandingFilter } from "../../db/queries/operations/remove-landings.ts";
import { RequestError } from "../orchestrator/types.ts";
import { jobIds } from "../pipeline.ts";

const dayMs = 86_400_000;
/** A century: more is a slip of the finger, and an instant that no database holds. */
export const longestDays = 36_500;

/** How long a deleted scenario or saved query can be had back. */
export const deletedScenarioDays = 30;

/** How long it is kept what was run on /sql, and of how many runs: a script may run thousands an hour. */
export const sqlRunDays = 90;
export const sqlRunsKept = 10_000;

/** The instant before which records go; null where they stay for ever. */
export const cutoff = (days: number | null, now: Date): Date | null =>
  days === null ? null : new Date(now.getTime() - days * dayMs);

/** Which landings go by a retention; null where none do. */
export function landingsBefore(days: number | null, now: Date, withNewest: boolean): LandingFilter | null {
  const before = cutoff(days, now);
  return before && { jobId: jobIds.ingest, readerId: jobIds.load, before, withNewest };
}

/** Throws a RequestError that names the first field that is no number of days. */
export function checkRetention(days: Partial<RetentionDays>): void {
  for (const [name, wanted] of Object.entries(days)) {
    if (wanted === null || (Number.isInteger(wanted) && wanted >= 1 && wanted <= longestDays)) continue;
    throw new RequestError("invalid", `A whole number of days from 1 to ${longestDays}, or for ever.`, name);
  }
}

/** A retention with what somebody wants changed in it, and that alone. Throws a RequestError that names the field. */
export function mergeRetention(
  days: RetentionDays,
  change: Partial<RetentionDays>,
): { merged: RetentionDays; changed: Partial<RetentionDays> } {
  checkRetention(change);
  const changed: Partial<RetentionDays> = {};
  for (const name of Object.keys(days) as (keyof RetentionDays)[]) {
    const wanted = change[name];
    if (wanted === undefined || wanted === days[name]) continue;
    changed[name] = wanted;
  }
  return { merged: { ...days, ...changed }, changed };
}
