import type { TransactionSql } from "../../../db/client.ts";
import { lockJobsOfRuns, lockRuns } from "../../../db/queries/pipeline/runs.ts";
import { mostRunsAtOnce, RequestError, type RunsChange, type RunsChanged } from "../types.ts";
import type { RequestContext } from "./context.ts";
import { cancelRun, clearRun, markRun, requireReason, retryRun } from "./runs.ts";

/** Rolls back what was only tried. */
export class OnlyTried extends Error {
  constructor(readonly tried: RunsChanged) {
    super("Only tried.");
  }
}

/**
 * Does one thing to each of many runs, in the order of their ids. Where it cannot be done to one, the others are not touched by that.
 * Throws {@link OnlyTried} where nothing is to be kept.
 */
export async function changeRuns(context: RequestContext, wanted: RunsChange): Promise<RunsChanged> {
  const runIds = [...new Set(wanted.runIds)].sort((a, b) => a - b);
  if (runIds.length > mostRunsAtOnce)
    throw new RequestError("invalid", `At most ${mostRunsAtOnce} runs are changed at once.`, "runs");
  if (isMark(wanted.change)) requireReason({ reason: wanted.reason ?? "" });
  // All of them now, in the one order in which everybody takes them: taken run by run, two requests could wait for each other.
  await lockJobsOfRuns(context.transaction, runIds);
  await lockRuns(context.transaction, runIds);
  const result: RunsChanged = { changed: [], refused: [] };
  for (const runId of runIds) {
    const message = await refusal(context, (inner) => changeRun(inner, runId, wanted));
    if (message === null) result.changed.push(runId);
    else result.refused.push({ runId, message });
  }
  if (wanted.dryRun) throw new OnlyTried(result);
  return result;
}

const isMark = (change: RunsChange["change"]): change is "success" | "failed" =>
  change === "success" || change === "failed";

async function changeRun(context: RequestContext, runId: number, { change, reason = "" }: RunsChange): Promise<void> {
  switch (change) {
    case "retry":
      return await retryRun(context, runId);
    case "clear":
      return await clearRun(context, runId);
    case "cancel":
      return await cancelRun(context, runId);
    case "success":
    case "failed":
      return await markRun(context, runId, { state: change, reason });
  }
}

/** Why it could not be done, with whatever it had begun taken back; null where it was. */
async function refusal(
  { transaction, jobOf, record }: RequestContext,
  work: (context: RequestContext) => Promise<void>,
): Promise<string | null> {
  try {
    await transaction.savepoint((savepoint: TransactionSql) => work({ transaction: savepoint, jobOf, record }));
    return null;
  } catch (error) {
    if (error instanceof RequestError) return error.message;
    throw error;
  }
}
