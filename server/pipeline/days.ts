import type { PartitionPath } from "../../db/queries/pipeline/read-calendar.ts";
import { holidayName, isSession } from "../../jobs/market/calendar.ts";
import { weekdaysBetween } from "../../jobs/market/dates.ts";
import type { Day, DayState } from "../../views/pipeline/calendar.tsx";

const runDayStates: Record<string, DayState> = {
  queued: "queued",
  running: "running",
  failed: "failed",
  cancelled: "cancelled",
};

function stateOf({ ingestState, isLoaded, isPublished }: PartitionPath): DayState {
  if (ingestState !== "success") return runDayStates[ingestState] ?? "queued";
  return isPublished ? "published" : isLoaded ? "loaded" : "fetched";
}

/** What the calendar needs to know to judge a day. */
export type DayKnowledge = { paths: PartitionPath[]; wanted: ReadonlySet<string>; lastSettled: string | null };

/** Every weekday from one ISO date to another, and how far it has come. */
export function daysBetween(from: string, to: string, { paths, wanted, lastSettled }: DayKnowledge): Day[] {
  const byDate = new Map(paths.map((path) => [path.partition, path]));
  const days: Day[] = [];
  for (const date of weekdaysBetween(from, to)) {
    const path = byDate.get(date);
    if (path) days.push({ date, state: stateOf(path), runId: path.ingestId });
    else if (!isSession(date)) {
      days.push({ date, state: "closed", runId: null, holiday: `closed, ${holidayName(date) ?? "no session"}` });
    } else {
      const isUpcoming = lastSettled === null || date > lastSettled;
      days.push({ date, state: isUpcoming ? "upcoming" : wanted.has(date) ? "missing" : "unwanted", runId: null });
    }
  }
  return days;
}
