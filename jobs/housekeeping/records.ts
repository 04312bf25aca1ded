import type { Sql } from "../../db/client.ts";
import {
  type CountOld,
  countOldAlerts,
  countOldLogs,
  countOldRejects,
  countOldResults,
  countOldTries,
} from "../../db/queries/operations/remove-counts.ts";
import { countOldEvents, removeEvents } from "../../db/queries/operations/remove-events.ts";
import {
  beginning,
  type RemoveWindow,
  removeAlerts,
  removeLogs,
  removeRejects,
  removeResults,
  removeTries,
} from "../../db/queries/operations/remove-records.ts";
import type { RecordKind } from "./types.ts";

/** Rows that one statement looks at: some ten milliseconds of work. */
const windowRows = 5000;
/** Runs whose events one statement removes: each is looked at closely. */
const claimersAtATime = 200;

export type Walk = {
  sql: Sql;
  /** Everything older goes. */
  before: Date;
  signal: AbortSignal;
  /** Called after each statement, with what it removed. */
  removed(count: number): Promise<void>;
  /** Rows a statement; `windowRows` where left out. */
  window?: number;
};

const windows: Record<Exclude<RecordKind, "events">, RemoveWindow> = {
  logs: removeLogs,
  tries: removeTries,
  rejects: removeRejects,
  results: removeResults,
  alerts: removeAlerts,
};

/** Removes the old records of one kind, a bounded statement at a time; others get their turn between two. */
export async function removeOld(kind: RecordKind, walk: Walk): Promise<void> {
  if (kind === "events") return await removeOldEvents(walk);
  const size = walk.window ?? windowRows;
  let place = beginning;
  while (!walk.signal.aborted) {
    const { seen, old, removed, id, number } = await windows[kind](walk.sql, walk.before, place, size);
    if (removed > 0) await walk.removed(removed);
    // Keys grow with time: behind a window without anything old lies nothing old either.
    if (seen === 0 || old === 0) return;
    place = { id, number };
  }
}

/** Again until nothing more goes: an event may have held another. */
async function removeOldEvents({ sql, before, signal, removed }: Walk): Promise<void> {
  while (!signal.aborted) {
    const gone = await removeEvents(sql, before, claimersAtATime);
    if (gone.runs === 0) return;
    await removed(gone.events);
  }
}

const counts: Record<RecordKind, CountOld> = {
  logs: countOldLogs,
  tries: countOldTries,
  events: countOldEvents,
  rejects: countOldRejects,
  results: countOldResults,
  alerts: countOldAlerts,
};

/** How many old records of one kind there are, up to `most`. */
export const countOld = (kind: RecordKind, sql: Sql, before: Date, most: number): Promise<number> =>
  counts[kind](sql, before, most);
