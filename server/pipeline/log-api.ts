import { z } from "zod";
import {
  isLogComplete,
  type LogFilter,
  type LogLine,
  logLevels,
  selectLinesAfter,
} from "../../db/queries/pipeline/logs.ts";
import { selectRun } from "../../db/queries/pipeline/read-runs.ts";
import { selectWholeTask } from "../../db/queries/pipeline/read-tasks.ts";
import type { AppContext } from "../context.ts";
import { check } from "../http/check.ts";
import { HttpError } from "../http/errors.ts";
import { type ApiContext, answer, defineOperation, type Operation } from "../http/operation.ts";
import { idInUrl, numberInUrl, oneOf } from "../http/schemas.ts";
import { quietSeconds, resumeAfter, streamLog } from "./log-stream.ts";
import { logAnswer } from "./schemas.ts";

const path = z.strictObject({ id: idInUrl });

const query = z.strictObject({
  after: numberInUrl(0, Number.MAX_SAFE_INTEGER)
    .default(0)
    .meta({ description: "Only lines with a greater id: `last` of the answer before.", override: { default: 0 } }),
  limit: numberInUrl(1, 5000)
    .default(1000)
    .meta({ override: { default: 1000 } }),
  try: numberInUrl(1, 1_000_000).optional().meta({ description: "Only lines of this try." }),
  level: oneOf(logLevels).optional().meta({ description: "Only lines of this level and above." }),
});
type Query = z.output<typeof query>;

/** Which lines a log is of. */
type Subject = Pick<LogFilter, "runId" | "taskId">;

const description =
  "With `Accept: text/event-stream` the same lines come as server-sent events, live and without `limit`: the data of each message is a JSON array of lines, its id that of the last of them, which Last-Event-ID or `after` resumes from without a loss or a repetition. An event `end` says that the run is over and all was sent.";

const answers = { 200: { description: "The lines, oldest first.", schema: logAnswer } };

const runLog = logOperation("/api/runs/{id}/log", "The log of a run", async ({ read }, id) => {
  if (!(await selectRun(read, id))) throw new HttpError(404, "not_found", `There is no run ${id}.`, { field: "id" });
  return { runId: id, taskId: null };
});

const taskLog = logOperation("/api/tasks/{id}/log", "The log of a task or batch", async ({ read }, id) => {
  const task = await selectWholeTask(read, id);
  if (!task) throw new HttpError(404, "not_found", `There is no task ${id}.`, { field: "id" });
  return { runId: task.runId, taskId: id };
});

export const logOperations: Operation[] = [runLog, taskLog];

/** A call that answers a log at once as JSON, or line by line as events. */
function logOperation(
  at: string,
  summary: string,
  find: (context: AppContext, id: number) => Promise<Subject>,
): Operation {
  const operation = defineOperation({
    method: "get",
    path: at,
    summary,
    description,
    request: { path, query },
    answers,
    handle: async (input, context) =>
      answer(200, await readLog(context, await find(context, input.path.id), input.query)),
  });
  return {
    ...operation,
    async respond(c, context) {
      c.header("Vary", "Accept", { append: true });
      if (!c.req.header("Accept")?.startsWith("text/event-stream")) return await operation.respond(c, context);
      const asked = check(query, c.req.query());
      const subject = await find(context, check(path, c.req.param()).id);
      const after = resumeAfter(c.req.header("Last-Event-ID"), asked.after) ?? 0;
      const render = (lines: LogLine[]) => JSON.stringify(lines.map(toLine));
      return streamLog({ read: context.read, filter: filterOf(subject, asked), after, render }, c.req.raw.signal);
    },
  };
}

const filterOf = (subject: Subject, asked: Query): LogFilter => ({
  ...subject,
  try: asked.try ?? null,
  level: asked.level ?? null,
  text: null,
});

async function readLog({ read }: ApiContext, subject: Subject, asked: Query): Promise<z.input<typeof logAnswer>> {
  // Asked before the lines are read: then nothing is missing from a log that is complete.
  const isOver = await isLogComplete(read, subject.runId, quietSeconds);
  const lines = await selectLinesAfter(read, filterOf(subject, asked), asked.after, asked.limit);
  return {
    lines: lines.map(toLine),
    last: lines.at(-1)?.id ?? asked.after,
    complete: isOver && lines.length < asked.limit,
  };
}

const toLine = ({ id, taskId, task, batch, try: number, at, level, message, fields }: LogLine) => ({
  id,
  taskId,
  task,
  batch,
  try: number,
  at: at.toISOString(),
  level: level as (typeof logLevels)[number],
  message,
  fields,
});
