import { type JobDefinition, RequestError } from "./types.ts";

/** The declared job of this id; undefined where there is none, as for a run of an earlier version. */
export const findJob = (jobs: readonly JobDefinition[], id: string | undefined): JobDefinition | undefined =>
  jobs.find((job) => job.id === id);

/** The declared job of this id, or a RequestError that says there is none. */
export function getJob(jobs: readonly JobDefinition[], id: string | undefined): JobDefinition {
  const job = findJob(jobs, id);
  if (!job) throw new RequestError("not_found", `There is no job "${id}".`);
  return job;
}
