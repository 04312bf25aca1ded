import type { Sql } from "../../db/client.ts";
import {
  deleteSubscriptions,
  insertSubscriptions,
  lockEvents,
  type Subscription,
  selectSubscriptions,
} from "../../db/queries/pipeline/events.ts";
import { insertJobs, lockJobs } from "../../db/queries/pipeline/runs.ts";
import type { JobDefinition } from "./types.ts";

const keyOf = ({ jobId, dataset }: Subscription) => `${jobId} ${dataset}`;
const without = (all: Subscription[], others: Subscription[]) => {
  const keys = new Set(others.map(keyOf));
  return all.filter((one) => !keys.has(keyOf(one)));
};

/** Brings what the database knows of the jobs in line with how they are declared: their rows, and which events wake them. */
export async function registerJobs(sql: Sql, jobs: readonly JobDefinition[]): Promise<void> {
  await insertJobs(
    sql,
    jobs.map((job) => job.id),
  );
  const subscribed = await Promise.all(jobs.map(async (job) => ({ job, is: (await job.isSubscribed?.()) ?? true })));
  const wanted = subscribed.flatMap(({ job, is }) =>
    is ? (job.triggeredBy ?? []).map((dataset) => ({ jobId: job.id, dataset })) : [],
  );
  const isCurrent = (known: Subscription[]) => without(wanted, known).length + without(known, wanted).length === 0;
  if (isCurrent(await selectSubscriptions(sql))) return;
  await sql.begin(async (transaction) => {
    // The jobs' locks first, as whoever claims does: what waits may not be taken away from a run that is being made for it.
    await lockJobs(transaction);
    await lockEvents(transaction);
    const known = await selectSubscriptions(transaction);
    await deleteSubscriptions(transaction, without(known, wanted));
    await insertSubscriptions(transaction, without(wanted, known));
  });
}
