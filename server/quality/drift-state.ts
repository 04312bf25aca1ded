import type { DriftCheckRow } from "../../db/queries/quality/drift.ts";

/** How a check ended, in a word. */
export function driftState({
  finishedAt,
  error,
  differences,
}: DriftCheckRow): "running" | "failed" | "equal" | "different" {
  if (finishedAt === null) return "running";
  if (error !== null) return "failed";
  return differences === 0 ? "equal" : "different";
}
