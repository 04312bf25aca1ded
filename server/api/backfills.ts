import { z } from "zod";
import { type BackfillRow, findBackfill } from "../../db/queries/api/backfills.ts";
import { HttpError } from "../middleware/errors.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "./operation.ts";
import { backfillAnswer, idInUrl } from "./schemas.ts";

const path = z.strictObject({ id: idInUrl });

export const backfillOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/backfills/{id}",
    summary: "How a backfill goes",
    request: { path },
    answers: { 200: { description: "The backfill, with its runs counted by state.", schema: backfillAnswer } },
    handle: async ({ path: { id } }, context) => answer(200, await readBackfill(context, id)),
  }),
  defineOperation({
    method: "post",
    path: "/api/backfills/{id}/cancel",
    summary: "Cancel what of a backfill has not ended",
    request: { path },
    answers: { 200: { description: "The backfill.", schema: backfillAnswer } },
    handle: async ({ path: { id } }, context) => {
      await context.pipeline.orchestrator.cancelBackfill(id, context.by);
      return answer(200, await readBackfill(context, id));
    },
  }),
];

async function readBackfill({ read }: ApiContext, id: number): Promise<z.input<typeof backfillAnswer>> {
  const row = await findBackfill(read, id);
  if (!row) throw new HttpError(404, "not_found", `There is no backfill ${id}.`, { field: "id" });
  return toBackfill(row);
}

function toBackfill(row: BackfillRow): z.input<typeof backfillAnswer> {
  const { id, jobId, from, to, queued, running, success, failed, cancelled, createdAt, finishedAt } = row;
  // Columns that only the pipeline writes, in the words of this type.
  const { state, reprocess, plan } = row as Pick<z.input<typeof backfillAnswer>, "state" | "reprocess" | "plan">;
  return {
    id,
    job: jobId,
    state,
    from,
    to,
    reprocess,
    runs: { queued, running, success, failed, cancelled },
    plan,
    createdAt: createdAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}
