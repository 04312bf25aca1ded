import { z } from "zod";
import { tellPlan } from "../backfills/reasons.ts";
import { backfillCreated, backfillInput } from "../backfills/schemas.ts";
import { answer, defineOperation, type Operation } from "../http/operation.ts";
import { dateInput, jobInUrl } from "../http/schemas.ts";
import { readRun } from "./run-api.ts";
import { jobAnswer, runAnswer } from "./schemas.ts";
import { readJob, requireJob } from "./status-api.ts";

const path = z.strictObject({ job: jobInUrl });
const flag = z.boolean({ error: "has to be true or false" });

export const jobOperations: Operation[] = [
  defineOperation({
    method: "patch",
    path: "/api/jobs/{job}",
    summary: "Pause a job, or let it go on",
    description: "A paused job starts no run; runs that are going on end.",
    request: { path, body: z.strictObject({ paused: flag }) },
    answers: { 200: { description: "The job.", schema: jobAnswer } },
    handle: async ({ path: { job }, body }, context) => {
      requireJob(context, job);
      await context.pipeline.orchestrator.setPaused(job, body.paused, context.by);
      return answer(200, await readJob(context, job));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/jobs/{job}/runs",
    summary: "Queue one run",
    description: "Of a session (ingest), of the events that wait (load), or of the models (transform).",
    request: {
      path,
      body: z.strictObject({
        session: dateInput.optional(),
        fullRefresh: flag.optional().meta({ description: "Rebuild the models from all rows instead of the new ones." }),
      }),
    },
    answers: { 201: { description: "The run.", schema: runAnswer } },
    handle: async ({ path: { job }, body }, context) => {
      requireJob(context, job);
      const wanted = {
        ...(body.session !== undefined && { session: body.session }),
        ...(body.fullRefresh !== undefined && { fullRefresh: body.fullRefresh }),
      };
      const id = await context.pipeline.createRun(job, wanted, context.by);
      return answer(201, await readRun(context, id));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/jobs/{job}/backfills",
    summary: "Queue the runs of a range of dates, or plan them",
    request: { path, body: backfillInput },
    answers: {
      200: { description: "The plan of a dry run; `runs` is how many it would queue.", schema: backfillCreated },
      201: { description: "The backfill.", schema: backfillCreated },
    },
    handle: async ({ path: { job }, body }, { pipeline, ...context }) => {
      requireJob({ pipeline, ...context }, job);
      const { dryRun, tickers, concurrency, ...range } = body;
      const request = {
        jobId: job,
        ...range,
        ...(tickers && { tickers: [...new Set(tickers)] }),
        ...(concurrency !== undefined && { concurrency }),
      };
      if (dryRun) {
        const { runs, plan } = await pipeline.previewBackfill(request);
        return answer(200, { id: null, runs, plan: tellPlan(plan) });
      }
      const { id, runs, plan } = await pipeline.createBackfill(request, context.by);
      return answer(201, { id, runs, plan: tellPlan(plan) });
    },
  }),
];
