import { z } from "zod";
import type { RetentionDays } from "../../db/queries/operations/housekeeping.ts";
import { longestDays } from "../../jobs/housekeeping/retention.ts";
import { roles } from "../../jobs/roles.ts";
import { readMissingRoles } from "../http/missing-roles.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import { count } from "../http/schemas.ts";
import { readHousekeepingRuns, readProcesses, readSizes, recordOf } from "./system-read.ts";

const runsRead = 20;
const instant = z.iso.datetime();
const bytes = z.int().min(0).meta({ description: "Bytes." });
const flag = z.boolean({ error: "has to be true or false" });

const removedShape = {
  logs: count,
  tries: count,
  events: count,
  rejects: count,
  results: count,
  alerts: count,
  lakeObjects: count,
  lakeBytes: bytes,
};
const removed = z.strictObject({ ...removedShape, expired: count }).meta({ id: "Removed" });

const housekeepingRun = z
  .strictObject({
    id: z.int().positive(),
    trigger: z.enum(["schedule", "manual"]),
    state: z.enum(["running", "success", "failed", "lost"]),
    removed,
    error: z.string().nullable(),
    startedAt: instant,
    finishedAt: instant.nullable(),
  })
  .meta({ id: "HousekeepingRun" });

const process = z
  .strictObject({
    owner: z.string(),
    host: z.string(),
    pid: z.int(),
    version: z.string(),
    workers: z.int().meta({ description: "Of its pool; 0 where its roles need none." }),
    roles: z.array(z.string()).meta({ description: "Which of `web`, `schedule`, `work` and `sweep` it does." }),
    leader: z.boolean().meta({ description: "Whether it looks at the schedules, for all." }),
    state: z.enum(["alive", "lost", "stopped"]),
    startedAt: instant,
    heartbeatAt: instant,
    tasks: count.meta({ description: "Tasks and batches that it holds." }),
    names: z.array(z.string()).meta({ description: "What those tasks are called." }),
    runs: z.array(z.int()).meta({ description: "Up to five of the runs that they belong to." }),
    sweeps: z.array(z.int()).meta({ description: "Sweeps that it has, or runs points of for another process." }),
    backtests: count.meta({ description: "Backtests over the universe that it runs for other processes." }),
  })
  .meta({ id: "Process" });

const systemAnswer = z
  .strictObject({
    processes: z.array(process),
    missingRoles: z.array(z.enum(roles)).meta({ description: "What no living process does: it waits." }),
    database: z.strictObject({
      bytes,
      groups: z.array(
        z.strictObject({
          name: z.string(),
          rows: count.nullable().meta({ description: "An estimate; null where it was never made." }),
          bytes,
          tables: z.array(z.string()),
        }),
      ),
    }),
    lake: z.strictObject({
      asOf: instant.nullable().meta({ description: "When housekeeping last counted it; null before the first time." }),
      parts: z.array(z.strictObject({ prefix: z.string(), objects: count, bytes })),
      since: z
        .strictObject({ objects: count, bytes })
        .meta({ description: "What runs say that they landed since it was counted." }),
    }),
    disk: z.strictObject({ freeBytes: bytes, totalBytes: bytes }).nullable(),
    memory: z.strictObject({
      processBytes: bytes.meta({ description: "Of the process that answers." }),
      databaseBytes: bytes
        .nullable()
        .meta({ description: "Of the embedded PostgreSQL; null where it is another's, or the system does not tell." }),
    }),
    housekeeping: z.array(housekeepingRun).meta({ description: "The last times, newest first." }),
  })
  .meta({ id: "System" });

const daysAllowed = `has to be a whole number of days from 1 to ${longestDays}, or null for ever`;
const days = z
  .int({ error: daysAllowed })
  .min(1, { error: daysAllowed })
  .max(longestDays, { error: daysAllowed })
  .nullable();
