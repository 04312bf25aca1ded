import { z } from "zod";
import { runStates, runTriggers } from "../../jobs/orchestrator/types.ts";
import type { GridJob } from "../../views/pipeline/grid-types.ts";
import { HttpError } from "../http/errors.ts";
import { answer, defineOperation, type Operation } from "../http/operation.ts";
import { count, dateInput, id, jobInUrl, numberInUrl, oneOf } from "../http/schemas.ts";
import { readGrid } from "./grid-read.ts";
import { requireJob } from "./status-api.ts";

const instant = z.iso.datetime();
const milliseconds = z.number().min(0).nullable();

const gridAnswer = z
  .strictObject({
    job: z.string(),
    tasks: z.array(z.strictObject({ step: count, name: z.string(), mapped: z.boolean() })),
    runs: z.array(
      z.strictObject({
        id,
        state: z.enum(runStates),
        trigger: z.enum(runTriggers),
        backfillId: id.nullable(),
        events: count.meta({ description: "Dataset events that the run claimed." }),
        session: z.iso.date().nullable().meta({
          description: "The first session that the run covers, or that the events it claimed came from.",
        }),
        sessionTo: z.iso.date().nullable(),
        createdAt: instant,
        startedAt: instant.nullable(),
        finishedAt: instant.nullable(),
        durationMs: milliseconds.meta({ description: "So far, while it runs." }),
        tasks: z.array(
          z.strictObject({
            step: count,
            state: z.enum(["waiting", "unreached", ...runStates]).meta({
              description: "Of a mapped task's batches, the state that says most: failed before running before queued.",
            }),
            done: count.meta({ description: "Batches that succeeded." }),
            total: count.meta({ description: "Batches; 0 before the task is reached." }),
            durationMs: milliseconds,
          }),
        ),
      }),
    ),
  })
  .meta({ id: "Grid" });

export const gridOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/jobs/{job}/grid",
    summary: "A job's runs by its tasks, the newest last",
    description: "As the dashboard's grid: one row a task, with all batches of a mapped one together.",
    request: {
      path: z.strictObject({ job: jobInUrl }),
      query: z.strictObject({
        limit: numberInUrl(1, 2500)
          .default(50)
          .meta({ override: { default: 50 }, description: "The newest so many." }),
        state: oneOf(runStates).optional(),
        trigger: oneOf(runTriggers).optional(),
        from: dateInput.optional().meta({ description: "First session, inclusive." }),
        to: dateInput.optional().meta({ description: "Last session, inclusive." }),
      }),
    },
    answers: { 200: { description: "The grid.", schema: gridAnswer } },
    handle: async ({ path: { job: jobId }, query: { limit, state, trigger, from, to } }, context) => {
      if (from !== undefined && to !== undefined && from > to)
        throw new HttpError(422, "invalid", "`to` has to be `from` or later.", { field: "to" });
      const filter = { state: state ?? null, trigger: trigger ?? null, from: from ?? null, to: to ?? null, limit };
      return answer(200, toAnswer(await readGrid(context, requireJob(context, jobId), filter)));
    },
  }),
];

const toInstant = (ms: number) => new Date(ms).toISOString();

function toAnswer({ id: job, tasks, runs }: GridJob): z.input<typeof gridAnswer> {
  return {
    job,
    tasks: tasks.map(({ name, isMapped }, step) => ({ step, name, mapped: isMapped })),
    runs: runs.map((run) => ({
      id: run.id,
      state: run.state as (typeof runStates)[number],
      trigger: run.trigger as (typeof runTriggers)[number],
      backfillId: run.backfillId,
      events: run.events,
      session: run.first,
      sessionTo: run.last,
      createdAt: toInstant(run.createdAt),
      startedAt: run.startedAt === null ? null : toInstant(run.startedAt),
      finishedAt: run.finishedAt === null ? null : toInstant(run.finishedAt),
      durationMs: run.ms,
      tasks: run.cells.map(({ state, done, total, ms }, step) => ({
        step,
        state: state as z.input<typeof gridAnswer>["runs"][number]["tasks"][number]["state"],
        done,
        total,
        durationMs: ms,
      })),
    })),
  };
}
