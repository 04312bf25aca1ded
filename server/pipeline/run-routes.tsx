import { type Context, Hono } from "hono";
import { selectRun } from "../../db/queries/pipeline/read-runs.ts";
import { isActive, RequestError } from "../../jobs/orchestrator/types.ts";
import { RunLive, runPage } from "../../views/pipeline/run.tsx";
import type { AppContext } from "../context.ts";
import { actorOf, idOf, numberIn, statusOf, wantsFragment } from "../http/request.ts";
import { readShell } from "../http/shell.ts";
import { type MarkSubject, postMark, showMark } from "./mark-routes.tsx";
import { batchStates, type RunQuery, readRunPage } from "./run-page.ts";

const wholeRun: RunQuery = { step: null, batches: null, state: null, rejects: null };

async function show(context: AppContext, c: Context): Promise<Response> {
  const query: RunQuery = {
    step: numberIn(c, "step"),
    batches: numberIn(c, "batches"),
    state: batchStates.find((state) => state === c.req.query("state")) ?? null,
    rejects: numberIn(c, "rejects"),
  };
  const run = await readRunPage(context, idOf(c, "run"), query, null);
  if (wantsFragment(c, "run")) return c.html(<RunLive run={run} />);
  return c.html(runPage({ shell: await readShell(context, c), run }));
}

/** Does something to a run and shows it; where that cannot be done, the run's page says why. */
async function act(context: AppContext, c: Context, action: (id: number) => Promise<void>): Promise<Response> {
  const id = idOf(c, "run");
  try {
    await action(id);
    return c.redirect(`/runs/${id}`, 303);
  } catch (error) {
    if (!(error instanceof RequestError) || error.code === "not_found") throw error;
    return await showRefused(context, c, id, error);
  }
}

/** The page of a run with why something about it could not be done. */
export async function showRefused(context: AppContext, c: Context, id: number, error: RequestError): Promise<Response> {
  const run = await readRunPage(context, id, wholeRun, error.message);
  return c.html(runPage({ shell: await readShell(context, c, `/runs/${id}`), run }), statusOf(error));
}

async function markSubject(context: AppContext, c: Context): Promise<MarkSubject & { id: number }> {
  const id = idOf(c, "run");
  const run = await selectRun(context.read, id);
  if (!run) throw new RequestError("not_found", `There is no run ${id}.`);
  return { id, what: "run", name: `run ${id}`, state: run.state, path: `/runs/${id}`, isActive: isActive(run.state) };
}

/** `/runs/:id`: one run, and what people may do to it. */
export function createRunRoutes(context: AppContext): Hono {
  const { orchestrator } = context.pipeline;
  const routes = new Hono();
  routes.get("/runs/:id", (c) => show(context, c));
  routes.post("/runs/:id/retry", (c) => act(context, c, (id) => orchestrator.retryRun(id, actorOf(c))));
  routes.post("/runs/:id/cancel", (c) => act(context, c, (id) => orchestrator.cancelRun(id, actorOf(c))));
  routes.get("/runs/:id/mark", async (c) => showMark(context, c, await markSubject(context, c)));
  routes.post("/runs/:id/mark", async (c) => {
    const { id, ...subject } = await markSubject(context, c);
    return await postMark(context, c, subject, (mark) => orchestrator.markRun(id, mark, actorOf(c)));
  });
  return routes;
}
