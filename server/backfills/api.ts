import { z } from "zod";
import { type BackfillRow, selectBackfillPlan, selectBackfills } from "../../db/queries/backfills/read-backfills.ts";
import { tellReason } from "../../views/backfills/reasons.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import { booleanInUrl, idInUrl, jobInUrl, limitInUrl } from "../http/schemas.ts";
import { requireJob } from "../pipeline/status-api.ts";
import { findBackfill, readProgress, readSessions } from "./read.ts";
import { tellKeptPlan } from "./reasons.ts";
import { backfillAnswer, backfillChange, backfillSessions, backfillStateInUrl, listedBackfill } from "./schemas.ts";

type Backfill = z.input<typeof backfillAnswer>;
type Listed = z.input<typeof listedBackfill>;

const path = z.strictObject({ id: idInUrl });
const theBackfill = { 200: { description: "The backfill.", schema: backfillAnswer } };

export const backfillOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/backfills",
    summary: "Backfills, the newest first",
    request: {
      query: z.strictObject({
        job: jobInUrl.optional(),
        state: backfillStateInUrl.optional(),
        paused: booleanInUrl.optional(),
        limit: limitInUrl,
        before: idInUrl
          .optional()
          .meta({ description: "Only backfills with a smaller id: the last id of the page before." }),
      }),
    },
    answers: { 200: { description: "The backfills.", schema: z.array(listedBackfill) } },
    handle: async ({ query: { job, state, paused, limit, before } }, context) => {
      if (job !== undefined) requireJob(context, job);
      const filter = { jobId: job ?? null, state: state ?? null, paused: paused ?? null, before: before ?? null };
      return answer(200, (await selectBackfills(context.read, filter, limit)).map(toListed));
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/backfills/{id}",
    summary: "How a backfill goes",
    request: { path },
    answers: { 200: { description: "The backfill, with its runs counted by state.", schema: backfillAnswer } },
    handle: async ({ path: { id } }, context) => answer(200, await readBackfill(context, id)),
  }),
  defineOperation({
    method: "get",
    path: "/api/backfills/{id}/sessions",
    summary: "Every date of a backfill and how it stands; weekends are left out",
    request: { path },
    answers: { 200: { description: "The dates, ascending.", schema: backfillSessions } },
    handle: async ({ path: { id } }, context) => {
      await findBackfill(context, id);
      const { sessions } = await readSessions(context, id);
      return answer(
        200,
        sessions.map((session) => ({ ...session, reason: session.reason && tellReason(session.reason) })),
      );
    },
  }),
  defineOperation({
    method: "patch",
    path: "/api/backfills/{id}",
    summary: "Pause a backfill, let it go on, or change how it does",
    description: "Paused, what is under way of it ends, nothing more begins, and it holds no place of the job's.",
    request: { path, body: backfillChange },
    answers: theBackfill,
    handle: async ({ path: { id }, body: { paused, concurrency, order } }, context) => {
      const change = {
        ...(paused !== undefined && { paused }),
        ...(concurrency !== undefined && { concurrency }),
        ...(order !== undefined && { order }),
      };
      await context.pipeline.orchestrator.updateBackfill(id, change, context.by);
      return answer(200, await readBackfill(context, id));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/backfills/{id}/retry",
    summary: "Queue the failed runs of a backfill again",
    description: "The same runs, not new ones; those whose sessions other runs have taken over are left alone.",
    request: { path },
    answers: theBackfill,
    handle: async ({ path: { id } }, context) => {
      await context.pipeline.orchestrator.retryBackfill(id, context.by);
      return answer(200, await readBackfill(context, id));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/backfills/{id}/cancel",
    summary: "Cancel what of a backfill has not ended",
    request: { path },
    answers: theBackfill,
    handle: async ({ path: { id } }, context) => {
      await context.pipeline.orchestrator.cancelBackfill(id, context.by);
      return answer(200, await readBackfill(context, id));
    },
  }),
];

async function readBackfill(context: ApiContext, id: number): Promise<Backfill> {
  const row = await findBackfill(context, id);
  const [plan, { timeLeftMs, ...progress }] = await Promise.all([
    selectBackfillPlan(context.read, id),
    readProgress(context, row),
  ]);
  return {
    ...fieldsOf(row),
    // Written by the pipeline alone, in the words of this type.
    plan: tellKeptPlan(plan) as Backfill["plan"],
    progress: { ...progress, secondsLeft: timeLeftMs === null ? null : Math.round(timeLeftMs / 1000) },
  };
}

function toListed(row: BackfillRow): Listed {
  const { strategy, calls, sessions } = row;
  return { ...fieldsOf(row), plan: { strategy: strategy as Listed["plan"]["strategy"], calls, sessions } };
}

function fieldsOf(row: BackfillRow): Omit<Listed, "plan"> {
  const { id, jobId, paused, from, to, concurrency, queued, running, success, failed, cancelled } = row;
  // Columns that only the pipeline writes, in the words of this type.
  const { state, reprocess, order } = row as Pick<Listed, "state" | "reprocess" | "order">;
  return {
    ...{ id, job: jobId, state, paused, from, to, reprocess, concurrency, order },
    runs: { queued, running, success, failed, cancelled },
    createdBy: row.createdBy,
    createdAt: row.createdAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
  };
}
