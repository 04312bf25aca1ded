import { z } from "zod";
import { selectAllTriesOfTask, selectWholeTask } from "../../db/queries/pipeline/read-tasks.ts";
import { HttpError } from "../http/errors.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import { idInUrl } from "../http/schemas.ts";
import { toTask } from "./run-api.ts";
import { markBody, taskDetailAnswer } from "./schemas.ts";

const path = z.strictObject({ id: idInUrl });
const theTask = { 200: { description: "The task.", schema: taskDetailAnswer } };

export const taskOperations: Operation[] = [
  defineOperation({
    method: "get",
    path: "/api/tasks/{id}",
    summary: "One task or batch with its tries, what went in and what came out",
    request: { path },
    answers: theTask,
    handle: async ({ path: { id } }, context) => answer(200, await readTask(context, id)),
  }),
  defineOperation({
    method: "post",
    path: "/api/tasks/{id}/retry",
    summary: "Queue one failed or cancelled task or batch again",
    request: { path },
    answers: theTask,
    handle: async ({ path: { id } }, context) => {
      await context.pipeline.orchestrator.retryTask(id, context.by);
      return answer(200, await readTask(context, id));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/tasks/{id}/clear",
    summary: "Run one task or batch of an ended run again, and everything after it",
    description: "Tries and logs are kept. A last task that succeeds again records its event again.",
    request: { path },
    answers: theTask,
    handle: async ({ path: { id } }, context) => {
      await context.pipeline.orchestrator.clearTask(id, context.by);
      return answer(200, await readTask(context, id));
    },
  }),
  defineOperation({
    method: "post",
    path: "/api/tasks/{id}/mark",
    summary: "Say how one task or batch ended, and why",
    description:
      "A marked task has no output and records no event. Marked as success, the run goes on after it; marked as failed, the run fails and what came after is cleared.",
    request: { path, body: markBody },
    answers: theTask,
    handle: async ({ path: { id }, body }, context) => {
      await context.pipeline.orchestrator.markTask(id, body, context.by);
      return answer(200, await readTask(context, id));
    },
  }),
];

async function readTask({ read }: ApiContext, id: number): Promise<z.input<typeof taskDetailAnswer>> {
  const [row, tries] = await Promise.all([selectWholeTask(read, id), selectAllTriesOfTask(read, id)]);
  if (!row) throw new HttpError(404, "not_found", `There is no task ${id}.`, { field: "id" });
  const { runId, jobId, input, output } = row;
  return { ...toTask(row, tries), runId, job: jobId, input, output };
}
