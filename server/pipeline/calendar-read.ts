import { type PartitionPath, selectPaths } from "../../db/queries/pipeline/read-calendar.ts";
import {
  firstCalendarDate,
  holidayName,
  lastCalendarDate,
  newYorkDate,
  sessionOf,
  settlesAt,
} from "../../jobs/market/calendar.ts";
import { weekdaysBetween } from "../../jobs/market/dates.ts";
import { runStates } from "../../jobs/orchestrator/types.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import type { AppContext } from "../context.ts";
import { readWishes } from "./schedule-read.ts";

/** `waiting`: for the next run to claim its event. `unchanged`: a load changed nothing, so nothing was to be built. */
export const stepStates = [...runStates, "waiting", "unchanged"] as const;

/** What one job made of a session; `runId` is null where no run did or has to do it. */
type Step = { state: (typeof stepStates)[number]; runId: number | null };

/**
 * One weekday. `want` says what the schedule does about a session without a run: `due` it queues it, `upcoming` once it
 * has settled, `passed` not any more as catchup left it out, `unwanted` never as it lies before START_DATE.
 */
export type CalendarDay =
  | {
      kind: "session";
      date: string;
      want: "due" | "upcoming" | "passed" | "unwanted";
      settlesAt: Date;
      earlyClose: boolean;
      ingest: Step | null;
      load: Step | null;
      transform: Step | null;
    }
  | { kind: "holiday"; date: string; name: string };

/** The years that the trading calendar knows. */
export const firstYear = Number(firstCalendarDate.slice(0, 4));
export const lastYear = Number(lastCalendarDate.slice(0, 4));

/** The year in which the exchanges trade now. */
export const currentYear = (context: AppContext): number => Number(newYorkDate(context.now()).slice(0, 4));

const isState = (state: string): state is Step["state"] => (stepStates as readonly string[]).includes(state);

function stepOf(runId: number | null, state: string | null): Step | null {
  return runId !== null && state !== null && isState(state) ? { state, runId } : null;
}

function loadOf(path: PartitionPath): Step | null {
  if (path.loadId === null && path.hasLanded) return { state: "waiting", runId: null };
  return stepOf(path.loadId, path.loadState);
}

function transformOf(path: PartitionPath): Step | null {
  if (path.transformId !== null) return stepOf(path.transformId, path.transformState);
  if (path.hasChanged) return { state: "waiting", runId: null };
  return path.loadState === "success" ? { state: "unchanged", runId: null } : null;
}

type Knowledge = { due: ReadonlySet<string>; after: string | null; now: Date };

function dayOf(date: string, path: PartitionPath | undefined, { due, after, now }: Knowledge): CalendarDay {
  const session = sessionOf(date);
  if (!session) return { kind: "holiday", date, name: holidayName(date) ?? "closed" };
  const settles = settlesAt(date);
  const isDue = due.has(date);
  const isPassed = isDue && after !== null && date <= after;
  return {
    kind: "session",
    date,
    want: settles > now ? "upcoming" : isPassed ? "passed" : isDue ? "due" : "unwanted",
    settlesAt: settles,
    earlyClose: session.earlyClose,
    ingest: path ? stepOf(path.ingestId, path.ingestState) : null,
    load: path ? loadOf(path) : null,
    transform: path ? transformOf(path) : null,
  };
}

/** Every weekday of a year that the trading calendar knows, and what each job made of it. */
export async function readCalendar(context: AppContext, year: number): Promise<CalendarDay[]> {
  const now = context.now();
  const [from, to] = [`${year}-01-01`, `${year}-12-31`];
  const [paths, { due, after }] = await Promise.all([selectPaths(context.read, jobIds, from, to), readWishes(context)]);
  const byDate = new Map(paths.map((path) => [path.partition, path]));
  const knowledge: Knowledge = { due: new Set(due), after, now };
  return weekdaysBetween(from, to).map((date) => dayOf(date, byDate.get(date), knowledge));
}
