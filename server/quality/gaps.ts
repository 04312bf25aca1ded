import { formatDate } from "../../views/format.ts";
import type { Day } from "../../views/pipeline/calendar.tsx";
import type { AppContext } from "../context.ts";

/** What telling of sessions needs. */
export type CoverageContext = Pick<AppContext, "read" | "pipeline" | "now" | "config">;

/** Why a day has no bars, or fewer than it should. */
export function gapReason({ state, holiday, date }: Day, startDate: string): string | null {
  switch (state) {
    case "closed":
      return holiday ?? "the exchanges were closed";
    case "unwanted":
      return date < startDate
        ? `not wanted: before START_DATE, ${formatDate(startDate)}`
        : "not wanted: past what CATCHUP asks for";
    case "missing":
      return "missing: wanted, and no run has fetched it";
    case "failed":
      return "its run failed";
    case "cancelled":
      return "its run was cancelled";
    case "queued":
    case "running":
      return "being fetched";
    case "fetched":
      return "fetched, not loaded yet";
    case "loaded":
      return "loaded, not published yet";
    default:
      return null;
  }
}
