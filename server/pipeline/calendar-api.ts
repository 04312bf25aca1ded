import { z } from "zod";
import { HttpError } from "../http/errors.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import { count, date, jobInUrl, numberInUrl } from "../http/schemas.ts";
import { currentYear, firstYear, lastYear, readCalendar, stepStates } from "./calendar-read.ts";
import { readSchedule } from "./schedule-read.ts";
import { requireJob } from "./status-api.ts";

const instant = z.iso.datetime();

const stepAnswer = z
  .strictObject({ state: z.enum(stepStates), runId: z.int().positive().nullable() })
  .nullable()
  .meta({
    description:
      "null before anything was done. `waiting`: for a run to claim its event. `unchanged`: nothing to build.",
  });

const dayAnswer = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("session"),
      date,
      want: z.enum(["due", "upcoming", "passed", "unwanted"]).meta({
        description:
          "`passed`: left out by CATCHUP. `unwanted`: before START_DATE. Both run when somebody asks for them.",
      }),
      settlesAt: instant.meta({ description: "When the session's data is final." }),
      earlyClose: z.boolean(),
      ingest: stepAnswer,
      load: stepAnswer,
      transform: stepAnswer,
    }),
    z.strictObject({ kind: z.literal("holiday"), date, name: z.string().meta({ example: "Good Friday" }) }),
  ])
  .meta({ id: "CalendarDay" });

const scheduleAnswer = z
  .strictObject({
    cron: z.string().meta({ description: "When to look for what is due; what is due comes from the calendar." }),
    timeZone: z.string(),
    catchup: z.enum(["all", "latest", "none"]),
    paused: z.boolean(),
    upcoming: z.array(z.strictObject({ session: date, dueAt: instant })),
    missing: count.meta({ description: "Due sessions that have no run, and that the schedule wants." }),
    passedOver: count.meta({ description: "Due sessions that have no run, and that CATCHUP leaves out." }),
    leader: z
      .strictObject({ owner: z.string(), host: z.string(), pid: count, startedAt: instant, heartbeatAt: instant })
      .nullable()
      .meta({ description: "The process that looks at the schedules; null where none does." }),
  })
  .meta({ id: "Schedule" });

async function answerSchedule(context: ApiContext, jobId: string): Promise<z.input<typeof scheduleAnswer>> {
  const schedule = await readSchedule(context, requireJob(context, jobId));
  if (!schedule) {
    throw new HttpError(404, "not_found", `${jobId} has no schedule: dataset events wake it.`, { field: "job" });
  }
  const { cron, timeZone, catchup, paused, upcoming, missing, passedOver, leader } = schedule;
  return {
    ...{ cron, timeZone, catchup, paused, missing, passedOver },
    upcoming: upcoming.map(({ partition, dueAt }) => ({ session: partition, dueAt: dueAt.toISOString() })),
    leader: leader && {
      ...leader,
      startedAt: leader.startedAt.toISOString(),
      heartbeatAt: leader.heartbeatAt.toISOString(),
    },
  };
}

export const calendarOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/calendar",
    summary: "Every weekday of a year: what ingest, load and transform made of it",
    request: {
      query: z.strictObject({
        year: numberInUrl(firstYear, lastYear).optional().meta({ description: "The current one where left out." }),
      }),
    },
    answers: { 200: { description: "The days, ascending.", schema: z.array(dayAnswer) } },
    handle: async ({ query }, context) => {
      const days = await readCalendar(context, query.year ?? currentYear(context));
      return answer(
        200,
        days.map((day) => (day.kind === "holiday" ? day : { ...day, settlesAt: day.settlesAt.toISOString() })),
      );
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/jobs/{job}/schedule",
    summary: "When a job runs next, what it has not run, and which process leads",
    request: { path: z.strictObject({ job: jobInUrl }) },
    answers: { 200: { description: "The schedule.", schema: scheduleAnswer } },
    handle: async ({ path: { job } }, context) => answer(200, await answerSchedule(context, job)),
  }),
];
