import { z } from "zod";
import { type EventSeen, selectEventsOfRun } from "../../db/queries/pipeline/read-events.ts";
import { everyRun, type RunRow, selectRun, selectRuns } from "../../db/queries/pipeline/read-runs.ts";
import { selectAllTries, selectTasks, type TaskRow, type TaskTry } from "../../db/queries/pipeline/read-tasks.ts";
import { mostRunsAtOnce, runStates, runTriggers } from "../../jobs/orchestrator/types.ts";
import { HttpError } from "../http/errors.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import { dateInput, idInUrl, jobInUrl, limitInUrl, oneOf } from "../http/schemas.ts";
import { markBody, runAnswer, runDetailAnswer, runsChangeBody, runsChangedAnswer } from "./schemas.ts";
import { requireJob } from "./status-api.ts";

type Run = z.input<typeof runAnswer>;
type RunDetail = z.input<typeof runDetailAnswer>;
type Task = RunDetail["tasks"][number];

const path = z.strictObject({ id: idInUrl });
const theRun = { 200: { description: "The run.", schema: runAnswer } };

export const runOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/runs",
    summary: "Runs, the newest first",
    request: {
      query: z.strictObject({
        job: jobInUrl.optional(),
        state: oneOf(runStates).optional(),
        limit: limitInUrl,
        trigger: oneOf(runTriggers).optional(),
        from: dateInput.optional().meta({ description: "Of this session or later." }),
        to: dateInput.optional().meta({ description: "Of this session or earlier." }),
        alike: idInUrl
          .optional()
          .meta({ description: "Only those that failed in the words of this run, and that nothing has made good." }),
        before: idInUrl
          .optional()
          .meta({ description: "Only runs with a smaller id: the last id of the page before." }),
      }),
    },
    answers: { 200: { description: "The runs.", schema: z.array(runAnswer) } },
    handle: async ({ query: { job, state, trigger, from, to, alike, before, limit } }, context) => {
      if (job !== undefined) requireJob(context, job);
      const filter = {
        ...everyRun,
        ...{ jobId: job ?? null, state: state ?? null, trigger: trigger ?? null, from: from ?? null, to: to ?? null },
        alike: alike ?? null,
      };
      return answer(200, (await selectRuns(context.read, filter, { before: before ?? null, limit })).map(toRun));
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/runs/{id}",
    summary: "One run with its tasks, their tries, and the events it claimed and produced",
    request: { path },
    answers: { 200: { description: "The run.", schema: runDetailAnswer } },
    handle: async ({ path: { id } }, context) => answer(200, await readRunDetail(context, id)),
  }),
  defineOperation({
    method: "post",
    path: "/api/runs/{id}/retry",
    summary: "Queue the failed and cancelled tasks of an ended run again",
    request: { path },
    answers: theRun,
    handle: async ({ path: { id } }, context) => {
      await context.pipeline.orchestrator.retryRun(id, context.by);
      return answer(200, await readRun(context, id));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/runs/{id}/cancel",
    summary: "Cancel a run that has not ended",
    request: { path },
    answers: theRun,
    handle: async ({ path: { id } }, context) => {
      await context.pipeline.orchestrator.cancelRun(id, context.by);
      return answer(200, await readRun(context, id));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/runs/{id}/clear",
    summary: "Queue an ended run again from its first task, whatever became of it",
    request: { path },
    answers: theRun,
    handle: async ({ path: { id } }, context) => {
      await context.pipeline.orchestrator.clearRun(id, context.by);
      return answer(200, await readRun(context, id));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/runs/changes",
    summary: "Retry, clear, cancel or mark many runs, and tell of which it cannot be done",
    description: `At most ${mostRunsAtOnce} runs at once. To one that cannot be changed nothing is done, and the others go on. With \`dryRun\` all is tried and nothing is kept.`,
    request: { body: runsChangeBody },
    answers: { 200: { description: "What was done, or with `dryRun` would be.", schema: runsChangedAnswer } },
    handle: async ({ body: { change, runs, reason, dryRun } }, context) => {
      const wanted = { change, runIds: runs, dryRun, ...(reason !== undefined && { reason }) };
      const { changed, refused } = await context.pipeline.orchestrator.changeRuns(wanted, context.by);
      return answer(200, { changed, refused: refused.map(({ runId, message }) => ({ id: runId, message })) });
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/runs/{id}/mark",
    summary: "Say how a run ended, and why",
    description:
      "What is queued or under way of it is cancelled. No dataset event is recorded, so nothing downstream is woken.",
    request: { path, body: markBody },
    answers: theRun,
    handle: async ({ path: { id }, body }, context) => {
      await context.pipeline.orchestrator.markRun(id, body, context.by);
      return answer(200, await readRun(context, id));
    },
  }),
];

/** One run as lists show it. Throws a 404. */
export async function readRun({ read }: ApiContext, id: number): Promise<Run> {
  const row = await selectRun(read, id);
  if (!row) throw new HttpError(404, "not_found", `There is no run ${id}.`, { field: "id" });
  return toRun(row);
}

async function readRunDetail(context: ApiContext, id: number): Promise<RunDetail> {
  const run = await readRun(context, id);
  const [tasks, tries, { claimed, produced }] = await Promise.all([
    selectTasks(context.read, id),
    selectAllTries(context.read, id),
    selectEventsOfRun(context.read, id, null),
  ]);
  const triesOf = Map.groupBy(tries, (attempt) => attempt.taskId);
  return {
    ...run,
    tasks: tasks.map((task) => toTask(task, triesOf.get(task.id) ?? [])),
    claimedEvents: claimed.map((event) => ({ ...toEvent(event), claimedAt: claimedAt(event, id) })),
    producedEvents: produced.map((event) => ({
      ...toEvent(event),
      claims: event.claims.map(({ jobId, runId }) => ({ job: jobId, runId })),
    })),
  };
}

function toRun(row: RunRow): Run {
  const { id, backfillId, parameters, summary } = row;
  return {
    id,
    job: row.jobId,
    state: row.state as Run["state"],
    trigger: row.trigger as Run["trigger"],
    session: row.partition,
    sessionTo: row.partitionTo,
    backfillId,
    parameters,
    summary,
    error: toError(row.error),
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  };
}

/** A task with its tries, as both the run and the task answer it. */
export function toTask(row: TaskRow, tries: TaskTry[]): Task {
  const { progressDone, progressTotal, progressUnit } = row;
  return {
    id: row.id,
    name: row.name,
    step: row.step,
    batch: row.mapIndex,
    state: row.state as Task["state"],
    marked: row.marked,
    progress: progressDone === null ? null : { done: progressDone, total: progressTotal, unit: progressUnit },
    error: toError(row.error),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    tries: tries.map((attempt) => ({
      number: attempt.number,
      state: attempt.state as Task["tries"][number]["state"],
      owner: attempt.owner,
      error: toError(attempt.error),
      startedAt: attempt.startedAt.toISOString(),
      finishedAt: attempt.finishedAt?.toISOString() ?? null,
    })),
  };
}

/** Only what is meant for people, whatever else a record may hold. */
function toError(record: unknown): Run["error"] {
  if (typeof record !== "object" || record === null) return null;
  const { name, message, advice } = record as Record<string, unknown>;
  return {
    name: String(name ?? "Error"),
    message: String(message ?? ""),
    ...(typeof advice === "string" && { advice }),
  };
}

const toEvent = ({ id, dataset, producer, payload, createdAt }: EventSeen) => ({
  ...{ id, dataset, runId: producer.runId, payload },
  createdAt: createdAt.toISOString(),
});

/** When a run claimed an event that it did claim. */
const claimedAt = ({ claims, createdAt }: EventSeen, runId: number): string =>
  (claims.find((claim) => claim.runId === runId)?.claimedAt ?? createdAt).toISOString();