const retentionShape = {
  logsDays: days,
  triesDays: days,
  eventsDays: days,
  rejectsDays: days,
  resultsDays: days,
  alertsDays: days,
  lakeDays: days.meta({ description: "Raw answers; null, the default, keeps them for ever." }),
};
const retentionAnswer = z
  .strictObject({ ...retentionShape, changedAt: instant, changedBy: z.string().nullable() })
  .meta({ id: "Retention" });
const retentionInput = z.strictObject(retentionShape).partial();

const housekeepingInput = z.strictObject({
  dryRun: flag.default(false).meta({ description: "Only count what would go." }),
  withNewest: flag.default(false).meta({
    description:
      "Also raw answers older than `lakeDays` that no later landing replaced. Nothing can be made again from raw for those sessions.",
  }),
});

export const systemOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/system",
    summary: "The processes, what everything takes up, and the last housekeeping",
    answers: { 200: { description: "The system.", schema: systemAnswer } },
    handle: async (_input, context) => answer(200, await readSystem(context)),
  }),
  defineOperation({
    method: "get",
    path: "/api/retention",
    summary: "How many days each kind of record is kept",
    answers: { 200: { description: "The retention; null is for ever.", schema: retentionAnswer } },
    handle: async (_input, context) => answer(200, await readRetention(context)),
  }),
  defineOperation({
    method: "patch",
    path: "/api/retention",
    summary: "Change how many days records are kept",
    description: "Nothing goes at once: the next housekeeping removes what is then too old.",
    request: { body: retentionInput },
    answers: { 200: { description: "The retention.", schema: retentionAnswer } },
    handle: async ({ body }, context) => {
      const change = Object.entries(body).filter(([, value]) => value !== undefined);
      await context.housekeeping.changeRetention(Object.fromEntries(change) as Partial<RetentionDays>, context.by);
      return answer(200, await readRetention(context));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/housekeeping",
    summary: "Remove what is older than it is kept, or count it",
    request: { body: housekeepingInput },
    answers: {
      200: {
        description: "What a dry run found. Counting stops at `most`.",
        schema: z.strictObject({ counts: z.strictObject(removedShape), most: count }),
      },
      201: { description: "The housekeeping that began; GET /api/system tells how it goes.", schema: housekeepingRun },
    },
    handle: async ({ body: { dryRun, withNewest } }, context) => {
      if (dryRun) return answer(200, await context.housekeeping.preview({ withNewest }));
      const id = await context.housekeeping.begin({ withNewest }, context.by);
      const run = (await readRuns(context)).find((candidate) => candidate.id === id);
      if (!run) throw new Error(`Housekeeping ${id} left no record.`);
      return answer(201, run);
    },
  }),
];

async function readRuns(context: ApiContext): Promise<z.input<typeof housekeepingRun>[]> {
  const rows = await readHousekeepingRuns(context, runsRead);
  return rows.map((row) => ({
    id: row.id,
    trigger: row.trigger === "manual" ? "manual" : "schedule",
    state: row.state,
    removed: recordOf(row).counts,
    error: row.error,
    startedAt: row.startedAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
  }));
}

async function readSystem(context: ApiContext): Promise<z.input<typeof systemAnswer>> {
  const rows = await readHousekeepingRuns(context, runsRead);
  const [processes, missingRoles, sizes, housekeeping] = await Promise.all([
    readProcesses(context),
    readMissingRoles(context),
    readSizes(context, rows),
    readRuns(context),
  ]);
  return {
    processes: processes.map(({ startedAt, heartbeatAt, ...row }) => ({
      ...row,
      startedAt: startedAt.toISOString(),
      heartbeatAt: heartbeatAt.toISOString(),
    })),
    missingRoles,
    database: { bytes: sizes.databaseBytes, groups: sizes.groups },
    lake: { ...sizes.lake, asOf: sizes.lake.asOf?.toISOString() ?? null },
    disk: sizes.disk,
    memory: sizes.memory,
    housekeeping,
  };
}

async function readRetention(context: ApiContext): Promise<z.input<typeof retentionAnswer>> {
  const { changedAt, ...retention } = await context.housekeeping.readRetention();
  return { ...retention, changedAt: changedAt.toISOString() };
}
