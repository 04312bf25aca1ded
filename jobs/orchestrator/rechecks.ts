import type { Sql, TransactionSql } from "../../db/client.ts";
import { selectRecheckRound, setRecheckRound } from "../../db/queries/pipeline/rechecks.ts";
import { insertPartitionRuns, lockJob, selectPartitionOwners } from "../../db/queries/pipeline/runs.ts";
import { priorities } from "./triggers.ts";
import { isActive, type JobDefinition, type RecheckRound, type RecheckSeries } from "./types.ts";

/** Looks whether a round of rechecks has its turn. Answers how many runs were queued. */
export type Rechecks = { queue(now: Date): Promise<number> };

/**
 * Makes what queues a job's rechecks. It looks at every turn, as a round's turn comes with the end of a run, and remembers
 * what it has found queued: a turn with nothing to do asks the database nothing.
 */
export function createRechecks(sql: Sql, job: JobDefinition): Rechecks {
  const done = new Map<string, string | undefined>();

  const queueSeries = async (series: RecheckSeries, now: Date): Promise<number> => {
    if (!done.has(series.name)) done.set(series.name, await selectRecheckRound(sql, job.id, series.name));
    const round = series.due(now, done.get(series.name));
    if (!round || !(await selectReady(sql, job.id, round))) return 0;
    const outcome = await sql.begin((transaction) => queueRound(transaction, job, series, now));
    if (!outcome) return 0;
    done.set(series.name, outcome.round);
    return outcome.queued;
  };

  return {
    async queue(now) {
      let queued = 0;
      for (const series of job.schedule?.rechecks ?? []) queued += await queueSeries(series, now);
      return queued;
    },
  };
}

/** Looks again under the job's lock: somebody may have queued the round meanwhile. Undefined where it still has to wait. */
async function queueRound(
  transaction: TransactionSql,
  job: JobDefinition,
  series: RecheckSeries,
  now: Date,
): Promise<{ round: string | undefined; queued: number } | undefined> {
  if ((await lockJob(transaction, job.id)).paused) return undefined;
  const done = await selectRecheckRound(transaction, job.id, series.name);
  const round = series.due(now, done);
  if (!round) return { round: done, queued: 0 };
  const partitions = await selectReady(transaction, job.id, round);
  if (!partitions) return undefined;
  if (partitions.length > 0) {
    const runs = partitions.map((partition) => ({
      partitions: [partition],
      parameters: { recheck: true },
      // Whoever answers for the partition still does: what it is known for stands until something has changed.
      partial: true,
    }));
    const given = { jobId: job.id, trigger: "recheck", priority: priorities.recheck, backfillId: null, runs };
    await insertPartitionRuns(transaction, given);
  }
  await setRecheckRound(transaction, job.id, series.name, round.key);
  return { round: round.key, queued: partitions.length };
}

/**
 * The partitions that a round would run: those that have succeeded. Undefined while its turn has not come: the new partition
 * has not succeeded, or another of the round's is still at work, which a first start goes through after the new one.
 */
async function selectReady(
  sql: Sql | TransactionSql,
  jobId: string,
  { after, partitions }: RecheckRound,
): Promise<string[] | undefined> {
  const owners = await selectPartitionOwners(sql, jobId, [after, ...partitions]);
  const states = new Map(owners.map(({ partition, state }) => [partition, state]));
  const isAtWork = partitions.some((partition) => isActive(states.get(partition) ?? ""));
  if (states.get(after) !== "success" || isAtWork) return undefined;
  return partitions.filter((partition) => states.get(partition) === "success");
}
