import { type Context, Hono } from "hono";
import { selectRun } from "../../db/queries/pipeline/read-runs.ts";
import { selectTask, selectTryNumbers } from "../../db/queries/pipeline/read-tasks.ts";
import { findJob } from "../../jobs/orchestrator/declared.ts";
import { type JobDefinition, RequestError } from "../../jobs/orchestrator/types.ts";
import { type LogHead, logPage } from "../../views/pipeline/log.tsx";
import { LogLines, tellLine } from "../../views/pipeline/log-lines.tsx";
import { visibleText } from "../../views/visible-text.ts";
import type { AppContext } from "../context.ts";
import { idOf } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { type LogSubject, readLog, readLogQuery, toLineView } from "./log-page.ts";
import { resumeAfter, streamLog, streamWholeLog } from "./log-stream.ts";

/** A log that was asked for: what of, and how its page begins. */
type Asked = { subject: LogSubject; head: LogHead; job: JobDefinition | undefined };

async function runLog(context: AppContext, c: Context): Promise<Asked> {
  const id = idOf(c, "run");
  const run = await selectRun(context.read, id);
  if (!run) throw new RequestError("not_found", `There is no run ${id}.`);
  const title = `Log of run ${id}`;
  return {
    subject: { title, path: `/runs/${id}/log`, runId: id, taskId: null, tries: [] },
    head: { title, state: run.state, back: [{ href: `/runs/${id}`, label: `Run ${id}` }] },
    job: findJob(context.pipeline.orchestrator.jobs, run.jobId),
  };
}

async function taskLog(context: AppContext, c: Context): Promise<Asked> {
  const runId = idOf(c, "run");
  const taskId = idOf(c, "task", "taskId");
  const task = await selectTask(context.read, runId, taskId);
  if (!task) throw new RequestError("not_found", `Run ${runId} has no task ${taskId}.`);
  const job = findJob(context.pipeline.orchestrator.jobs, task.jobId);
  const path = `/runs/${runId}/tasks/${taskId}`;
  const name = task.isMapped ? `${task.name}, batch ${task.mapIndex}` : task.name;
  const title = `Log of ${name}`;
  const tries = await selectTryNumbers(context.read, taskId);
  return {
    subject: { title, path: `${path}/log`, runId, taskId, tries },
    head: {
      title,
      state: task.state,
      back: [
        { href: path, label: "The task" },
        { href: `/runs/${runId}`, label: `Run ${runId}` },
      ],
    },
    job,
  };
}

type Find = (context: AppContext, c: Context) => Promise<Asked>;

/** A log as the one who asks reads it: an EventSource gets its lines as they come, everybody else a page. */
async function show(context: AppContext, c: Context, find: Find): Promise<Response> {
  const { subject, head, job } = await find(context, c);
  const query = readLogQuery(subject, (name) => c.req.query(name));
  c.header("Vary", "Accept", { append: true });
  if (c.req.header("Accept")?.startsWith("text/event-stream")) {
    const after = resumeAfter(c.req.header("Last-Event-ID"), query.after) ?? 0;
    const view = toLineView(job, subject);
    return streamLog(
      {
        read: context.read,
        filter: query.filter,
        after,
        render: (lines) => visibleText(String(<LogLines lines={lines.map(view)} hasTask={subject.taskId === null} />)),
      },
      c.req.raw.signal,
    );
  }
  const [shell, log] = await Promise.all([readShell(context, c), readLog(context.read, subject, job, query)]);
  return c.html(logPage({ shell, head, log }));
}

/** The whole log as text, of one try where the address says so. */
async function download(context: AppContext, c: Context, find: Find): Promise<Response> {
  const { subject, job } = await find(context, c);
  const { filter } = readLogQuery(subject, (name) => (name === "try" ? c.req.query(name) : undefined));
  const name = ["run", subject.runId, ...(subject.taskId === null ? [] : ["task", subject.taskId]), "log"].join("-");
  c.header("Content-Type", "text/plain; charset=utf-8");
  c.header("Content-Disposition", `inline; filename="${name}.txt"`);
  c.header("Cache-Control", "no-store");
  const view = toLineView(job, { taskId: null });
  return c.body(streamWholeLog(context.read, filter, (line) => visibleText(tellLine(view(line)))));
}

/** Logs of runs and tasks: as a page, as a stream of events, as text. */
export function createLogRoutes(context: AppContext): Hono {
  const routes = new Hono();
  for (const [path, find] of [
    ["/runs/:id/log", runLog],
    ["/runs/:id/tasks/:taskId/log", taskLog],
  ] as const) {
    routes.get(path, (c) => show(context, c, find));
    routes.get(`${path}.txt`, (c) => download(context, c, find));
  }
  return routes;
}
