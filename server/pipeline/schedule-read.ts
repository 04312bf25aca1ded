import {
  type ScheduleLeader,
  type ScheduleStanding,
  selectLeader,
  selectScheduleStanding,
} from "../../db/queries/pipeline/read-schedule.ts";
import { findJob } from "../../jobs/orchestrator/declared.ts";
import { leaseMs } from "../../jobs/orchestrator/lease.ts";
import type { JobDefinition } from "../../jobs/orchestrator/types.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import type { AppContext } from "../context.ts";

/** A job's schedule, as declared and as it stands. */
export type ScheduleReading = ScheduleStanding & {
  cron: string;
  timeZone: string;
  catchup: "all" | "latest" | "none";
  upcoming: { partition: string; dueAt: Date }[];
  leader: ScheduleLeader | null;
};

/** What the schedule of the first job wants by now: every session that is due, but those up to `after`, which catchup passed over. */
export type Wishes = { due: string[]; after: string | null };

/** Which sessions the schedule wants by now: for every page that says of one that it is missing. */
export async function readWishes({
  read,
  pipeline,
  now,
}: Pick<AppContext, "read" | "pipeline" | "now">): Promise<Wishes> {
  const schedule = findJob(pipeline.orchestrator.jobs, jobIds.ingest)?.schedule;
  if (!schedule) return { due: [], after: null };
  const { after } = await selectScheduleStanding(read, jobIds.ingest, [], schedule.catchup !== "all");
  return { due: schedule.due(now()), after };
}

/** Those of them that nobody passed over. */
export const wantedOf = ({ due, after }: Wishes): string[] => due.filter((date) => after === null || date > after);

const upcomingShown = 5;

/** What the schedule of a job will do, did not do, and who looks at it; null where events wake the job. */
export async function readSchedule(context: AppContext, job: JobDefinition): Promise<ScheduleReading | null> {
  const { schedule } = job;
  if (!schedule) return null;
  const now = context.now();
  const { cron, timeZone, catchup } = schedule;
  const [standing, leader] = await Promise.all([
    selectScheduleStanding(context.read, job.id, schedule.due(now), catchup !== "all"),
    selectLeader(context.read, leaseMs),
  ]);
  return {
    ...standing,
    cron,
    timeZone,
    catchup,
    upcoming: schedule.upcoming(now, upcomingShown),
    leader: leader ?? null,
  };
}
