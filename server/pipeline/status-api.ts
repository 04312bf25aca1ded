import { z } from "zod";
import { type JobStanding, selectJobStandings } from "../../db/queries/pipeline/read-jobs.ts";
import { findJob } from "../../jobs/orchestrator/declared.ts";
import type { JobDefinition } from "../../jobs/orchestrator/types.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { HttpError } from "../http/errors.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import { type jobAnswer, statusAnswer } from "./schemas.ts";

const probe = <Word extends string>(word: Word) => z.strictObject({ status: z.literal(word) });

export const statusOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/healthz",
    summary: "Whether the process lives",
    answers: { 200: { description: "It does.", schema: probe("ok") } },
    handle: async () => answer(200, { status: "ok" } as const),
  }),
  defineOperation({
    method: "get",
    path: "/readyz",
    summary: "Whether it can serve: database reachable and migrated, lake ready, orchestrator started",
    answers: { 200: { description: "It can. Otherwise 503.", schema: probe("ready") } },
    handle: async (_input, context) => {
      if (!(await isReadyInTime(context))) {
        throw notReady();
      }
      return answer(200, { status: "ready" } as const);
    },
  }),
  defineOperation({
    method: "get",
    path: "/api/status",
    summary: "How the jobs stand, and how much is published",
    answers: { 200: { description: "The status.", schema: statusAnswer } },
    handle: async (_input, context) => answer(200, await readStatus(context)),
  }),
];

/** What `/readyz` answers where it cannot. */
export const notReady = () =>
  new HttpError(503, "not_ready", "Barline is starting, or the database or lake does not answer.", {
    retryAfterSeconds: 1,
  });

/** Who asks whether it can serve waits for seconds at most; a server that is cut off may say nothing for minutes. */
const readyPatienceMs = 1500;

/** Whether this process can serve; no where that cannot be told in time. */
export async function isReadyInTime(context: Pick<ApiContext, "isReady">): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), readyPatienceMs);
  try {
    return await Promise.race([context.isReady(), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function readStatus(context: ApiContext): Promise<z.input<typeof statusAnswer>> {
  const states = await readJobs(context);
  const idle = states.every((job) => job.queued === 0 && job.running === 0 && !job.hasUnclaimed);
  // Only a transform publishes. The name is read before the rows are counted: the count is never older than its name.
  const transform = states.find((job) => job.id === jobIds.transform);
  const publication = `${transform?.lastSuccessId}/${transform?.lastSuccessAt?.getTime()}`;
  return {
    source: context.config.market.source,
    idle,
    jobs: states.map(toJob),
    warehouse: await context.warehouse.size(publication, !idle),
  };
}

function readJobs({ read, pipeline }: ApiContext): Promise<JobStanding[]> {
  return selectJobStandings(
    read,
    pipeline.orchestrator.jobs.map((job) => job.id),
  );
}

/** One job as the status lists it. The caller has made sure that it exists. */
export async function readJob(context: ApiContext, jobId: string): Promise<z.input<typeof jobAnswer>> {
  const state = (await readJobs(context)).find((job) => job.id === jobId);
  if (!state) throw unknownJob(context, jobId);
  return toJob(state);
}

const toJob = ({ id, paused, queued, running, failed, lastSuccessAt }: JobStanding): z.input<typeof jobAnswer> => ({
  id,
  paused,
  queued,
  running,
  failed,
  lastSuccess: lastSuccessAt?.toISOString() ?? null,
});

/** The declared job of this id; a 404 lists those there are. */
export function requireJob(context: ApiContext, jobId: string): JobDefinition {
  const job = findJob(context.pipeline.orchestrator.jobs, jobId);
  if (!job) throw unknownJob(context, jobId);
  return job;
}

function unknownJob(context: ApiContext, jobId: string): HttpError {
  const known = context.pipeline.orchestrator.jobs.map((job) => job.id).join(", ");
  return new HttpError(404, "not_found", `There is no job "${jobId.slice(0, 60)}"; known are ${known}.`, {
    field: "job",
  });
}
