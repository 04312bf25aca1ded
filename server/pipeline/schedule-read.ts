import {
  type ScheduleLeader,
  type ScheduleStanding,
  selectLeader,
  selectScheduleStanding,
} from "../../db/queries/pipeline/read-schedule.ts";
import type { JobDefinition } from "../../jobs/orchestrator/types.ts";
import type { AppContext } from "../context.ts";

/** A job's schedule, as declared and as it stands. */
export type ScheduleReading = ScheduleStanding & {
  cron: string;
  timeZone: string;
  catchup: "all" | "latest" | "none";
  upcoming: { partition: string; dueAt: Date }[];
  leader: ScheduleLeader | null;
};

const upcomingShown = 5;
/** As long as a lease: who was silent for longer has lost what it held. */
const leaderSilentMs = 15_000;

/** What the schedule of a job will do, did not do, and who looks at it; null where events wake the job. */
export async function readSchedule(context: AppContext, job: JobDefinition): Promise<ScheduleReading | null> {
  const { schedule } = job;
  if (!schedule) return null;
  const now = context.now();
  const { cron, timeZone, catchup } = schedule;
  const [standing, leader] = await Promise.all([
    selectScheduleStanding(context.read, job.id, schedule.due(now), catchup !== "all"),
    selectLeader(context.read, leaderSilentMs),
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
