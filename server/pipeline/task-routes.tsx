import { type Context, Hono } from "hono";
import { isActive, RequestError } from "../../jobs/orchestrator/types.ts";
import { TaskLive, taskPage } from "../../views/pipeline/task.tsx";
import type { AppContext } from "../context.ts";
import { actorOf, fieldOf, idOf, numberIn, statusOf, wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { type MarkSubject, postMark, showMark } from "./mark-routes.tsx";
import { showRefused } from "./run-routes.tsx";
import { findTask, readTaskLog, readTaskPage } from "./task-page.ts";

const idsOf = (c: Context) => ({ runId: idOf(c, "run"), taskId: idOf(c, "task", "taskId") });

async function show(context: AppContext, c: Context, refusal: RequestError | null): Promise<Response> {
  const { runId, taskId } = idsOf(c);
  const row = await findTask(context, runId, taskId);
  const task = await readTaskPage(context, row, numberIn(c, "tries"), refusal?.message ?? null);
  if (wantsFragment(c, "task")) return c.html(<TaskLive task={task} />);
  const path = `/runs/${runId}/tasks/${taskId}`;
  const [shell, log] = await Promise.all([readShell(context, c, path), readTaskLog(context, row)]);
  return c.html(taskPage({ shell, task, log }), refusal ? statusOf(refusal) : 200);
}

/** Does something to a task and shows the page that it was asked from; where it cannot be done, that page says why. */
async function act(context: AppContext, c: Context, action: (taskId: number) => Promise<void>): Promise<Response> {
  const { runId, taskId } = idsOf(c);
  const task = await findTask(context, runId, taskId);
  const isFromRun = fieldOf(await c.req.parseBody(), "to") === "run";
  try {
    await action(taskId);
    return c.redirect(isFromRun ? `/runs/${runId}#step-${task.step}` : `/runs/${runId}/tasks/${taskId}`, 303);
  } catch (error) {
    if (!(error instanceof RequestError) || error.code === "not_found") throw error;
    return await (isFromRun ? showRefused(context, c, runId, error) : show(context, c, error));
  }
}

async function markSubject(context: AppContext, c: Context): Promise<MarkSubject & { taskId: number }> {
  const { runId, taskId } = idsOf(c);
  const task = await findTask(context, runId, taskId);
  return {
    taskId,
    what: task.isMapped ? "batch" : "task",
    name: `${task.isMapped ? `${task.name}, batch ${task.mapIndex}` : task.name} of run ${runId}`,
    state: task.state,
    path: `/runs/${runId}/tasks/${taskId}`,
    isActive: isActive(task.state),
  };
}

/** `/runs/:id/tasks/:taskId`: one task or batch, and what people may do to it. */
export function createTaskRoutes(context: AppContext): Hono {
  const { orchestrator } = context.pipeline;
  const routes = new Hono();
  const path = "/runs/:id/tasks/:taskId";
  routes.get(path, (c) => show(context, c, null));
  routes.post(`${path}/retry`, (c) => act(context, c, (id) => orchestrator.retryTask(id, actorOf(c))));
  routes.post(`${path}/clear`, (c) => act(context, c, (id) => orchestrator.clearTask(id, actorOf(c))));
  routes.get(`${path}/mark`, async (c) => showMark(context, c, await markSubject(context, c)));
  routes.post(`${path}/mark`, async (c) => {
    const { taskId, ...subject } = await markSubject(context, c);
    return await postMark(context, c, subject, (mark) => orchestrator.markTask(taskId, mark, actorOf(c)));
  });
  return routes;
}
